import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { mergePolicy, type Policy } from '../../../protocol/policy.js';
import { exampleId } from '../../common/fields.js';
import { LabelsProperty } from '../../common/labels.js';
import { PolicyDto, PolicyOverrideDto } from '../../settings/dto/policy.dto.js';
import type { ComputeEnvironment } from '../compute-environment.entity.js';

@ApiSchema({
  name: 'ComputeEnvironment',
  description: 'An AWS Batch compute environment registered here, with its storage and policy.',
})
export class ComputeEnvironmentDto {
  static readonly example: ComputeEnvironmentDto = {
    id: exampleId('computeEnvironment'),
    version: 1,
    name: 'spot-m6i',
    storageId: exampleId('storage'),
    instanceTypes: ['m6i.xlarge', 'm6i.2xlarge'],
    policy: { interval: '5m' },
    effectivePolicy: { ...PolicyDto.example, interval: '5m' },
    labels: { team: 'genomics' },
    createdAt: '2026-01-31T12:00:00.000Z',
    updatedAt: '2026-01-31T12:00:00.000Z',
  };

  @ApiProperty({ example: exampleId('computeEnvironment') })
  id: string;

  @ApiProperty({ type: 'integer', description: 'Rises with each change; the ETag.', example: 1 })
  version: number;

  @ApiProperty({ description: "AWS Batch's name of it.", example: 'spot-m6i' })
  name: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Where its checkpoints go; null: nowhere, so nothing is protected.',
    example: exampleId('storage'),
  })
  storageId: string | null;

  @ApiProperty({
    type: [String],
    description: 'Types and families it may use, as registered in AWS Batch.',
    example: ['m6i.xlarge', 'm6i.2xlarge'],
  })
  instanceTypes: string[];

  @ApiProperty({ type: PolicyOverrideDto, description: 'What differs here from the system policy.' })
  policy: PolicyOverrideDto;

  @ApiProperty({
    type: PolicyDto,
    description: 'The policy in force: the system policy with `policy` over it. Jobs may say otherwise for themselves.',
  })
  effectivePolicy: PolicyDto;

  @LabelsProperty()
  labels: Record<string, string>;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  createdAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  updatedAt: string;
}

export function toComputeEnvironmentDto(row: ComputeEnvironment, system: Policy): ComputeEnvironmentDto {
  const { id, version, name, storageId, instanceTypes, policy, labels } = row;
  return {
    id,
    version,
    name,
    storageId,
    instanceTypes,
    policy,
    effectivePolicy: mergePolicy(system, policy),
    labels,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
