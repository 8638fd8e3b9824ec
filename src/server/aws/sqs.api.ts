import { Injectable } from '@nestjs/common';
import { DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import type { AwsAccess } from './aws-access.js';
import { callAws } from './aws-call.js';
import { AwsClients } from './aws-clients.js';

export interface QueueMessage {
  id: string;
  body: string;
  /** What deletes this delivery of it. */
  receipt: string;
}

/** Asks the region's own endpoint, wherever a queue's URL points: a signed request never goes to a host somebody typed. */
class RegionalSqsClient extends SQSClient {
  constructor(config: SQSClientConfig) {
    super({ ...config, useQueueUrlAsEndpoint: false });
  }
}

/** Below the answer limit of `AwsClients`. */
const LONG_POLL_SECONDS = 15;
/** ReceiveMessage and DeleteMessageBatch take no more (Amazon SQS API reference). */
const BATCH = 10;

@Injectable()
export class SqsApi {
  constructor(private readonly clients: AwsClients) {}

  /** Up to ten, waiting up to 15 s for the first unless `wait` is false. They come again unless deleted. */
  async receive(
    access: AwsAccess,
    queueUrl: string,
    options: { wait: boolean; signal?: AbortSignal },
  ): Promise<QueueMessage[]> {
    const client = this.clients.get(RegionalSqsClient, access);
    const command = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: BATCH,
      WaitTimeSeconds: options.wait ? LONG_POLL_SECONDS : 0,
    });
    const answer = await callAws('sqs:ReceiveMessage', () =>
      client.send(command, options.signal === undefined ? {} : { abortSignal: options.signal }),
    );
    return (answer.Messages ?? []).map(({ MessageId, Body = '', ReceiptHandle }) => ({
      id: MessageId!,
      body: Body,
      receipt: ReceiptHandle!,
    }));
  }

  /** At most ten. One that could not be deleted comes again. */
  async deleteAll(access: AwsAccess, queueUrl: string, receipts: readonly string[]): Promise<void> {
    const client = this.clients.get(RegionalSqsClient, access);
    const entries = receipts.map((receipt, index) => ({ Id: String(index), ReceiptHandle: receipt }));
    const command = new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries });
    await callAws('sqs:DeleteMessage', () => client.send(command));
  }
}
