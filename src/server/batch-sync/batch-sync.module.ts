import { Module } from '@nestjs/common';
import { AwsModule } from '../aws/aws.module.js';
import { ComputeEnvironmentsModule } from '../compute-environments/compute-environments.module.js';
import { HostsModule } from '../hosts/hosts.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { AccessPauses } from './access-pauses.js';
import { BatchSyncLoop } from './batch-sync.loop.js';
import { BatchSync } from './batch-sync.service.js';
import { CallBudgets } from './call-budgets.js';
import { Clock, SystemClock } from './clock.js';
import { EventIntake } from './events/event-intake.js';
import { EventQueueReader } from './events/event-queue-reader.js';
import { EventQueuesLoop } from './events/event-queues.loop.js';
import { InstanceNotices } from './events/instance-notices.js';
import { JobReader } from './job-reader.js';
import { QueueReader } from './queue-reader.js';
import { ScopeSync } from './scope-sync.js';
import { SyncState } from './sync-state.js';

/** Jobs as AWS Batch tells of them. */
@Module({
  imports: [AwsModule, ComputeEnvironmentsModule, HostsModule, JobsModule],
  providers: [
    { provide: Clock, useClass: SystemClock },
    SyncState,
    CallBudgets,
    AccessPauses,
    QueueReader,
    JobReader,
    ScopeSync,
    BatchSync,
    BatchSyncLoop,
    InstanceNotices,
    EventIntake,
    EventQueueReader,
    EventQueuesLoop,
  ],
})
export class BatchSyncModule {}
