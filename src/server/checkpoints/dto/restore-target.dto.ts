import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { exampleId } from '../../common/fields.js';
import { FAILURE_CODES, type FailureCode } from '../../../protocol/failure.js';
import type { Page } from '../../common/page.dto.js';
import { HOST_STATUSES, type HostStatus } from '../../hosts/host-status.js';
import { TARGET_BASES, type TypeTarget } from '../type-target.js';

@ApiSchema({ name: 'RestoreObstacle', description: 'Why an image cannot restore on a host, or on hosts of a type.' })
export class RestoreObstacleDto {
  @ApiProperty({ enum: [...FAILURE_CODES], enumName: 'FailureCode', example: 'cpu-features-missing' })
  code: FailureCode;

  @ApiProperty({ example: "the job may use CPU features this host's AMD EPYC 7R32 lacks: avx512f" })
  message: string;

  @ApiProperty({ example: 'allow only instance types of one compatibility group' })
  remedy: string;
}

@ApiSchema({ name: 'RestoreTarget', description: 'A host, and whether an image can restore there.' })
export class RestoreTargetDto {
  static readonly example: RestoreTargetDto = {
    hostId: exampleId('host'),
    hostName: 'ip-10-0-1-17',
    instanceType: 'm7i.xlarge',
    hostStatus: 'online',
    suitable: true,
    obstacles: [],
  };

  @ApiProperty({ example: exampleId('host') })
  hostId: string;

  @ApiProperty({ example: 'ip-10-0-1-17' })
  hostName: string;

  @ApiProperty({ type: String, nullable: true, example: 'm7i.xlarge' })
  instanceType: string | null;

  @ApiProperty({ enum: [...HOST_STATUSES], enumName: 'HostStatus', example: 'online' })
  hostStatus: HostStatus;

  @ApiProperty({ example: true })
  suitable: boolean;

  @ApiProperty({ type: [RestoreObstacleDto], description: 'All reasons why not; empty when it is suitable.' })
  obstacles: RestoreObstacleDto[];
}

@ApiSchema({
  name: 'RestoreTargetType',
  description: 'An instance type, and whether an image can restore on hosts of it.',
})
export class RestoreTargetTypeDto implements TypeTarget {
  static readonly example: RestoreTargetTypeDto = {
    instanceType: 'm7i.xlarge',
    basis: 'measured',
    suitable: true,
    obstacles: [],
  };

  @ApiProperty({ example: 'm7i.xlarge' })
  instanceType: string;

  @ApiProperty({
    enum: [...TARGET_BASES],
    enumName: 'RestoreTargetBasis',
    description:
      '`measured`: hosts of this type have been seen, and what they measured decides. `group`: none was seen, but it shares a compatibility group with ' +
      "the image's host. `unknown`: neither.",
    example: 'measured',
  })
  basis: TypeTarget['basis'];

  @ApiProperty({
    type: Boolean,
    nullable: true,
    description: 'null: nothing is known against it, but nothing for it either (basis `unknown`).',
    example: true,
  })
  suitable: boolean | null;

  @ApiProperty({ type: [RestoreObstacleDto], description: 'All reasons why not.', example: [] })
  obstacles: RestoreObstacleDto[];
}

@ApiSchema({ name: 'RestoreTargetPage' })
export class RestoreTargetPageDto implements Page<RestoreTargetDto> {
  static readonly example: RestoreTargetPageDto = {
    items: [RestoreTargetDto.example],
    nextPageToken: null,
    instanceTypes: [RestoreTargetTypeDto.example],
  };

  @ApiProperty({ type: [RestoreTargetDto] })
  items: RestoreTargetDto[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Give it as `pageToken` for the next page; null on the last. The `Link` header carries the whole URL.',
  })
  nextPageToken: string | null;

  @ApiProperty({
    type: [RestoreTargetTypeDto],
    description:
      "On the first page: the types the image's compute environment may launch, or those the query asks for, all of them. On later pages empty.",
  })
  instanceTypes: RestoreTargetTypeDto[];
}
