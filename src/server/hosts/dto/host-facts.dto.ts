import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { Gpu } from '../../../protocol/gpu.js';
import type { HostFacts } from '../../../protocol/host-facts.js';

@ApiSchema({ name: 'HostCpu' })
export class HostCpuDto {
  @ApiProperty({ example: 'GenuineIntel' })
  vendor: string;

  @ApiProperty({ example: 'Intel(R) Xeon(R) Platinum 8488C' })
  model: string;

  @ApiProperty({ type: 'integer', example: 4 })
  cores: number;

  @ApiProperty({
    type: [String],
    description: 'What `/proc/cpuinfo` lists as flags (x86) or Features (arm).',
    example: ['avx2', 'sse4_2'],
  })
  flags: string[];

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'CPU state of a thread (XSAVE), bytes; null where the CPU has none.',
    example: 2696,
  })
  xsaveBytes: number | null;
}

@ApiSchema({ name: 'HostSoftware', description: 'Versions; null where the tool is missing or does not run.' })
export class HostSoftwareDto {
  @ApiProperty({ example: '0.1.0' })
  batchpoint: string;

  @ApiProperty({ type: String, nullable: true, example: '4.2.1' })
  criu: string | null;

  @ApiProperty({ type: String, nullable: true, example: '1.3.6' })
  runc: string | null;

  @ApiProperty({ type: String, nullable: true, example: '28.5.1' })
  docker: string | null;
}

@ApiSchema({ name: 'HostInstance', description: 'From EC2 instance metadata.' })
export class HostInstanceDto {
  @ApiProperty({ example: 'i-0123456789abcdef0' })
  instanceId: string;

  @ApiProperty({ example: 'm7i.xlarge' })
  instanceType: string;

  @ApiProperty({ example: 'eu-west-1' })
  region: string;

  @ApiProperty({ example: 'eu-west-1a' })
  availabilityZone: string;
}

@ApiSchema({ name: 'HostGpu' })
export class HostGpuDto implements Gpu {
  @ApiProperty({ description: 'As the driver names it.', example: 'Tesla T4' })
  model: string;

  @ApiProperty({ type: 'integer', example: 16_106_127_360 })
  memoryBytes: number;

  @ApiProperty({
    required: false,
    description: 'Of this very card.',
    example: 'GPU-5a3c1b0e-7d2f-4c7a-9a57-0c1d2e3f4a5b',
  })
  uuid?: string;
}

@ApiSchema({ name: 'HostFacts', description: 'What the agent measured of its machine.' })
export class HostFactsDto implements HostFacts {
  static readonly example: HostFactsDto = {
    hostName: 'ip-10-0-1-17',
    architecture: 'x86_64',
    kernel: '6.1.112-122.189.amzn2023.x86_64',
    cpu: {
      vendor: 'GenuineIntel',
      model: 'Intel(R) Xeon(R) Platinum 8488C',
      cores: 4,
      flags: ['avx2', 'sse4_2'],
      xsaveBytes: 2696,
    },
    memoryBytes: 16_642_998_272,
    gpus: [],
    nvidiaDriver: null,
    gpuCheckpoints: false,
    cgroupVersion: 2,
    software: { batchpoint: '0.1.0', criu: '4.2.1', runc: '1.3.6', docker: '28.5.1' },
    instance: {
      instanceId: 'i-0123456789abcdef0',
      instanceType: 'm7i.xlarge',
      region: 'eu-west-1',
      availabilityZone: 'eu-west-1a',
    },
  };

  @ApiProperty({ example: 'ip-10-0-1-17' })
  hostName: string;

  @ApiProperty({ description: 'As `uname -m` prints it.', example: 'x86_64' })
  architecture: string;

  @ApiProperty({ example: '6.1.112-122.189.amzn2023.x86_64' })
  kernel: string;

  @ApiProperty({ type: HostCpuDto })
  cpu: HostCpuDto;

  @ApiProperty({ type: 'integer', example: 16_642_998_272 })
  memoryBytes: number;

  @ApiProperty({
    type: [HostGpuDto],
    required: false,
    description: 'NVIDIA GPUs; empty where there is none, absent where the agent did not look for them.',
    example: [],
  })
  gpus?: HostGpuDto[];

  @ApiProperty({
    type: String,
    nullable: true,
    required: false,
    description: 'Version of the loaded NVIDIA driver; null or absent where none answers.',
    example: null,
  })
  nvidiaDriver?: string | null;

  @ApiProperty({
    required: false,
    description:
      "The agent carries the memory of a job's GPU, and finds on this host what that takes; absent where it does not say.",
    example: false,
  })
  gpuCheckpoints?: boolean;

  @ApiProperty({ enum: [1, 2], enumName: 'CgroupVersion', example: 2 })
  cgroupVersion: 1 | 2;

  @ApiProperty({ type: HostSoftwareDto })
  software: HostSoftwareDto;

  @ApiProperty({ type: HostInstanceDto, nullable: true, description: 'null off EC2.' })
  instance: HostInstanceDto | null;
}
