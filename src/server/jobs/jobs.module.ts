import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { HostsModule } from '../hosts/hosts.module.js';
import { BatchNews } from './batch-news.js';
import { ContainerReports } from './container-reports.js';
import { HostPresence } from './host-presence.js';
import { Job } from './job.entity.js';
import { JobAttempt } from './job-attempt.entity.js';
import { JobEvent } from './job-event.entity.js';
import { JobHistory } from './job-history.js';
import { JobRows } from './job-rows.js';
import { JobsController } from './jobs.controller.js';
import { JobsService } from './jobs.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Job, JobAttempt, JobEvent]), HostsModule],
  controllers: [JobsController],
  providers: [JobsService, JobHistory, JobRows, HostPresence, ContainerReports, BatchNews],
  exports: [JobsService, JobHistory, ContainerReports, BatchNews],
})
export class JobsModule {}
