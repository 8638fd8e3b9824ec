import { Injectable, Logger } from '@nestjs/common';
import type { AwsAccess } from '../../aws/aws-access.js';
import { type QueueMessage, SqsApi } from '../../aws/sqs.api.js';
import { LinkedEnvironments } from '../../compute-environments/linked-environments.js';
import { accessKey } from '../scopes.js';
import { type AwsEvent, readAwsEvent } from './aws-event.js';
import { EventIntake } from './event-intake.js';

/** A queue of events, and what is to be taken from it. */
export interface EventsQueue {
  key: string;
  url: string;
  access: AwsAccess;
  environmentIds: string[];
  queueArns: ReadonlySet<string>;
}

/** Messages that were complained about are remembered up to so many. */
const REMEMBERED = 1_000;

/** Reads the queues of events. Several replicas may read one: a message is hidden from the others meanwhile. */
@Injectable()
export class EventQueueReader {
  private readonly logger = new Logger('AwsEvents');
  private readonly unreadable = new Set<string>();

  constructor(
    private readonly sqs: SqsApi,
    private readonly environments: LinkedEnvironments,
    private readonly intake: EventIntake,
  ) {}

  /** Environments that name the same queue share it. A queue may carry events of jobs of any of them. */
  async queues(): Promise<EventsQueue[]> {
    const linked = await this.environments.list();
    const queueArns = new Set(linked.flatMap((environment) => environment.queueArns));
    const queues = new Map<string, EventsQueue>();
    for (const { id, access, eventsQueueUrl: url } of linked) {
      if (url === null) continue;
      const key = `${url} ${accessKey(access)}`;
      const environmentIds = [...(queues.get(key)?.environmentIds ?? []), id];
      queues.set(key, { key, url, access, environmentIds, queueArns });
    }
    return [...queues.values()];
  }

  /**
   * Takes in what is there, at most ten messages; how many came. A message is deleted when what it says is committed. One that
   * makes no sense is left: the queue's redrive policy puts it aside. Throws AwsError.
   */
  async read(queue: EventsQueue, options: { wait: boolean; signal?: AbortSignal }): Promise<number> {
    const messages = await this.sqs.receive(queue.access, queue.url, options);
    const taken: string[] = [];
    for (const message of messages) {
      if (await this.take(queue, message)) taken.push(message.receipt);
    }
    if (taken.length > 0) await this.sqs.deleteAll(queue.access, queue.url, taken);
    return messages.length;
  }

  private async take({ queueArns, url }: EventsQueue, { id, body }: QueueMessage): Promise<boolean> {
    let event: AwsEvent;
    try {
      event = readAwsEvent(body);
    } catch (error) {
      this.complain(id, url, (error as Error).message);
      return false;
    }
    try {
      await this.intake.take(event, queueArns);
      return true;
    } catch (error) {
      const { code, message } = error as { code?: unknown; message: string };
      // SQLSTATE classes 22 and 23: the content is at fault. Anything else (the database is gone) is no fault of the message's.
      if (typeof code !== 'string' || !/^2[23]...$/.test(code)) throw error;
      this.complain(id, url, `the database refused it: ${message}`);
      return false;
    }
  }

  /** Once a message, though it comes again. */
  private complain(id: string, url: string, reason: string): void {
    if (this.unreadable.has(id)) return;
    if (this.unreadable.size >= REMEMBERED) this.unreadable.clear();
    this.unreadable.add(id);
    this.logger.warn({ queue: url, messageId: id, msg: `a message is left in the events queue: ${reason}` });
  }
}
