/** A compute environment as AWS Batch, EC2 and ECS described it at the last look. Plain data, kept with the environment. */
export interface AwsEnvironment {
  arn: string;
  managed: boolean;
  /** `ENABLED` or `DISABLED`. */
  state: string;
  /** `VALID`, `INVALID`, `UPDATING` ... */
  status: string;
  statusReason: string | null;
  /** `SPOT`, `EC2`, `FARGATE`, `FARGATE_SPOT`; null for an unmanaged one. */
  resourceType: string | null;
  allocationStrategy: string | null;
  minvCpus: number | null;
  maxvCpus: number | null;
  /** As configured: types, families, or `optimal`. */
  instanceTypes: string[];
  /** ARN or name of the instance profile of its hosts. */
  instanceRole: string | null;
  subnets: AwsSubnet[];
  /** Of the environment; where it names none, of its launch template. */
  securityGroupIds: string[];
  launchTemplate: AwsLaunchTemplate | null;
  /** The launch template and version it names, when EC2 has no such thing; `launchTemplate` is null then. */
  lostLaunchTemplate: string | null;
  /** AMI named by the environment or its launch template; null: the one Batch chooses. */
  imageId: string | null;
  imageType: string | null;
  ecsClusterArn: string | null;
  jobQueues: AwsJobQueue[];
}

export interface AwsSubnet {
  id: string;
  vpcId: string;
  availabilityZone: string;
}

export interface AwsLaunchTemplate {
  id: string;
  name: string;
  /** As the environment names it: a number, `$Latest` or `$Default`. */
  version: string;
  /** The number that stands for now. Batch itself looks up `$Latest` and `$Default` only when it updates the environment's infrastructure. */
  versionNumber: number;
  /** Decoded, without this server's own tokens; null: none. */
  userData: string | null;
  imageId: string | null;
  securityGroupIds: string[];
  /** Of the root device, where the template sets it. */
  rootVolumeBytes: number | null;
}

export interface AwsJobQueue {
  arn: string;
  name: string;
  state: string;
  priority: number;
}
