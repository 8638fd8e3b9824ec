import { Injectable } from '@nestjs/common';
import type { AwsAccess } from '../aws/aws-access.js';
import { BatchApi, type BatchEnvironment, type BatchQueue } from '../aws/batch.api.js';
import { Ec2Api, type Ec2LaunchTemplateVersion } from '../aws/ec2.api.js';
import { StsApi } from '../aws/sts.api.js';
import type { AwsEnvironment, AwsJobQueue, AwsLaunchTemplate } from './aws-environment.js';
import { UnsuitableEnvironmentError } from './unsuitable-environment.error.js';
import { decodeUserData } from './user-data.js';

/** The root device of Amazon Linux and of most others (EC2 user guide, "Device names on Linux instances"). */
const ROOT_DEVICES = ['/dev/xvda', '/dev/sda1'];

/** Reads a compute environment, and what hangs on it, from AWS Batch and EC2. */
@Injectable()
export class EnvironmentReader {
  constructor(
    private readonly batch: BatchApi,
    private readonly ec2: Ec2Api,
    private readonly sts: StsApi,
  ) {}

  /** By name or ARN. Throws {@link UnsuitableEnvironmentError} when there is none or none of use here, `AwsError` when AWS does not say. */
  async read(access: AwsAccess, nameOrArn: string): Promise<AwsEnvironment> {
    const found = await this.batch.computeEnvironment(access, nameOrArn);
    if (found === null) throw await this.missing(access, nameOrArn);
    refuseWithoutHosts(found);
    const [subnets, launchTemplate, queues] = await Promise.all([
      this.ec2.subnets(access, found.subnetIds),
      this.launchTemplate(access, found),
      this.batch.jobQueues(access),
    ]);
    return {
      arn: found.arn,
      managed: found.managed,
      state: found.state,
      status: found.status,
      statusReason: found.statusReason,
      resourceType: found.resourceType,
      allocationStrategy: found.allocationStrategy,
      minvCpus: found.minvCpus,
      maxvCpus: found.maxvCpus,
      instanceTypes: found.instanceTypes,
      instanceRole: found.instanceRole,
      subnets,
      // Batch takes a launch template's groups where it is given none of its own (user guide, "Launch template support").
      securityGroupIds:
        found.securityGroupIds.length > 0 ? found.securityGroupIds : (launchTemplate?.securityGroupIds ?? []),
      launchTemplate,
      lostLaunchTemplate: launchTemplate === null ? templateNamed(found) : null,
      imageId: found.imageId ?? launchTemplate?.imageId ?? null,
      imageType: found.imageType,
      ecsClusterArn: found.ecsClusterArn,
      jobQueues: queues.filter((queue) => serves(queue, found)).map(toJobQueue),
    };
  }

  private async launchTemplate(access: AwsAccess, found: BatchEnvironment): Promise<AwsLaunchTemplate | null> {
    if (found.launchTemplate === null) return null;
    const { version, ...template } = found.launchTemplate;
    const resolved = await this.ec2.launchTemplateVersion(access, template, version);
    return resolved === null ? null : toLaunchTemplate(resolved, version);
  }

  private async missing(access: AwsAccess, nameOrArn: string): Promise<UnsuitableEnvironmentError> {
    const { accountId } = await this.sts.callerIdentity(access);
    return new UnsuitableEnvironmentError(
      'not-found',
      `AWS Batch has no compute environment ${nameOrArn} in ${access.region} of account ${accountId}. Check the name and the region; for another account give roleArn.`,
    );
  }
}

/** A checkpoint needs a host that the agent can run on. */
function refuseWithoutHosts({ name, resourceType, orchestration }: BatchEnvironment): void {
  if (resourceType?.startsWith('FARGATE')) {
    throw new UnsuitableEnvironmentError(
      'fargate',
      `Compute environment ${name} is of type ${resourceType}: AWS runs its containers on hosts of its own, where no agent can be installed, so nothing there can be checkpointed. Use an environment of type SPOT.`,
    );
  }
  if (orchestration === 'EKS') {
    throw new UnsuitableEnvironmentError(
      'eks',
      `Compute environment ${name} runs its jobs on Kubernetes (EKS), whose containers are not started by Docker. Use an environment on ECS of type SPOT.`,
    );
  }
}

/** Somebody may have deleted what the environment still names. */
function templateNamed({ launchTemplate: named }: BatchEnvironment): string | null {
  return named && `version ${named.version} of ${named.id ?? named.name}`;
}

function serves(queue: BatchQueue, { arn, name }: BatchEnvironment): boolean {
  return queue.environments.includes(arn) || queue.environments.includes(name);
}

function toJobQueue({ arn, name, state, priority }: BatchQueue): AwsJobQueue {
  return { arn, name, state, priority };
}

function toLaunchTemplate(found: Ec2LaunchTemplateVersion, version: string): AwsLaunchTemplate {
  const { id, name, versionNumber, imageId, securityGroupIds } = found;
  const root = found.volumes.find(({ deviceName }) => ROOT_DEVICES.includes(deviceName));
  return {
    id,
    name,
    version,
    versionNumber,
    userData: decodeUserData(found.userData),
    imageId,
    securityGroupIds,
    rootVolumeBytes: root?.sizeBytes ?? null,
  };
}
