import type { Functionality } from './functionality.js';

/** A permission a functionality needs. */
export interface RequiredAction {
  /** `ec2:CreateVolume` */
  action: string;
  /** What it is called for. */
  why: string;
  /**
   * Templates of ARNs (`policy-scope.ts`); the call needs the permission on each. `*`, where AWS takes no resource for the
   * action. Source: the actions tables of the Service Authorization Reference, service by service (looked up 2026-11-26).
   * `servicequotas:GetServiceQuota` takes a quota since lately and is left at `*` beside the one for defaults, which takes none.
   */
  resources: readonly string[];
}

const ANY = ['*'];
const VOLUME = 'arn:{partition}:ec2:{region}:{account}:volume/*';
/** Snapshots carry no account in their ARN. */
const SNAPSHOT = 'arn:{partition}:ec2:{region}::snapshot/*';
const INSTANCE = 'arn:{partition}:ec2:{region}:{account}:instance/*';
const LAUNCH_TEMPLATE = 'arn:{partition}:ec2:{region}:{account}:launch-template/{launchTemplateId}';
const COMPUTE_ENVIRONMENT = 'arn:{partition}:batch:{region}:{account}:compute-environment/{computeEnvironmentName}';
const QUEUE = 'arn:{partition}:sqs:{region}:{account}:{queueName}';
const FILE_SYSTEM = 'arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{fileSystemId}';
const ACCESS_POINT = 'arn:{partition}:elasticfilesystem:{region}:{account}:access-point/*';
const BUCKET = 'arn:{partition}:s3:::{bucket}';
const REPLICATION_GROUP = 'arn:{partition}:elasticache:{region}:{account}:replicationgroup:{cacheName}';
const CACHE_CLUSTER = 'arn:{partition}:elasticache:{region}:{account}:cluster:{cacheName}';
const MEMORYDB_CLUSTER = 'arn:{partition}:memorydb:{region}:{account}:cluster/{cacheName}';
const ROLE_ANYWHERE = 'arn:{partition}:iam::*:role/{roleName}';
const ROLE = 'arn:{partition}:iam::{account}:role/*';
const USER = 'arn:{partition}:iam::{account}:user/*';
const GROUP = 'arn:{partition}:iam::{account}:group/*';
/** A customer's own; those of AWS are in no account. */
const POLICIES = ['arn:{partition}:iam::{account}:policy/*', 'arn:{partition}:iam::aws:policy/*'];

const need = (action: string, resources: readonly string[], why: string): RequiredAction => ({
  action,
  resources,
  why,
});

const SUBNETS = need('ec2:DescribeSubnets', ANY, 'find the zones and networks that hosts start in');
const SECURITY_GROUPS = need('ec2:DescribeSecurityGroups', ANY, 'see whether hosts may reach the storage');

