/** As `uname -m` prints them. */
export const ARCHITECTURES = ['x86_64', 'aarch64'] as const;

/** An EC2 instance type, as `DescribeInstanceTypes` describes it. */
export interface InstanceType {
  /** `m6i.xlarge` */
  instanceType: string;
  /** `m6i` */
  family: string;
  architecture: (typeof ARCHITECTURES)[number];
  vcpus: number;
  memoryBytes: number;
  /** null: none. */
  gpu: InstanceGpu | null;
  currentGeneration: boolean;
  /** Whether Spot sells it. */
  spot: boolean;
  bareMetal: boolean;
}

export interface InstanceGpu {
  /** `NVIDIA` */
  manufacturer: string;
  /** `T4`, `A10G`, `L4` ... */
  model: string;
  count: number;
  /** Of one GPU. */
  memoryBytes: number;
}

/** The architectures there are among them. */
export function architecturesAmong(types: readonly InstanceType[]): string[] {
  return [...new Set(types.map((type) => type.architecture))].sort();
}

/** The GPU models there are among them, each with its memory, and `no GPU`. `A100` of 40 and of 80 GB are two. */
export function gpusAmong(types: readonly InstanceType[]): string[] {
  return [...new Set(types.map(({ gpu }) => describeGpu(gpu)))].sort();
}

export function describeGpu(gpu: InstanceGpu | null): string {
  return gpu === null ? 'no GPU' : `${gpu.manufacturer} ${gpu.model} (${(gpu.memoryBytes / 1024 ** 3).toFixed(0)} GiB)`;
}
