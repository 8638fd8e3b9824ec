import { Injectable } from '@nestjs/common';
import {
  CreateLaunchTemplateVersionCommand,
  DescribeImagesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeSubnetsCommand,
  EC2Client,
  type InstanceTypeInfo,
  type LaunchTemplateVersion,
  ModifyLaunchTemplateCommand,
  paginateDescribeInstanceTypes,
  paginateDescribeLaunchTemplateVersions,
} from '@aws-sdk/client-ec2';
import type { AwsAccess } from './aws-access.js';
import { callAws, collectPages } from './aws-call.js';
import { AwsClients } from './aws-clients.js';

export interface Ec2Subnet {
  id: string;
  vpcId: string;
  availabilityZone: string;
}

/** One version of a launch template; null and empty where it sets nothing. */
export interface Ec2LaunchTemplateVersion {
  id: string;
  name: string;
  versionNumber: number;
  /** As EC2 has it: base64. */
  userData: string | null;
  imageId: string | null;
  securityGroupIds: string[];
  /** In the template's order. */
  volumes: Ec2Volume[];
}

export interface Ec2Volume {
  /** `/dev/xvda` */
  deviceName: string;
  sizeBytes: number;
}

export interface Ec2Image {
  id: string;
  name: string;
  /** null: EC2 does not say (an image with an instance store for its root). */
  rootVolume: Ec2Volume | null;
}

const GIB = 1024 ** 3;

/** What `DescribeInstanceTypes` says of one type, as far as it matters to us; sizes in MiB, as EC2 gives them. */
export interface DescribedInstanceType {
  instanceType: string;
  /** EC2's words: `x86_64`, `arm64`, `i386`, `arm64_mac` ... */
  architectures: string[];
  vcpus: number;
  memoryMiB: number;
  gpus: { manufacturer: string; name: string; count: number; memoryMiB: number }[];
  currentGeneration: boolean;
  /** `on-demand`, `spot`, `capacity-block`. */
  usageClasses: string[];
  bareMetal: boolean;
}

/** The most that `DescribeInstanceTypes` gives at once. */
const TYPES_A_PAGE = 100;

@Injectable()
export class Ec2Api {
  constructor(private readonly clients: AwsClients) {}

  /** Throws `aws-not-found` when one of them is not there. */
  async subnets(access: AwsAccess, ids: string[]): Promise<Ec2Subnet[]> {
    if (ids.length === 0) return [];
    const command = new DescribeSubnetsCommand({ SubnetIds: ids });
    const answer = await callAws('ec2:DescribeSubnets', () => this.client(access).send(command));
    return (answer.Subnets ?? []).map((subnet) => ({
      id: subnet.SubnetId!,
      vpcId: subnet.VpcId!,
      availabilityZone: subnet.AvailabilityZone!,
    }));
  }

  /** `version`: a number, `$Latest` or `$Default`. null when the template or the version is not there. */
  async launchTemplateVersion(
    access: AwsAccess,
    { id, name }: { id: string | null; name: string | null },
    version: string,
  ): Promise<Ec2LaunchTemplateVersion | null> {
    const template = id === null ? { LaunchTemplateName: name! } : { LaunchTemplateId: id };
    const command = new DescribeLaunchTemplateVersionsCommand({ ...template, Versions: [version] });
    const answer = await callAws('ec2:DescribeLaunchTemplateVersions', () => this.client(access).send(command)).catch(
      (error: unknown) => {
        if ((error as { code?: string }).code === 'aws-not-found') return null;
        throw error;
      },
    );
    const found = answer?.LaunchTemplateVersions?.[0];
    return found === undefined ? null : toVersion(found);
  }

  /** Number of the newest version with this description; null: none has it. */
  async launchTemplateVersionDescribed(access: AwsAccess, id: string, description: string): Promise<number | null> {
    const pages = paginateDescribeLaunchTemplateVersions({ client: this.client(access) }, { LaunchTemplateId: id });
    const versions = await collectPages(
      'ec2:DescribeLaunchTemplateVersions',
      pages,
      (page) => page.LaunchTemplateVersions,
    );
    const found = versions.filter((version) => version.VersionDescription === description);
    return found.length === 0 ? null : Math.max(...found.map((version) => version.VersionNumber!));
  }

