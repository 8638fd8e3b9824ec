import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { exampleId } from '../../common/fields.js';
import { FAILURE_CODES, type FailureCode } from '../../../protocol/failure.js';
import { HOST_STATUSES, type HostStatus } from '../../hosts/host-status.js';

@ApiSchema({ name: 'RestoreObstacle', description: 'Why an image cannot restore on a host.' })
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
