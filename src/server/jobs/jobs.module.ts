import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ContainerReports } from './container-reports.js';
import { Job } from './job.entity.js';
import { JobAttempt } from './job-attempt.entity.js';
import { JobEvent } from './job-event.entity.js';
import { JobHistory } from './job-history.js';
import { JobsController } from './jobs.controller.js';
import { JobsService } from './jobs.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Job, JobAttempt, JobEvent])],
  controllers: [JobsController],
  providers: [JobsService, JobHistory, ContainerReports],
  exports: [JobsService, JobHistory, ContainerReports],
})
export class JobsModule {}
