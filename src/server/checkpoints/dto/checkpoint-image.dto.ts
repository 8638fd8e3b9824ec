import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { exampleId } from '../../common/fields.js';
import { HostGpuDto } from '../../hosts/dto/host-facts.dto.js';
import type { CheckpointImage } from '../../../protocol/agent-api.js';

@ApiSchema({ name: 'CheckpointImage', description: 'What lies on the storage.' })
export class CheckpointImageDto implements Omit<CheckpointImage, 'storageId' | 'cpuFlags'> {
  static readonly example: CheckpointImageDto = {
    sequence: 1,
    parentId: null,
    path: `batchpoint/jobs/0f3c6a86-6a0f-4f0c-9a49-6a5f5f0b6f0e/00000001-${exampleId('checkpoint')}`,
    totalBytes: 2_149_580_800,
    residentBytes: 2_147_483_648,
    writableLayerBytes: 1_048_576,
    gpus: [],
    architecture: 'x86_64',
    kernel: '6.1.112-122.189.amzn2023.x86_64',
    criuVersion: '4.2.1',
    runcVersion: '1.3.6',
    containerImage: 'registry.example.com/align:3',
    containerImageId: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    freezeSeconds: 0.41,
    dumpSeconds: 1.2,
    totalSeconds: 1.9,
  };

  @ApiProperty({ type: 'integer', description: 'Rises by one with each committed checkpoint of the job.', example: 1 })
  sequence: number;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The checkpoint this one builds on; null for a full image.',
    example: null,
  })
  parentId: string | null;

  @ApiProperty({ description: "Relative to the storage's mount path.", example: CheckpointImageDto.example.path })
  path: string;

  @ApiProperty({ type: 'integer', example: 2_149_580_800 })
  totalBytes: number;

  @ApiProperty({ type: 'integer', description: 'Memory in the image.', example: 2_147_483_648 })
  residentBytes: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'null when policy leaves the writable layer out.',
    example: 1_048_576,
  })
  writableLayerBytes: number | null;

  @ApiProperty({
    type: [HostGpuDto],
    required: false,
    description: 'GPUs whose memory is in the image; empty or absent: none.',
    example: [],
  })
  gpus?: HostGpuDto[];

  @ApiProperty({ example: 'x86_64' })
  architecture: string;

  @ApiProperty({ example: '6.1.112-122.189.amzn2023.x86_64' })
  kernel: string;

  @ApiProperty({ type: String, nullable: true, example: '4.2.1' })
  criuVersion: string | null;

  @ApiProperty({ type: String, nullable: true, example: '1.3.6' })
  runcVersion: string | null;

  @ApiProperty({ example: 'registry.example.com/align:3' })
  containerImage: string;

  @ApiProperty({ example: CheckpointImageDto.example.containerImageId })
  containerImageId: string;

  @ApiProperty({ description: 'How long the job stood still.', example: 0.41 })
  freezeSeconds: number;

  @ApiProperty({ example: 1.2 })
  dumpSeconds: number;

  @ApiProperty({ description: 'From the start to the commit.', example: 1.9 })
  totalSeconds: number;
}
