import {
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  DescribeSubnetsCommand,
  EC2Client,
  RevokeSecurityGroupEgressCommand,
} from '@aws-sdk/client-ec2';

export interface TestSubnet {
  id: string;
  vpcId: string;
  availabilityZone: string;
  cidr: string;
}

/** Subnets and security groups of an account in moto. Start moto first. */
export class AwsNetwork {
  private serial = 0;

  private constructor(
    private readonly ec2: EC2Client,
    /** Those of the default VPC, in order of their zones. */
    readonly subnets: TestSubnet[],
  ) {}

  static async of(region: string): Promise<AwsNetwork> {
    const ec2 = new EC2Client({ region });
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
    const subnets = Subnets.map((subnet) => ({
      id: subnet.SubnetId!,
      vpcId: subnet.VpcId!,
      availabilityZone: subnet.AvailabilityZone!,
      cidr: subnet.CidrBlock!,
    }));
    return new AwsNetwork(
      ec2,
      subnets.sort((a, b) => a.availabilityZone.localeCompare(b.availabilityZone)),
    );
  }

  get vpcId(): string {
    return this.subnets[0]!.vpcId;
  }

  /** Lets nobody in, and everybody out. */
  async securityGroup(): Promise<string> {
    const GroupName = `group-${process.pid}-${(this.serial += 1)}`;
    const answer = await this.ec2.send(
      new CreateSecurityGroupCommand({ GroupName, Description: 'of a test', VpcId: this.vpcId }),
    );
    return answer.GroupId!;
  }

  /** A rule of `groupId` for who has the group or the address `from`. */
  async allow(groupId: string, [fromPort, toPort]: [number, number], from: string): Promise<void> {
    const source = from.startsWith('sg-')
      ? { UserIdGroupPairs: [{ GroupId: from }] }
      : { IpRanges: [{ CidrIp: from }] };
    await this.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: groupId,
        IpPermissions: [{ IpProtocol: 'tcp', FromPort: fromPort, ToPort: toPort, ...source }],
      }),
    );
  }

  /** Lets nobody out. */
  async shut(groupId: string): Promise<void> {
    const everything = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
    await this.ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId: groupId, IpPermissions: [everything] }));
  }

  async networkInterface(subnet: TestSubnet, groups: string[]): Promise<string> {
    const answer = await this.ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet.id, Groups: groups }));
    return answer.NetworkInterface!.NetworkInterfaceId!;
  }

  close(): void {
    this.ec2.destroy();
  }
}
