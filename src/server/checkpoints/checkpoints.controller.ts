import { Body, Param, Query } from '@nestjs/common';
import { Accepted, ApiResource, List, Read, RemoveLater, Update } from '../common/api.decorators.js';
import { IfMatch, type IfMatchVersions } from '../common/etag.js';
import type { Page } from '../common/page.dto.js';
import { OperationDto } from '../operations/dto/operation.dto.js';
import { CheckpointReader } from './checkpoint-reader.js';
import { CheckpointsService } from './checkpoints.service.js';
import { CheckpointQueryDto } from './dto/checkpoint-query.dto.js';
import { CheckpointDto } from './dto/checkpoint.dto.js';
import { DeleteCheckpointQueryDto } from './dto/delete-checkpoint-query.dto.js';
import { RestoreTargetQueryDto } from './dto/restore-target-query.dto.js';
import { RestoreTargetDto, RestoreTargetPageDto } from './dto/restore-target.dto.js';
import { UpdateCheckpointDto } from './dto/update-checkpoint.dto.js';
import { RestoreTargets } from './restore-targets.js';

@ApiResource('checkpoints', 'Checkpoints')
export class CheckpointsController {
  constructor(
    private readonly reader: CheckpointReader,
    private readonly checkpoints: CheckpointsService,
    private readonly targets: RestoreTargets,
  ) {}

  @List({ id: 'listCheckpoints', summary: 'List checkpoints, newest first', role: 'viewer', type: CheckpointDto })
  list(@Query() query: CheckpointQueryDto): Promise<Page<CheckpointDto>> {
    return this.reader.list(query);
  }

  @Read({
    id: 'getCheckpoint',
    summary: 'Read a checkpoint',
    description: 'With `?wait=30s` the answer comes when it is committed or has failed, or after that time.',
    path: ':id',
    role: 'viewer',
    type: CheckpointDto,
    wait: true,
  })
  get(@Param('id') id: string): Promise<CheckpointDto> {
    return this.reader.get(id);
  }

  @Update({
    id: 'updateCheckpoint',
    summary: 'Pin or label a checkpoint',
    path: ':id',
    role: 'operator',
    body: UpdateCheckpointDto,
    type: CheckpointDto,
    dryRun: true,
    errors: ['checkpoint-not-committed'],
  })
  update(
    @Param('id') id: string,
    @Body() body: UpdateCheckpointDto,
    @IfMatch() ifMatch: IfMatchVersions,
  ): Promise<CheckpointDto> {
    return this.checkpoints.update(id, body, ifMatch);
  }

  @RemoveLater({
    id: 'deleteCheckpoint',
    summary: "Delete a checkpoint's image",
    description: 'A host that can reach the storage deletes it; the checkpoint stays listed as `deleted`.',
    path: ':id',
    role: 'operator',
    type: OperationDto,
    dryRun: true,
    errors: [
      'checkpoint-not-committed',
      'checkpoint-pinned',
      'last-restorable-checkpoint',
      'host-offline',
      'operation-in-progress',
    ],
  })
  remove(
    @Param('id') id: string,
    @Query() { force = false }: DeleteCheckpointQueryDto,
    @IfMatch() ifMatch: IfMatchVersions,
  ): Promise<OperationDto> {
    return this.checkpoints.remove(id, force, ifMatch);
  }

  @Accepted({
    id: 'verifyCheckpoint',
    summary: "Read a checkpoint's image back",
    description: 'A host reads every file of the image and compares it with its digest.',
    path: ':id/verifications',
    role: 'operator',
    type: OperationDto,
    errors: ['checkpoint-not-committed', 'host-offline', 'operation-in-progress'],
  })
  verify(@Param('id') id: string): Promise<OperationDto> {
    return this.checkpoints.verify(id);
  }

  @List({
    id: 'listRestoreTargets',
    summary: 'List where a checkpoint can restore',
    description:
      'Hosts, suitable or not, with every reason why not; and, on the first page, the instance types its compute environment may launch. ' +
      'A type is judged by what hosts of it measured; while none has been seen, by its compatibility group and the catalogue.',
    path: ':id/restore-targets',
    role: 'viewer',
    type: RestoreTargetDto,
    page: RestoreTargetPageDto,
    errors: ['checkpoint-not-committed'],
  })
  listRestoreTargets(@Param('id') id: string, @Query() query: RestoreTargetQueryDto): Promise<RestoreTargetPageDto> {
    return this.targets.list(id, query);
  }
}
