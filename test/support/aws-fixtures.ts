import {
  BatchClient,
  type ComputeEnvironmentDetail,
  type ComputeResource,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  DeleteComputeEnvironmentCommand,
  DescribeComputeEnvironmentsCommand,
  RegisterJobDefinitionCommand,
  type RegisterJobDefinitionCommandInput,
  SubmitJobCommand,
  UpdateComputeEnvironmentCommand,
  UpdateJobQueueCommand,
} from '@aws-sdk/client-batch';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateLaunchTemplateCommand,
  CreateLaunchTemplateVersionCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  EC2Client,
  type LaunchTemplateVersion,
  paginateDescribeLaunchTemplateVersions,
  type RequestLaunchTemplateData,
} from '@aws-sdk/client-ec2';
import {
  AddRoleToInstanceProfileCommand,
  CreateAccessKeyCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';

/**
 * What a customer's account holds, made with the SDK in the emulator that this process's environment points at
 * (`startMoto()`). One object a test file; `close()` it. Names are unique within it unless given.
 */
export class AwsFixtures {
  private readonly batch: BatchClient;
  private readonly ec2: EC2Client;
  private readonly iam: IAMClient;
  private serial = 0;

  constructor(readonly region = 'us-east-1') {
    this.batch = new BatchClient({ region });
    this.ec2 = new EC2Client({ region });
    this.iam = new IAMClient({ region });
  }

  close(): void {
    for (const client of [this.batch, this.ec2, this.iam]) client.destroy();
  }

  /** A VPC with one subnet for each zone (`us-east-1a` ...) and one security group, which lets nothing in. */
  async createNetwork({ zones = ['a', 'b'] }: { zones?: string[] } = {}): Promise<Network> {
    const { Vpc } = await this.ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
    const vpcId = Vpc!.VpcId!;
    const subnetIds: string[] = [];
    for (const [i, zone] of zones.entries()) {
      const input = { VpcId: vpcId, CidrBlock: `10.0.${i}.0/24`, AvailabilityZone: `${this.region}${zone}` };
      const { Subnet } = await this.ec2.send(new CreateSubnetCommand(input));
      subnetIds.push(Subnet!.SubnetId!);
    }
    return { vpcId, subnetIds, securityGroupId: await this.createSecurityGroup(vpcId) };
  }

  async createSecurityGroup(vpcId: string): Promise<string> {
    const input = { GroupName: this.name('group'), Description: 'for tests', VpcId: vpcId };
    return (await this.ec2.send(new CreateSecurityGroupCommand(input))).GroupId!;
  }

  /** Lets TCP in on these ports, from another group or from addresses (`10.0.0.0/16`). */
  async allowIngress(groupId: string, ports: { from: number; to?: number }, source: string): Promise<void> {
    const peer = source.startsWith('sg-')
      ? { UserIdGroupPairs: [{ GroupId: source }] }
      : { IpRanges: [{ CidrIp: source }] };
    const permission = { IpProtocol: 'tcp', FromPort: ports.from, ToPort: ports.to ?? ports.from, ...peer };
    await this.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions: [permission] }));
  }

  async createLaunchTemplate(data: LaunchTemplateData = {}): Promise<{ id: string; name: string }> {
    const name = this.name('template');
    const input = { LaunchTemplateName: name, LaunchTemplateData: templateData(data) };
    const { LaunchTemplate } = await this.ec2.send(new CreateLaunchTemplateCommand(input));
    return { id: LaunchTemplate!.LaunchTemplateId!, name };
  }

  /** The new version's number. */
  async createLaunchTemplateVersion(id: string, data: LaunchTemplateData, description?: string): Promise<number> {
    const input = {
      LaunchTemplateId: id,
      LaunchTemplateData: templateData(data),
      VersionDescription: description,
    };
    const { LaunchTemplateVersion } = await this.ec2.send(new CreateLaunchTemplateVersionCommand(input));
    return LaunchTemplateVersion!.VersionNumber!;
  }

  /** The oldest first. */
  async launchTemplateVersions(id: string): Promise<LaunchTemplateVersion[]> {
    const versions: LaunchTemplateVersion[] = [];
    const pages = paginateDescribeLaunchTemplateVersions({ client: this.ec2 }, { LaunchTemplateId: id });
    for await (const page of pages) versions.push(...(page.LaunchTemplateVersions ?? []));
    return versions.sort((a, b) => a.VersionNumber! - b.VersionNumber!);
  }

  /** ARN of a role that this AWS service may assume. */
  async createRole(service: string): Promise<string> {
    const statement = { Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' };
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    const { Role } = await this.iam.send(
      new CreateRoleCommand({ RoleName: this.name('role'), AssumeRolePolicyDocument }),
    );
    return Role!.Arn!;
  }

  /** ARN of an instance profile with a role of its own. */
  async createInstanceProfile(): Promise<string> {
    const InstanceProfileName = this.name('profile');
    const { InstanceProfile } = await this.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
    const RoleName = (await this.createRole('ec2.amazonaws.com')).split('/').at(-1)!;
    await this.iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
    return InstanceProfile!.Arn!;
  }

  /** Credentials of a user who may do everything but these actions (`batch:ListJobs`), once the emulator enforces permissions. */
  async createUserWithout(
    ...actions: string[]
  ): Promise<Record<'AWS_ACCESS_KEY_ID' | 'AWS_SECRET_ACCESS_KEY', string>> {
    const UserName = this.name('user');
    await this.iam.send(new CreateUserCommand({ UserName }));
    const Statement = [
      { Effect: 'Allow', Action: '*', Resource: '*' },
      // To AWS letter case makes no difference here; the emulator compares with the path, which Batch has in small letters.
      { Effect: 'Deny', Action: [...actions, ...actions.map((action) => action.toLowerCase())], Resource: '*' },
    ];
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    await this.iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'test', PolicyDocument }));
    const { AccessKey } = await this.iam.send(new CreateAccessKeyCommand({ UserName }));
    return { AWS_ACCESS_KEY_ID: AccessKey!.AccessKeyId!, AWS_SECRET_ACCESS_KEY: AccessKey!.SecretAccessKey! };
  }

  /** A managed Spot environment in a network of its own, of m6i.large and m6i.xlarge, unless said otherwise. It starts no instances. */
  async createComputeEnvironment({
    name = this.name('environment'),
    type = 'MANAGED',
    state = 'ENABLED',
    resources = {},
  }: ComputeEnvironmentOptions = {}): Promise<{ name: string; arn: string }> {
    const serviceRole = await this.createRole('batch.amazonaws.com');
    const computeResources = type === 'MANAGED' ? await this.computeResources(resources) : undefined;
    const input = { computeEnvironmentName: name, type, state, serviceRole, computeResources };
    const { computeEnvironmentArn } = await this.batch.send(new CreateComputeEnvironmentCommand(input));
    return { name, arn: computeEnvironmentArn! };
  }

  async computeEnvironment(name: string): Promise<ComputeEnvironmentDetail> {
    const command = new DescribeComputeEnvironmentsCommand({ computeEnvironments: [name] });
    return (await this.batch.send(command)).computeEnvironments![0]!;
  }

  async setComputeEnvironmentState(name: string, state: 'ENABLED' | 'DISABLED'): Promise<void> {
    await this.batch.send(new UpdateComputeEnvironmentCommand({ computeEnvironment: name, state }));
  }

  async deleteComputeEnvironment(name: string): Promise<void> {
    await this.batch.send(new DeleteComputeEnvironmentCommand({ computeEnvironment: name }));
  }

  /** Replaces it by one of the same name: the emulator does not change `computeResources` in place. */
  async recreateComputeEnvironment(
    options: ComputeEnvironmentOptions & { name: string },
  ): Promise<{ name: string; arn: string }> {
    await this.deleteComputeEnvironment(options.name);
    return this.createComputeEnvironment(options);
  }

  async createJobQueue(
    environments: string[],
    { name = this.name('queue'), state = 'ENABLED' }: { name?: string; state?: 'ENABLED' | 'DISABLED' } = {},
  ): Promise<{ name: string; arn: string }> {
    const computeEnvironmentOrder = environments.map((computeEnvironment, i) => ({ order: i + 1, computeEnvironment }));
    const input = { jobQueueName: name, state, priority: 1, computeEnvironmentOrder };
    const { jobQueueArn } = await this.batch.send(new CreateJobQueueCommand(input));
    return { name, arn: jobQueueArn! };
  }

  async setJobQueueState(name: string, state: 'ENABLED' | 'DISABLED'): Promise<void> {
    await this.batch.send(new UpdateJobQueueCommand({ jobQueue: name, state }));
  }

  /** Without `retryStrategy` it has none, as in AWS. A name registered before gets a new revision. */
  async createJobDefinition({
    name = this.name('definition'),
    container = {},
    ...rest
  }: JobDefinitionOptions = {}): Promise<{ name: string; arn: string }> {
    const containerProperties = {
      image: 'busybox',
      command: ['true'],
      resourceRequirements: [
        { type: 'VCPU', value: '1' },
        { type: 'MEMORY', value: '128' },
      ],
      ...container,
    } satisfies RegisterJobDefinitionCommandInput['containerProperties'];
    const { jobDefinitionArn } = await this.batch.send(
      new RegisterJobDefinitionCommand({ jobDefinitionName: name, type: 'container', containerProperties, ...rest }),
    );
    return { name, arn: jobDefinitionArn! };
  }

  /** The job's id. */
  async submitJob(
    jobQueue: string,
    jobDefinition: string,
    { name = this.name('job'), environment = {} }: { name?: string; environment?: Record<string, string> } = {},
  ): Promise<string> {
    const variables = Object.entries(environment).map(([key, value]) => ({ name: key, value }));
    const { jobId } = await this.batch.send(
      new SubmitJobCommand({ jobName: name, jobQueue, jobDefinition, containerOverrides: { environment: variables } }),
    );
    return jobId!;
  }

  private async computeResources(given: Partial<ComputeResource>): Promise<ComputeResource> {
    const network = given.subnets && given.securityGroupIds ? null : await this.createNetwork();
    return {
      type: 'SPOT',
      allocationStrategy: 'SPOT_PRICE_CAPACITY_OPTIMIZED',
      minvCpus: 0,
      desiredvCpus: 0,
      maxvCpus: 64,
      instanceTypes: ['m6i.large', 'm6i.xlarge'],
      subnets: network?.subnetIds,
      securityGroupIds: network ? [network.securityGroupId] : undefined,
      instanceRole: given.instanceRole ?? (await this.createInstanceProfile()),
      ...given,
    };
  }

  private name(kind: string): string {
    return `${kind}-${(this.serial += 1)}`;
  }
}

export interface Network {
  vpcId: string;
  subnetIds: string[];
  securityGroupId: string;
}

/** EC2's own fields; the user data as plain text. */
export interface LaunchTemplateData extends Omit<RequestLaunchTemplateData, 'UserData'> {
  userData?: string;
}

export interface ComputeEnvironmentOptions {
  name?: string;
  type?: 'MANAGED' | 'UNMANAGED';
  state?: 'ENABLED' | 'DISABLED';
  /** Batch's own fields, over the defaults. */
  resources?: Partial<ComputeResource>;
}

export interface JobDefinitionOptions extends Omit<
  Partial<RegisterJobDefinitionCommandInput>,
  'jobDefinitionName' | 'containerProperties'
> {
  name?: string;
  container?: RegisterJobDefinitionCommandInput['containerProperties'];
}

function templateData({ userData, ...data }: LaunchTemplateData): RequestLaunchTemplateData {
  return userData === undefined ? data : { ...data, UserData: Buffer.from(userData).toString('base64') };
}
