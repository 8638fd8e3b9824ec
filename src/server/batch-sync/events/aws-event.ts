import { z } from 'zod';
import { type BatchJob, readBatchJob } from '../../aws/batch-job.js';
import type { InstanceNotice } from '../../hosts/hosts.service.js';

/** An event of EventBridge that says something to us. `at`: milliseconds since 1970, a whole second. */
export type AwsEvent = { id: string; at: number } & (
  { kind: 'job'; job: BatchJob } | { kind: InstanceNotice; instanceId: string } | { kind: 'other' }
);

/** As EventBridge wraps every event (user guide, "AWS service event structure"). */
const envelope = z.object({
  id: z.string().min(1).max(200),
  'detail-type': z.string(),
  source: z.string(),
  time: z.iso.datetime({ offset: true }),
  detail: z.record(z.string(), z.unknown()),
});
const instance = z.object({ 'instance-id': z.string().min(1) });

const NOTICES = new Map<string, InstanceNotice>([
  ['EC2 Spot Instance Interruption Warning', 'spot-interruption-warning'],
  ['EC2 Instance Rebalance Recommendation', 'rebalance-recommendation'],
]);

/** The body of a message. Throws an Error that says why it is no event; one about other things is `other`. */
export function readAwsEvent(body: string): AwsEvent {
  const parsed = envelope.safeParse(jsonOf(body));
  if (!parsed.success) throw new Error(`not an event of EventBridge: ${z.prettifyError(parsed.error)}`);
  const { id, source, time, detail, 'detail-type': type } = parsed.data;
  const about = { id, at: Date.parse(time) };
  if (source === 'aws.batch' && type === 'Batch Job State Change') {
    const job = readBatchJob(detail);
    if (job === null) throw new Error('an event of a job without its id, its queue or a known status');
    // Whoever reads the counts of an array's children reads the children too; an event does not.
    return { ...about, kind: 'job', job: { ...job, childStatuses: null } };
  }
  const notice = source === 'aws.ec2' ? NOTICES.get(type) : undefined;
  if (notice === undefined) return { ...about, kind: 'other' };
  const found = instance.safeParse(detail);
  if (!found.success) throw new Error('a notice of an instance without its id');
  return { ...about, kind: notice, instanceId: found.data['instance-id'] };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
