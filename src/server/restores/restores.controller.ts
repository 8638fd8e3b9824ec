import { Body, Param, Query } from '@nestjs/common';
import { Accepted, ApiResource, List, Read } from '../common/api.decorators.js';
import type { Page } from '../common/page.dto.js';
import { OperationDto } from '../operations/dto/operation.dto.js';
import { CreateRestoreDto } from './dto/create-restore.dto.js';
import { RestoreQueryDto } from './dto/restore-query.dto.js';
import { RestoreDto } from './dto/restore.dto.js';
import { RestoreReader } from './restore-reader.js';
import { RestoresService } from './restores.service.js';

@ApiResource('restores', 'Restores')
export class RestoresController {
  constructor(
    private readonly reader: RestoreReader,
    private readonly restores: RestoresService,
  ) {}

  @List({ id: 'listRestores', summary: 'List restores, newest first', role: 'viewer', type: RestoreDto })
  list(@Query() query: RestoreQueryDto): Promise<Page<RestoreDto>> {
    return this.reader.list(query);
  }

  @Accepted({
    id: 'createRestore',
    summary: 'Continue a job from a checkpoint',
    description:
      "A host creates the job's container again and restores it. For a job AWS Batch retries this is not needed: the runtime " +
      'restores it by itself. Refused while the job runs.',
    role: 'operator',
    body: CreateRestoreDto,
    type: OperationDto,
    errors: ['not-found', 'checkpoint-not-committed', 'job-still-running', 'restore-in-progress', 'no-restore-target'],
  })
  start(@Body() body: CreateRestoreDto): Promise<OperationDto> {
    return this.restores.start(body);
  }

  @Read({
    id: 'getRestore',
    summary: 'Read a restore',
    description: 'With `?wait=30s` the answer comes when it has succeeded or failed, or after that time.',
    path: ':id',
    role: 'viewer',
    type: RestoreDto,
    wait: true,
  })
  get(@Param('id') id: string): Promise<RestoreDto> {
    return this.reader.get(id);
  }
}
