/** An EC2 instance type, as `DescribeInstanceTypes` describes it. */
export interface InstanceType {
  /** `m6i.xlarge` */
  instanceType: string;
  /** `m6i` */
  family: string;
  /** As `uname -m` prints it. */
  architecture: 'x86_64' | 'aarch64';
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