  /** A version like `source` but for its user data (base64) and description; its number. */
  async createLaunchTemplateVersion(
    access: AwsAccess,
    id: string,
    { source, userData, description }: { source: number; userData: string; description: string },
  ): Promise<number> {
    const command = new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: id,
      SourceVersion: String(source),
      VersionDescription: description,
      LaunchTemplateData: { UserData: userData },
    });
    const answer = await callAws('ec2:CreateLaunchTemplateVersion', () => this.client(access).send(command));
    return answer.LaunchTemplateVersion!.VersionNumber!;
  }

  /** The version that `$Default` stands for from now on. */
  async setDefaultLaunchTemplateVersion(access: AwsAccess, id: string, version: number): Promise<void> {
    const command = new ModifyLaunchTemplateCommand({ LaunchTemplateId: id, DefaultVersion: String(version) });
    await callAws('ec2:ModifyLaunchTemplate', () => this.client(access).send(command));
  }

  /** null when there is no such image, or not for this account. */
  async image(access: AwsAccess, id: string): Promise<Ec2Image | null> {
    const command = new DescribeImagesCommand({ ImageIds: [id] });
    const answer = await callAws('ec2:DescribeImages', () => this.client(access).send(command)).catch(
      (error: unknown) => {
        if ((error as { code?: string }).code === 'aws-not-found') return null;
        throw error;
      },
    );
    const found = answer?.Images?.[0];
    if (found === undefined) return null;
    const root = volumesOf(found.BlockDeviceMappings).find(({ deviceName }) => deviceName === found.RootDeviceName);
    return { id, name: found.Name ?? id, rootVolume: root ?? null };
  }

  /** Every type the region sells, in no order. About 15 calls. */
  async describeInstanceTypes(access: AwsAccess): Promise<DescribedInstanceType[]> {
    const pages = paginateDescribeInstanceTypes({ client: this.client(access), pageSize: TYPES_A_PAGE }, {});
    const types = await collectPages('ec2:DescribeInstanceTypes', pages, (page) => page.InstanceTypes);
    return types.map(described);
  }

  private client(access: AwsAccess): EC2Client {
    return this.clients.get(EC2Client, access);
  }
}

function toVersion(found: LaunchTemplateVersion): Ec2LaunchTemplateVersion {
  const data = found.LaunchTemplateData ?? {};
  const ofInterfaces = (data.NetworkInterfaces ?? []).flatMap((each) => each.Groups ?? []);
  return {
    id: found.LaunchTemplateId!,
    name: found.LaunchTemplateName!,
    versionNumber: found.VersionNumber!,
    userData: data.UserData ?? null,
    imageId: data.ImageId ?? null,
    securityGroupIds: [...new Set([...(data.SecurityGroupIds ?? []), ...ofInterfaces])],
    volumes: volumesOf(data.BlockDeviceMappings),
  };
}

function volumesOf(mappings: { DeviceName?: string; Ebs?: { VolumeSize?: number } }[] = []): Ec2Volume[] {
  return mappings
    .filter((mapping) => mapping.DeviceName !== undefined && mapping.Ebs?.VolumeSize !== undefined)
    .map((mapping) => ({ deviceName: mapping.DeviceName!, sizeBytes: mapping.Ebs!.VolumeSize! * GIB }));
}

function described(type: InstanceTypeInfo): DescribedInstanceType {
  return {
    instanceType: type.InstanceType!,
    architectures: type.ProcessorInfo?.SupportedArchitectures ?? [],
    vcpus: type.VCpuInfo?.DefaultVCpus ?? 0,
    memoryMiB: type.MemoryInfo?.SizeInMiB ?? 0,
    gpus: (type.GpuInfo?.Gpus ?? []).map((gpu) => ({
      manufacturer: gpu.Manufacturer ?? 'unknown',
      name: gpu.Name ?? 'unknown',
      // A fraction of a GPU counts as none, and as one logical one.
      count: gpu.LogicalGpuCount ?? gpu.Count ?? 0,
      memoryMiB: gpu.MemoryInfo?.SizeInMiB ?? 0,
    })),
    currentGeneration: type.CurrentGeneration ?? false,
    usageClasses: type.SupportedUsageClasses ?? [],
    bareMetal: type.BareMetal ?? false,
  };
}
