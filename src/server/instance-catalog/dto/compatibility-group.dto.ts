import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { exampleId } from '../../common/fields.js';
import { LabelsProperty } from '../../common/labels.js';
import type { GroupSource } from '../built-in-groups.js';
import type { Catalogue } from '../catalogue.js';
import type { CompatibilityGroup } from '../compatibility-group.entity.js';
import { ARCHITECTURES, type InstanceType } from '../instance-type.js';

@ApiSchema({ name: 'CompatibilityGroupSource', description: 'Where a built-in group comes from.' })
export class CompatibilityGroupSourceDto implements GroupSource {
  @ApiProperty({ example: 'MMBatch, Prerequisites and Considerations' })
  document: string;

  @ApiProperty({ example: 'AWS Approved CPU/GPU Matching Instance Types' })
  section: string;

  @ApiProperty({ description: 'The line, as it stands there.', example: 'Group 7: g4dn.2xlarge - g4dn.4xlarge' })
  listed: string;

  @ApiProperty({ example: 'g4dn.2xlarge' })
  firstInstanceType: string;

  @ApiProperty({ example: 'g4dn.4xlarge' })
  lastInstanceType: string;

  @ApiProperty({
    type: [String],
    description: 'Sizes the line names that AWS does not sell, by the catalogue; empty when it sells both.',
    example: [],
  })
  notSold: string[];
}

@ApiSchema({
  name: 'CompatibilityGroup',
  description:
    'Instance types among which an image is expected to restore. What hosts have measured counts for more: see restore targets.',
})
export class CompatibilityGroupDto {
  static readonly example: CompatibilityGroupDto = {
    id: exampleId('compatibilityGroup'),
    version: 1,
    name: 'g4dn.2xlarge-g4dn.4xlarge',
    description: null,
    builtIn: true,
    source: {
      document: 'MMBatch, Prerequisites and Considerations',
      section: 'AWS Approved CPU/GPU Matching Instance Types',
      listed: 'Group 7: g4dn.2xlarge - g4dn.4xlarge',
      firstInstanceType: 'g4dn.2xlarge',
      lastInstanceType: 'g4dn.4xlarge',
      notSold: [],
    },
    instanceTypes: ['g4dn.2xlarge', 'g4dn.4xlarge'],
    architecture: 'x86_64',
    gpuModel: 'T4',
    labels: {},
    createdAt: '2026-01-31T12:00:00.000Z',
    updatedAt: '2026-01-31T12:00:00.000Z',
  };

  @ApiProperty({ example: exampleId('compatibilityGroup') })
  id: string;

  @ApiProperty({ type: 'integer', description: 'Rises with each change; the ETag.', example: 1 })
  version: number;

  @ApiProperty({ example: 'g4dn.2xlarge-g4dn.4xlarge' })
  name: string;

  @ApiProperty({ type: String, nullable: true, example: null })
  description: string | null;

  @ApiProperty({ description: 'Comes with the server and cannot be changed.', example: true })
  builtIn: boolean;

  @ApiProperty({ type: CompatibilityGroupSourceDto, nullable: true, description: 'null: made by a user.' })
  source: CompatibilityGroupSourceDto | null;

  @ApiProperty({
    type: [String],
    description: 'Of a built-in group: every size AWS sells from the first named to the last, bare metal left out.',
    example: ['g4dn.2xlarge', 'g4dn.4xlarge'],
  })
  instanceTypes: string[];

  @ApiProperty({
    enum: [...ARCHITECTURES],
    enumName: 'Architecture',
    nullable: true,
    description: 'Of all its types; null when the catalogue has none of them.',
    example: 'x86_64',
  })
  architecture: InstanceType['architecture'] | null;

  @ApiProperty({ type: String, nullable: true, description: 'Of all its types; null: no GPU.', example: 'T4' })
  gpuModel: string | null;

  @LabelsProperty()
  labels: Record<string, string>;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  createdAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  updatedAt: string;
}

export function toCompatibilityGroupDto(row: CompatibilityGroup, catalogue: Catalogue): CompatibilityGroupDto {
  const { id, version, name, description, builtIn, source, instanceTypes, labels } = row;
  const type = instanceTypes.map((member) => catalogue.get(member)).find((found) => found !== undefined);
  return {
    id,
    version,
    name,
    description,
    builtIn,
    source,
    instanceTypes,
    architecture: type?.architecture ?? null,
    gpuModel: type?.gpu?.model ?? null,
    labels,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
