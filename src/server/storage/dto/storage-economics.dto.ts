import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { StorageCost, StorageEconomics, ThroughputCeiling } from '../storage-economics.js';

class SourcedDto {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Where the figure stands.',
    example: 'https://aws.amazon.com/efs/pricing/',
  })
  source: string | null;

  @ApiProperty({
    type: String,
    format: 'date',
    nullable: true,
    description: 'When it was looked up there.',
    example: '2026-11-26',
  })
  asOf: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What the figure is of, or why there is none.',
    example: 'List price of the Standard storage class of a Regional file system.',
  })
  note: string | null;
}

@ApiSchema({
  name: 'ThroughputCeiling',
  description: 'The most that all hosts together can do, before anything else is the limit. null: not known.',
})
export class ThroughputCeilingDto extends SourcedDto implements ThroughputCeiling {
  @ApiProperty({ type: 'integer', nullable: true, description: 'MiB a second.', example: 5120 })
  writeMibPerSecond: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'MiB a second.', example: 61_440 })
  readMibPerSecond: number | null;
}

@ApiSchema({
  name: 'StorageCost',
  description: 'List price, before taxes, requests and transfers. null: not known.',
})
export class StorageCostDto extends SourcedDto implements StorageCost {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'For one GiB over a month, a decimal number.',
    example: '0.30',
  })
  perGibMonth: string | null;

  @ApiProperty({ example: 'USD' })
  currency: string;

  @ApiProperty({ type: String, nullable: true, description: 'Region the price is of.', example: 'us-east-1' })
  region: string | null;
}

@ApiSchema({ name: 'StorageEconomics', description: 'How fast the storage can be, and what it costs.' })
export class StorageEconomicsDto implements StorageEconomics {
  @ApiProperty({ type: ThroughputCeilingDto })
  throughput: ThroughputCeilingDto;

  @ApiProperty({ type: StorageCostDto })
  cost: StorageCostDto;
}