/** Every AWS action of the product, by what it is for. A test holds the calls of `src/server/aws` to this. */
export const FUNCTIONALITY_ACTIONS: Readonly<Record<Functionality, readonly RequiredAction[]>> = {
  dashboard: [
    need('pricing:GetProducts', ANY, 'read On-Demand prices, against which savings are counted'),
    need('ec2:DescribeSpotPriceHistory', ANY, 'read what Spot cost while a job ran'),
  ],
  'auto-ebs': [
    need('ec2:CreateTags', [VOLUME, SNAPSHOT], 'mark volumes and snapshots with the job they belong to'),
    need('ec2:CreateVolume', [VOLUME, SNAPSHOT], "make a job's volume, on a retry from its snapshot"),
    need('ec2:CreateSnapshot', [VOLUME, SNAPSHOT], 'carry a volume to another availability zone'),
    need('ec2:DeleteVolume', [VOLUME], 'remove volumes of jobs that have ended'),
    need('ec2:DeleteSnapshot', [SNAPSHOT], 'remove snapshots nothing restores from any more'),
    need('ec2:DescribeVolumes', ANY, 'see when a volume can be attached, and find what was left behind'),
    need('ec2:DescribeSnapshots', ANY, 'see when a snapshot is complete, and find what was left behind'),
    need('ec2:AttachVolume', [VOLUME, INSTANCE], "give a job's volume to the host it continues on"),
    need('ec2:DetachVolume', [VOLUME, INSTANCE], 'take a volume from a host that is going away'),
    need('batch:DescribeJobs', ANY, 'know that a job has ended for good before its volume goes'),
  ],
  registration: [
    need('batch:DescribeComputeEnvironments', ANY, 'read the compute environment that is registered'),
    need('batch:DescribeJobQueues', ANY, 'find the queues that send jobs to it'),
    need('batch:DescribeJobDefinitions', ANY, 'see whether jobs are retried after an interruption'),
    need('ec2:DescribeLaunchTemplateVersions', ANY, 'see whether hosts install the agent and mount the storage'),
    need('ec2:DescribeImages', ANY, 'read the size of the root volume'),
    SUBNETS,
    SECURITY_GROUPS,
  ],
  'batch-sync': [
    need('batch:DescribeJobQueues', ANY, 'know the queues to look at'),
    need('batch:ListJobs', ANY, 'see jobs before their container exists'),
    need('batch:DescribeJobs', ANY, 'read what has changed of a job'),
  ],
  'instance-types': [need('ec2:DescribeInstanceTypes', ANY, 'read memory, GPUs and architecture of instance types')],
  quotas: [
    need('servicequotas:GetServiceQuota', ANY, 'compare Spot quotas with what the environment may start'),
    need('servicequotas:GetAWSDefaultServiceQuota', ANY, 'read a quota that was never changed'),
  ],
  'launch-templates': [
    need('ec2:DescribeLaunchTemplateVersions', ANY, 'show the difference to the version in use'),
    need('ec2:CreateLaunchTemplateVersion', [LAUNCH_TEMPLATE], 'write the version with our user data'),
    need(
      'ec2:ModifyLaunchTemplate',
      [LAUNCH_TEMPLATE],
      'make it the default version, where the environment starts that',
    ),
    need('batch:DescribeComputeEnvironments', ANY, 'see when the environment has taken it up'),
    need('batch:UpdateComputeEnvironment', [COMPUTE_ENVIRONMENT], 'point the environment at it'),
  ],
  events: [
    need('sqs:ReceiveMessage', [QUEUE], 'hear of job states, Spot interruptions and rebalance recommendations'),
    need('sqs:DeleteMessage', [QUEUE], 'take what was heard off the queue'),
  ],
  'storage-efs': [
    need('elasticfilesystem:DescribeFileSystems', [FILE_SYSTEM], 'see that the file system is available'),
    need('elasticfilesystem:DescribeMountTargets', [FILE_SYSTEM], 'find a mount target in the zone of each subnet'),
    need(
      'elasticfilesystem:DescribeMountTargetSecurityGroups',
      [FILE_SYSTEM],
      'see whether port 2049 is open to hosts',
    ),
    need('elasticfilesystem:DescribeAccessPoints', [FILE_SYSTEM, ACCESS_POINT], 'check the access point'),
    SUBNETS,
    SECURITY_GROUPS,
  ],
  'storage-juicefs': [
    need('s3:ListBucket', [BUCKET], 'see that the bucket is there'),
    need('s3:GetBucketLocation', [BUCKET], 'see that it is in the region of the hosts'),
    need('s3:GetEncryptionConfiguration', [BUCKET], 'see that it is encrypted'),
    need('s3:GetBucketPublicAccessBlock', [BUCKET], 'see that it cannot be made public'),
    need(
      'elasticache:DescribeReplicationGroups',
      [REPLICATION_GROUP],
      'find the metadata engine, and whether it speaks TLS',
    ),
    need('elasticache:DescribeCacheClusters', [CACHE_CLUSTER], 'read the security groups of the metadata engine'),
    need('memorydb:DescribeClusters', [MEMORYDB_CLUSTER], 'find the metadata engine where it is MemoryDB'),
    SUBNETS,
    SECURITY_GROUPS,
  ],
  'storage-fsx-lustre': [
    need('fsx:DescribeFileSystems', ANY, 'see that the file system is available, its mount name and throughput'),
    need('ec2:DescribeNetworkInterfaces', ANY, 'find the security groups of the file system'),
    SUBNETS,
    SECURITY_GROUPS,
  ],
  'other-accounts': [
    need('sts:AssumeRole', [ROLE_ANYWHERE], 'look after compute environments of another account, by a role there'),
  ],
  'iam-simulation': [
    need('iam:SimulatePrincipalPolicy', [ROLE, USER], 'ask AWS itself what the role may do'),
    need('iam:GetRole', [ROLE], "find the role's path, which AWS leaves out of an assumed role's name"),
  ],
  'iam-policies': [
    need('iam:GetRole', [ROLE], "read the role's permissions boundary"),
    need('iam:ListAttachedRolePolicies', [ROLE], 'find its managed policies'),
    need('iam:ListRolePolicies', [ROLE], 'find its inline policies'),
    need('iam:GetRolePolicy', [ROLE], 'read its inline policies'),
    need('iam:GetUser', [USER], "read a user's permissions boundary"),
    need('iam:ListAttachedUserPolicies', [USER], 'find its managed policies'),
    need('iam:ListUserPolicies', [USER], 'find its inline policies'),
    need('iam:GetUserPolicy', [USER], 'read its inline policies'),
    need('iam:ListGroupsForUser', [USER], 'find the groups of a user'),
    need('iam:ListAttachedGroupPolicies', [GROUP], "find a group's managed policies"),
    need('iam:ListGroupPolicies', [GROUP], "find a group's inline policies"),
    need('iam:GetGroupPolicy', [GROUP], "read a group's inline policies"),
    need('iam:GetPolicy', POLICIES, 'find the version of a managed policy that is in force'),
    need('iam:GetPolicyVersion', POLICIES, 'read that version'),
  ],
};
