import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { SessionRequest, SessionResponse } from '../../../protocol/agent-api.js';
import { hostFactsSchema, type HostFacts, type HostFinding } from '../../../protocol/host-facts.js';
import { HostFactsDto } from '../../hosts/dto/host-facts.dto.js';
import { SchemaField } from '../schema-field.js';
import { AgentConfigDto } from './agent-config.dto.js';
import { EXAMPLE_FINDINGS, findingsSchema } from './enrolment.dto.js';

@ApiSchema({ name: 'OpenSession', description: 'A process of the agent that has just started.' })
export class OpenSessionDto implements SessionRequest {
  static readonly example: OpenSessionDto = { facts: HostFactsDto.example, findings: EXAMPLE_FINDINGS };

  @SchemaField(hostFactsSchema, { example: HostFactsDto.example })
  facts: HostFacts;

  @SchemaField(findingsSchema, { example: EXAMPLE_FINDINGS })
  findings: HostFinding[];
}

@ApiSchema({ name: 'AgentSession' })
export class AgentSessionDto implements SessionResponse {
  static readonly example: AgentSessionDto = { session: 1, config: AgentConfigDto.example };

  @ApiProperty({
    type: 'integer',
    description: 'For the header `Batchpoint-Session` of every other call. Older ones are refused from now on.',
    example: 1,
  })
  session: number;

  @ApiProperty({ type: AgentConfigDto })
  config: AgentConfigDto;
}
