import {
  BatchClient,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  RegisterJobDefinitionCommand,
  type RegisterJobDefinitionCommandInput,
  SubmitJobCommand,
  type SubmitJobCommandInput,
} from '@aws-sdk/client-batch';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { AwsEnvironmentDto } from '../../src/server/compute-environments/dto/aws-environment.dto.js';
import { Database } from '../../src/server/database/database.js';
import type { TestApp } from './test-app.js';

/** Queues and jobs in the emulator's AWS Batch, and an environment registered here that knows of them. */
export class BatchAccount {
  readonly batch = new BatchClient({});
  private readonly iam = new IAMClient({});
  private environment: string | undefined;
  private serial = 0;

  /** `url`: of the emulator. */
  constructor(private readonly url: string) {}

  close(): void {
    this.batch.destroy();
    this.iam.destroy();
  }

  /** Jobs stay where they are, until they may go on. Needs an emulator that believes in a Docker Engine. */
  hold(): Promise<void> {
    return this.transition(99);
  }
  letGo(): Promise<void> {
    return this.transition(1);
  }

  /** ARN of a new queue. */
  async queue(name: string): Promise<string> {
    this.environment ??= await this.createEnvironment();
    const order = [{ order: 1, computeEnvironment: this.environment }];
    const input = { jobQueueName: name, priority: 1, state: 'ENABLED' as const, computeEnvironmentOrder: order };
    return (await this.batch.send(new CreateJobQueueCommand(input))).jobQueueArn!;
  }

  /** ARN of a new job definition: one container with one CPU and 512 MiB, unless said otherwise. */
  async definition(name: string, changes: Partial<RegisterJobDefinitionCommandInput> = {}): Promise<string> {
    const resourceRequirements = [
      { type: 'VCPU' as const, value: '1' },
      { type: 'MEMORY' as const, value: '512' },
    ];
    const containerProperties = { image: 'busybox', command: ['sleep', '1'], resourceRequirements };
    const input = { jobDefinitionName: name, type: 'container' as const, containerProperties, ...changes };
    return (await this.batch.send(new RegisterJobDefinitionCommand(input))).jobDefinitionArn!;
  }

  async submit(
    input: Pick<SubmitJobCommandInput, 'jobQueue' | 'jobDefinition'> & Partial<SubmitJobCommandInput>,
  ): Promise<string> {
    const command = new SubmitJobCommand({ jobName: `job-${(this.serial += 1)}`, ...input });
    return (await this.batch.send(command)).jobId!;
  }

  private async transition(times: number): Promise<void> {
    const body = { model_name: 'batch::job', transition: { progression: 'manual', times } };
    const path = '/moto-api/state-manager/set-transition';
    const answer = await fetch(`${this.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`moto: POST ${path} answered ${answer.status}: ${await answer.text()}`);
  }

  /** ARN of a new role that may do nothing. */
  async role(RoleName: string): Promise<string> {
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [] });
    const { Role } = await this.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    return Role!.Arn!;
  }

  private async createEnvironment(): Promise<string> {
    const input = {
      computeEnvironmentName: 'spot',
      type: 'UNMANAGED' as const,
      state: 'ENABLED' as const,
      serviceRole: await this.role('batch-service'),
    };
    return (await this.batch.send(new CreateComputeEnvironmentCommand(input))).computeEnvironmentArn!;
  }
}

/** An environment as its registration leaves it, that AWS is asked about. */
export async function linkEnvironment(
  server: TestApp,
  name: string,
  queueArns: readonly string[],
  columns: { roleArn?: string } = {},
): Promise<string> {
  const { body } = await server.api('post', '/compute-environments').send({ name }).expect(201);
  const jobQueues = queueArns.map((arn) => ({ arn, name: arn.split('/').at(-1), state: 'ENABLED', priority: 1 }));
  await server.app
    .get(Database)
    .manager.query('update compute_environments set region = $2, role_arn = $3, aws = $4 where id = $1', [
      body.id,
      'us-east-1',
      columns.roleArn ?? null,
      JSON.stringify({ ...AwsEnvironmentDto.example, launchTemplate: null, lostLaunchTemplate: null, jobQueues }),
    ]);
  return body.id;
}
