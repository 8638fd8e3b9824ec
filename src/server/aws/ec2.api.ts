import { Injectable } from '@nestjs/common';
import { EC2Client, type InstanceTypeInfo, paginateDescribeInstanceTypes } from '@aws-sdk/client-ec2';
import type { AwsAccess } from './aws-access.js';
import { collectPages } from './aws-call.js';
import { AwsClients } from './aws-clients.js';

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

  /** Every type the region sells, in no order. About 15 calls. */
  async describeInstanceTypes(access: AwsAccess): Promise<DescribedInstanceType[]> {
    const client = this.clients.get(EC2Client, access);
    const pages = paginateDescribeInstanceTypes({ client, pageSize: TYPES_A_PAGE }, {});
    const types = await collectPages('ec2:DescribeInstanceTypes', pages, (page) => page.InstanceTypes);
    return types.map(described);
  }
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
