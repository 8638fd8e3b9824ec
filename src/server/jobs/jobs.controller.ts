import { Param, Query } from '@nestjs/common';
import { ApiResource, List, Read } from '../common/api.decorators.js';
import type { Page } from '../common/page.dto.js';
import { JobEventQueryDto } from './dto/job-event-query.dto.js';
import { JobEventDto } from './dto/job-event.dto.js';
import { JobQueryDto } from './dto/job-query.dto.js';
import { JobDto } from './dto/job.dto.js';
import { JobsService } from './jobs.service.js';

@ApiResource('jobs', 'Jobs')
export class JobsController {
  constructor(private readonly jobs: JobsService) {}

  @List({ id: 'listJobs', summary: 'List jobs, newest first', role: 'viewer', type: JobDto })
  list(@Query() query: JobQueryDto): Promise<Page<JobDto>> {
    return this.jobs.list(query);
  }

  @Read({
    id: 'getJob',
    summary: 'Read a job',
    description:
      "`id` is ours (`job_...`) or AWS Batch's. With `?wait=30s` the answer comes when the job changes, or after that time.",
    path: ':id',
    role: 'viewer',
    type: JobDto,
    wait: true,
  })
  get(@Param('id') id: string): Promise<JobDto> {
    return this.jobs.get(id);
  }

  @List({
    id: 'listJobEvents',
    summary: "Read a job's history, newest first",
    path: ':id/events',
    role: 'viewer',
    type: JobEventDto,
  })
  listEvents(@Param('id') id: string, @Query() query: JobEventQueryDto): Promise<Page<JobEventDto>> {
    return this.jobs.listEvents(id, query);
  }
}
