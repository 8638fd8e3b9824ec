import { BatchClient, type ComputeEnvironmentDetail, DescribeComputeEnvironmentsCommand } from '@aws-sdk/client-batch';
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  type Stack,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { TemplateName } from './cloudformation-template.js';
import { emulatedTemplate } from './emulated-template.js';
import { type Moto, startMoto } from './moto.js';

const REGION = { region: 'us-east-1' };

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

/** Our templates, made in an emulator of its own: one a test file. */
export class EmulatedStacks {
  readonly batch = new BatchClient(REGION);
  readonly ec2 = new EC2Client(REGION);
  private readonly cloudFormation = new CloudFormationClient(REGION);

  private constructor(
    readonly moto: Moto,
    private readonly common: Record<string, string>,
  ) {}

  static async start(): Promise<EmulatedStacks> {
    const moto = await startMoto();
    const iam = new IAMClient(REGION);
    // AWS makes the service-linked role of Batch by itself; the emulator wants to be told one.
    const { Role } = await iam.send(
      new CreateRoleCommand({ RoleName: 'batch', AssumeRolePolicyDocument: JSON.stringify({ Statement: [] }) }),
    );
    iam.destroy();
    const ec2 = new EC2Client(REGION);
    const { Images } = await ec2.send(new DescribeImagesCommand({}));
    ec2.destroy();
    return new EmulatedStacks(moto, {
      BatchServiceRoleArn: Role!.Arn!,
      ServerAmiId: Images![0]!.ImageId!,
      ServerVersion: '1.2.3',
    });
  }

  async close(): Promise<void> {
    for (const client of [this.batch, this.ec2, this.cloudFormation]) client.destroy();
    await this.moto.close();
  }

  async create(StackName: string, name: TemplateName, parameters: Record<string, string>): Promise<MadeStack> {
    await this.cloudFormation.send(new CreateStackCommand(this.input(StackName, name, parameters)));
    const { Stacks } = await this.cloudFormation.send(new DescribeStacksCommand({ StackName }));
    return new MadeStack(Stacks![0]!, await this.idsOf(StackName));
  }

  async update(StackName: string, name: TemplateName, parameters: Record<string, string>): Promise<void> {
    await this.cloudFormation.send(new UpdateStackCommand(this.input(StackName, name, parameters)));
  }

  async delete(StackName: string): Promise<void> {
    await this.cloudFormation.send(new DeleteStackCommand({ StackName }));
  }

  async names(): Promise<string[]> {
    const { Stacks } = await this.cloudFormation.send(new DescribeStacksCommand({}));
    return Stacks!.map((stack) => stack.StackName!);
  }

  /** Physical ids by logical ones. */
  async idsOf(StackName: string): Promise<Record<string, string>> {
    const { StackResources } = await this.cloudFormation.send(new DescribeStackResourcesCommand({ StackName }));
    // The emulator lists what a condition kept from being made, too: without an id.
    const made = StackResources!.filter((resource) => resource.LogicalResourceId !== undefined);
    return Object.fromEntries(made.map((resource) => [resource.LogicalResourceId!, resource.PhysicalResourceId!]));
  }

  async environment(name: string): Promise<ComputeEnvironmentDetail> {
    const command = new DescribeComputeEnvironmentsCommand({ computeEnvironments: [name] });
    return (await this.batch.send(command)).computeEnvironments![0]!;
  }

  /** Credentials with the permissions of a role, and no others. Ask for them before permissions are enforced. */
  async credentialsOf(roleName: string): Promise<Credentials> {
    const sts = new STSClient(REGION);
    const RoleArn = `arn:aws:iam::${this.moto.accountId}:role/${roleName}`;
    const { Credentials: given } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }));
    sts.destroy();
    return {
      accessKeyId: given!.AccessKeyId!,
      secretAccessKey: given!.SecretAccessKey!,
      sessionToken: given!.SessionToken!,
    };
  }

  private input(StackName: string, name: TemplateName, parameters: Record<string, string>) {
    return {
      StackName,
      TemplateBody: emulatedTemplate(name).body,
      Parameters: Object.entries({ ...this.common, ...parameters }).map(([ParameterKey, ParameterValue]) => ({
        ParameterKey,
        ParameterValue,
      })),
      Capabilities: ['CAPABILITY_IAM' as const],
    };
  }
}

export class MadeStack {
  constructor(
    private readonly stack: Stack,
    private readonly physicalIds: Record<string, string>,
  ) {}

  get status(): string {
    return this.stack.StackStatus!;
  }

  get logicalIds(): string[] {
    return Object.keys(this.physicalIds).sort();
  }

  /** Throws for a resource that was not made. */
  id(logicalId: string): string {
    const id = this.physicalIds[logicalId];
    if (id === undefined) throw new Error(`${this.stack.StackName!} has no ${logicalId}`);
    return id;
  }

  output(key: string): string {
    return this.stack.Outputs!.find((output) => output.OutputKey === key)!.OutputValue!;
  }
}
