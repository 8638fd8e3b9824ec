import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { exampleId } from '../../common/fields.js';
import { CATALOGUE_SOURCES, type CatalogueSource } from '../catalogue-source.js';
import type { InstanceTypeRow } from '../instance-type.entity.js';
import { ARCHITECTURES, type InstanceGpu, type InstanceType } from '../instance-type.js';

@ApiSchema({ name: 'InstanceGpu' })
export class InstanceGpuDto implements InstanceGpu {
  @ApiProperty({ example: 'NVIDIA' })
  manufacturer: string;

  @ApiProperty({ example: 'T4' })
  model: string;

  @ApiProperty({ type: 'integer', example: 1 })
  count: number;

  @ApiProperty({ type: 'integer', description: 'Of one GPU.', example: 17_179_869_184 })
  memoryBytes: number;
}

@ApiSchema({ name: 'InstanceType', description: 'An EC2 instance type.' })
export class InstanceTypeDto implements InstanceType {
  static readonly example: InstanceTypeDto = {
    instanceType: 'g4dn.2xlarge',
    family: 'g4dn',
    architecture: 'x86_64',
    vcpus: 8,
    memoryBytes: 34_359_738_368,
    gpu: { manufacturer: 'NVIDIA', model: 'T4', count: 1, memoryBytes: 17_179_869_184 },
    currentGeneration: true,
    spot: true,
    bareMetal: false,
    compatibilityGroupIds: [exampleId('compatibilityGroup')],
    regions: ['eu-west-1'],
    source: 'aws',
    asOf: '2026-01-31T04:31:07.000Z',
  };

  @ApiProperty({ example: 'g4dn.2xlarge' })
  instanceType: string;

  @ApiProperty({ example: 'g4dn' })
  family: string;

  @ApiProperty({ enum: [...ARCHITECTURES], enumName: 'Architecture', example: 'x86_64' })
  architecture: InstanceType['architecture'];

  @ApiProperty({ type: 'integer', example: 8 })
  vcpus: number;

  @ApiProperty({ type: 'integer', example: 34_359_738_368 })
  memoryBytes: number;

  @ApiProperty({ type: InstanceGpuDto, nullable: true, description: 'null: it has none.' })
  gpu: InstanceGpuDto | null;

  @ApiProperty({ example: true })
  currentGeneration: boolean;

  @ApiProperty({ description: 'Whether it is sold as Spot.', example: true })
  spot: boolean;

  @ApiProperty({ example: false })
  bareMetal: boolean;

  @ApiProperty({ type: [String], description: 'Groups it belongs to.', example: [exampleId('compatibilityGroup')] })
  compatibilityGroupIds: string[];

  @ApiProperty({
    type: [String],
    description:
      'Regions of registered environments where AWS sold it at the last look; empty while AWS was not asked.',
    example: ['eu-west-1'],
  })
  regions: string[];

  @ApiProperty({
    enum: [...CATALOGUE_SOURCES],
    enumName: 'CatalogueSource',
    description: '`aws`: EC2 said so to this server. `snapshot`: it came with this release.',
    example: 'aws',
  })
  source: CatalogueSource;

  @ApiProperty({ format: 'date-time', description: 'Of when the source is.', example: '2026-01-31T04:31:07.000Z' })
  asOf: string;
}

export function toInstanceTypeDto(row: InstanceTypeRow, compatibilityGroupIds: string[]): InstanceTypeDto {
  const { id: instanceType, family, architecture, vcpus, memoryBytes, gpu, currentGeneration, spot, bareMetal } = row;
  return {
    instanceType,
    family,
    architecture,
    vcpus,
    memoryBytes,
    gpu,
    currentGeneration,
    spot,
    bareMetal,
    compatibilityGroupIds,
    regions: row.regions,
    source: row.source,
    asOf: row.asOf.toISOString(),
  };
}
