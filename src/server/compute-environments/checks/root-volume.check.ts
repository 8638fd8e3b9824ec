import { Injectable } from '@nestjs/common';
import type { AwsAccess } from '../../aws/aws-access.js';
import { Ec2Api } from '../../aws/ec2.api.js';
import type { AwsEnvironment } from '../aws-environment.js';
import type { CheckedEnvironment, EnvironmentCheck } from '../environment-check.js';
import type { EnvironmentFinding } from '../environment-finding.js';
import { EnvironmentHosts } from '../environment-hosts.js';
import { DEFAULT_ROOT_VOLUME_BYTES, type RootVolume, rootVolumeFindings } from './root-volume.rules.js';

/** Whether the largest image that jobs of the environment use fits on the disk a new instance will have. */
@Injectable()
export class RootVolumeCheck implements EnvironmentCheck {
  readonly subject = 'the root volume of its instances';

  constructor(
    private readonly ec2: Ec2Api,
    private readonly hosts: EnvironmentHosts,
  ) {}

  async findings(environment: CheckedEnvironment): Promise<EnvironmentFinding[]> {
    const { name, access, aws } = environment;
    if (access === null || aws === null || !aws.managed) return [];
    const largest = await this.hosts.largestImage(environment);
    if (largest === null) return [];
    return rootVolumeFindings(name, await this.rootVolume(access, aws), largest);
  }

  private async rootVolume(access: AwsAccess, { launchTemplate, imageId }: AwsEnvironment): Promise<RootVolume> {
    if (launchTemplate !== null && launchTemplate.rootVolumeBytes !== null) {
      const { name, versionNumber, rootVolumeBytes: bytes } = launchTemplate;
      return { bytes, source: `launch template ${name}, version ${versionNumber}` };
    }
    const image = imageId === null ? null : await this.ec2.image(access, imageId);
    if (image?.rootVolume) return { bytes: image.rootVolume.sizeBytes, source: `image ${image.id}` };
    return { bytes: DEFAULT_ROOT_VOLUME_BYTES, source: 'the default of the ECS-optimized image' };
  }
}
