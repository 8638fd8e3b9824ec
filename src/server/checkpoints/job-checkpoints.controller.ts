import { Param, Query } from '@nestjs/common';
import { Accepted, ApiResource, List } from '../common/api.decorators.js';
import type { Page } from '../common/page.dto.js';
import { OperationDto } from '../operations/dto/operation.dto.js';
import { CheckpointReader } from './checkpoint-reader.js';
import { CheckpointsService } from './checkpoints.service.js';
import { JobCheckpointQueryDto } from './dto/checkpoint-query.dto.js';
import { CheckpointDto } from './dto/checkpoint.dto.js';

@ApiResource('jobs', 'Checkpoints')
export class JobCheckpointsController {
  constructor(
    private readonly reader: CheckpointReader,
    private readonly checkpoints: CheckpointsService,
  ) {}

  @List({
    id: 'listJobCheckpoints',
    summary: "List a job's checkpoints, newest first",
    path: ':id/checkpoints',
    role: 'viewer',
    type: CheckpointDto,
  })
  list(@Param('id') id: string, @Query() query: JobCheckpointQueryDto): Promise<Page<CheckpointDto>> {
    return this.reader.listOfJob(id, query);
  }

  @Accepted({
    id: 'createJobCheckpoint',
    summary: 'Checkpoint a running job now',
    description:
      'The checkpoint is listed at once as `pending`; wait for the outcome with `GET /api/v1/operations/{id}?wait=30s`. ' +
      "The job stands still only while its memory is written. `id` is ours (`job_...`) or AWS Batch's.",
    path: ':id/checkpoints',
    role: 'operator',
    type: OperationDto,
    errors: ['checkpoint-in-progress', 'job-not-running', 'job-unprotected', 'host-offline'],
  })
  trigger(@Param('id') id: string): Promise<OperationDto> {
    return this.checkpoints.trigger(id);
  }
}
