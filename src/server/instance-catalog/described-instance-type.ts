import type { DescribedInstanceType } from '../aws/ec2.api.js';
import type { InstanceGpu, InstanceType } from './instance-type.js';

const MIB = 1024 ** 2;

/** null for a type that runs no Linux containers: Apple's. */
export function toInstanceType(described: DescribedInstanceType): InstanceType | null {
  const { instanceType, architectures, vcpus, memoryMiB, gpus, currentGeneration, usageClasses, bareMetal } = described;
  const architecture = architectures.includes('x86_64')
    ? 'x86_64'
    : architectures.includes('arm64')
      ? 'aarch64'
      : undefined;
  if (architecture === undefined) return null;
  return {
    instanceType,
    family: instanceType.split('.')[0]!,
    architecture,
    vcpus,
    memoryBytes: memoryMiB * MIB,
    gpu: toGpu(gpus),
    currentGeneration,
    spot: usageClasses.includes('spot'),
    bareMetal,
  };
}

function toGpu([gpu]: DescribedInstanceType['gpus']): InstanceGpu | null {
  if (gpu === undefined) return null;
  const { manufacturer, name: model, count, memoryMiB } = gpu;
  return { manufacturer, model, count, memoryBytes: memoryMiB * MIB };
}
