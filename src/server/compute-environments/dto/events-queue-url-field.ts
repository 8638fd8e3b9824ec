import { StringField } from '../../common/fields.js';

/** `https://<endpoint>/<account>/<name>`: up to 80 letters, digits, hyphens and underscores (Amazon SQS API reference, CreateQueue). */
const QUEUE_URL_PATTERN = /^https?:\/\/[^/\s]+\/\d{12}\/[A-Za-z0-9_-]{1,80}$/;

export function EventsQueueUrlField(): PropertyDecorator {
  return StringField({
    optional: true,
    nullable: true,
    maxLength: 300,
    pattern: QUEUE_URL_PATTERN,
    patternMessage:
      '$property must be the URL of a standard SQS queue, such as https://sqs.us-east-1.amazonaws.com/123456789012/batchpoint-events',
    description:
      "SQS queue in the environment's region to which an EventBridge rule sends `Batch Job State Change`, `EC2 Spot Instance Interruption Warning` and `EC2 Instance Rebalance Recommendation`; null: none.",
    example: 'https://sqs.us-east-1.amazonaws.com/123456789012/batchpoint-events',
  });
}
