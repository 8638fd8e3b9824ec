import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { AgentConfig, AgentStorage } from '../../../protocol/agent-api.js';
import { exampleId } from '../../common/fields.js';
import { PolicyDto } from '../../settings/dto/policy.dto.js';

@ApiSchema({ name: 'AgentStorage' })
export class AgentStorageDto implements AgentStorage {
  @ApiProperty({ example: exampleId('storage') })
  id: string;

  @ApiProperty({ example: 'nfs' })
  kind: string;

  @ApiProperty({ description: 'Where it is mounted on every host.', example: '/mnt/checkpoints' })
  mountPath: string;

  @ApiProperty({
    type: [String],
    description: 'File-system types that prove the right thing is mounted; empty: any.',
    example: ['nfs', 'nfs4'],
  })
  fileSystemTypes: string[];
}

@ApiSchema({ name: 'AgentEnvironment' })
export class AgentEnvironmentDto {
  @ApiProperty({ example: exampleId('computeEnvironment') })
  id: string;

  @ApiProperty({ example: 'spot-m7i' })
  name: string;
}

@ApiSchema({ name: 'AgentConfig', description: 'What an agent must know to protect jobs without the server.' })
export class AgentConfigDto implements AgentConfig {
  static readonly example: AgentConfigDto = {
    revision: '5f2b1c9d0e3a4b67',
    hostId: exampleId('host'),
    heartbeatSeconds: 15,
    pollSeconds: 25,
    computeEnvironment: { id: exampleId('computeEnvironment'), name: 'spot-m7i' },
    storage: { id: exampleId('storage'), kind: 'nfs', mountPath: '/mnt/checkpoints', fileSystemTypes: ['nfs', 'nfs4'] },
    policy: PolicyDto.example,
    pinnedCheckpoints: [],
  };

  @ApiProperty({ description: 'Changes whenever anything below does.', example: '5f2b1c9d0e3a4b67' })
  revision: string;

  @ApiProperty({ example: exampleId('host') })
  hostId: string;

  @ApiProperty({ example: 15 })
  heartbeatSeconds: number;

  @ApiProperty({ description: 'Longest time to hold a poll for commands open.', example: 25 })
  pollSeconds: number;

  @ApiProperty({ type: AgentEnvironmentDto, nullable: true })
  computeEnvironment: AgentEnvironmentDto | null;

  @ApiProperty({ type: AgentStorageDto, nullable: true })
  storage: AgentStorageDto | null;

  @ApiProperty({ type: PolicyDto })
  policy: PolicyDto;

  @ApiProperty({ type: [String], description: 'Checkpoints not to prune.', example: [] })
  pinnedCheckpoints: string[];
}
