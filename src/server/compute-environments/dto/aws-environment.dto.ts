import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { AwsEnvironment, AwsJobQueue, AwsLaunchTemplate, AwsSubnet } from '../aws-environment.js';
import { USER_DATA_MARKER } from '../user-data-marker.js';

@ApiSchema({ name: 'AwsSubnet', description: 'A subnet that instances start in.' })
export class AwsSubnetDto implements AwsSubnet {
  @ApiProperty({ example: 'subnet-0123456789abcdef0' })
  id: string;

  @ApiProperty({ example: 'vpc-0123456789abcdef0' })
  vpcId: string;

  @ApiProperty({ example: 'us-east-1a' })
  availabilityZone: string;
}

@ApiSchema({ name: 'AwsJobQueue', description: 'A job queue that names the environment.' })
export class AwsJobQueueDto implements AwsJobQueue {
  @ApiProperty({ example: 'arn:aws:batch:us-east-1:123456789012:job-queue/spot' })
  arn: string;

  @ApiProperty({ example: 'spot' })
  name: string;

  @ApiProperty({ description: "AWS's word: `ENABLED` or `DISABLED`.", example: 'ENABLED' })
  state: string;

  @ApiProperty({ type: 'integer', example: 1 })
  priority: number;
}

@ApiSchema({ name: 'AwsLaunchTemplate', description: 'What instances start from.' })
export class AwsLaunchTemplateDto implements Omit<AwsLaunchTemplate, 'userData'> {
  @ApiProperty({ example: 'lt-0123456789abcdef0' })
  id: string;

  @ApiProperty({ example: 'batchpoint-spot' })
  name: string;

  @ApiProperty({ description: 'As the environment names it: a number, `$Latest` or `$Default`.', example: '$Latest' })
  version: string;

  @ApiProperty({
    type: 'integer',
    description:
      'The number that stands for now. AWS Batch itself looks up `$Latest` and `$Default` only when it updates the infrastructure of the environment.',
    example: 3,
  })
  versionNumber: number;

  @ApiProperty({ description: "Whether its user data is this server's, which installs the agent.", example: true })
  installsAgent: boolean;

  @ApiProperty({ type: String, nullable: true, example: null })
  imageId: string | null;

  @ApiProperty({ type: [String], example: [] })
  securityGroupIds: string[];

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Of the root device; null: as large as the image has it.',
    example: 107_374_182_400,
  })
  rootVolumeBytes: number | null;
}

@ApiSchema({
  name: 'AwsEnvironment',
  description: "A compute environment as AWS Batch and EC2 described it, in AWS's words.",
})
export class AwsEnvironmentDto implements Omit<AwsEnvironment, 'arn' | 'launchTemplate'> {
  static readonly example: AwsEnvironmentDto = {
    managed: true,
    state: 'ENABLED',
    status: 'VALID',
    statusReason: 'ComputeEnvironment Healthy',
    resourceType: 'SPOT',
    allocationStrategy: 'SPOT_PRICE_CAPACITY_OPTIMIZED',
    minvCpus: 0,
    maxvCpus: 256,
    instanceTypes: ['m6i.xlarge', 'm6i.2xlarge'],
    instanceRole: 'arn:aws:iam::123456789012:instance-profile/batchpoint-host',
    subnets: [{ id: 'subnet-0123456789abcdef0', vpcId: 'vpc-0123456789abcdef0', availabilityZone: 'us-east-1a' }],
    securityGroupIds: ['sg-0123456789abcdef0'],
    launchTemplate: {
      id: 'lt-0123456789abcdef0',
      name: 'batchpoint-spot',
      version: '$Latest',
      versionNumber: 3,
      installsAgent: true,
      imageId: null,
      securityGroupIds: [],
      rootVolumeBytes: 107_374_182_400,
    },
    lostLaunchTemplate: null,
    imageId: null,
    imageType: 'ECS_AL2023',
    ecsClusterArn: 'arn:aws:ecs:us-east-1:123456789012:cluster/AWSBatch-spot-m6i-0123',
    jobQueues: [
      { arn: 'arn:aws:batch:us-east-1:123456789012:job-queue/spot', name: 'spot', state: 'ENABLED', priority: 1 },
    ],
  };

  @ApiProperty({ description: 'Whether AWS Batch starts and ends its instances.', example: true })
  managed: boolean;

  @ApiProperty({ description: '`ENABLED` or `DISABLED`.', example: 'ENABLED' })
  state: string;

  @ApiProperty({ description: '`VALID`, `INVALID`, `UPDATING` ...', example: 'VALID' })
  status: string;

  @ApiProperty({ type: String, nullable: true, example: 'ComputeEnvironment Healthy' })
  statusReason: string | null;

  @ApiProperty({ type: String, nullable: true, description: '`SPOT` or `EC2`; null: not managed.', example: 'SPOT' })
  resourceType: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'SPOT_PRICE_CAPACITY_OPTIMIZED' })
  allocationStrategy: string | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 0 })
  minvCpus: number | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 256 })
  maxvCpus: number | null;

  @ApiProperty({ type: [String], example: ['m6i.xlarge', 'm6i.2xlarge'] })
  instanceTypes: string[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Instance profile of its hosts.',
    example: 'arn:aws:iam::123456789012:instance-profile/batchpoint-host',
  })
  instanceRole: string | null;

  @ApiProperty({ type: [AwsSubnetDto] })
  subnets: AwsSubnetDto[];

  @ApiProperty({
    type: [String],
    description: 'Of the environment; where it names none, of its launch template.',
    example: ['sg-0123456789abcdef0'],
  })
  securityGroupIds: string[];

  @ApiProperty({ type: AwsLaunchTemplateDto, nullable: true })
  launchTemplate: AwsLaunchTemplateDto | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The launch template it names, when EC2 has no such thing.',
    example: null,
  })
  lostLaunchTemplate: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The AMI that the environment or its launch template names; null: the one AWS Batch chooses.',
    example: null,
  })
  imageId: string | null;

  @ApiProperty({ type: String, nullable: true, description: '`ECS_AL2023` ...', example: 'ECS_AL2023' })
  imageType: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'arn:aws:ecs:us-east-1:123456789012:cluster/AWSBatch-spot-m6i-0123',
  })
  ecsClusterArn: string | null;

  @ApiProperty({ type: [AwsJobQueueDto] })
  jobQueues: AwsJobQueueDto[];
}

/** User data may hold secrets of its owner's: only what this server wants to know of it is shown. */
export function toAwsEnvironmentDto({ arn: _, launchTemplate, ...facts }: AwsEnvironment): AwsEnvironmentDto {
  if (launchTemplate === null) return { ...facts, launchTemplate };
  const { userData, ...template } = launchTemplate;
  return {
    ...facts,
    launchTemplate: { ...template, installsAgent: userData?.includes(USER_DATA_MARKER) ?? false },
  };
}
