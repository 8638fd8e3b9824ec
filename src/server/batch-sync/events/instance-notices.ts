import { Injectable } from '@nestjs/common';
import { ChangeNotifier } from '../../common/change-notifier.js';
import { HostsService, type InstanceNotice } from '../../hosts/hosts.service.js';
import { JobHistory } from '../../jobs/job-history.js';
import { JobsService } from '../../jobs/jobs.service.js';

const MESSAGES: Record<InstanceNotice, string> = {
  'spot-interruption-warning': 'AWS takes the Spot instance back within two minutes of',
  'rebalance-recommendation': 'AWS says that the Spot instance is likelier than before to be taken back, as of',
};

/** What AWS says of an instance it may take back, told at the host and in the history of the jobs it runs. */
@Injectable()
export class InstanceNotices {
  constructor(
    private readonly notifier: ChangeNotifier,
    private readonly hosts: HostsService,
    private readonly jobs: JobsService,
    private readonly history: JobHistory,
  ) {}

  async take(eventId: string, notice: InstanceNotice, instanceId: string, at: number): Promise<void> {
    const happenedAt = new Date(at);
    const hostIds = await this.hosts.noteInstance(instanceId, notice, happenedAt);
    for (const { id, hostId, containerId } of await this.jobs.runningOn(hostIds)) {
      await this.history.add({
        jobId: id,
        type: notice,
        happenedAt,
        message: `${MESSAGES[notice]} ${happenedAt.toISOString()} (${instanceId}).`,
        hostId,
        containerId,
        sourceKey: `${id}:aws-event:${eventId}`,
      });
      await this.notifier.notify('job', id);
    }
  }
}
