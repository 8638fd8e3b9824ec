import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { z } from 'zod';
import {
  type HeartbeatRequest,
  type HeartbeatResponse,
  MOST_SEEN_HOSTS,
  type StorageHealth,
} from '../../../protocol/agent-api.js';
import type { HostFinding } from '../../../protocol/host-facts.js';
import { exampleId, IntegerField } from '../../common/fields.js';
import { SchemaField } from '../schema-field.js';
import { AgentConfigDto } from './agent-config.dto.js';
import { EXAMPLE_FINDINGS, findingsSchema } from './enrolment.dto.js';

const MAX_COUNT = 2_147_483_647;
const storageHealthSchema = z
  .object({
    storageId: z.string().min(1).max(128),
    ready: z.boolean(),
    reason: z.string().nullable(),
    freeBytes: z.number().int().nonnegative().nullable(),
    totalBytes: z.number().int().nonnegative().nullable(),
    fileSystem: z.object({ type: z.string().max(64), source: z.string().max(4096) }).nullish(),
    seesHosts: z.array(z.string().min(1).max(128)).max(MOST_SEEN_HOSTS).optional(),
  })
  .nullable();

@ApiSchema({ name: 'Heartbeat' })
export class HeartbeatDto implements HeartbeatRequest {
  static readonly example: HeartbeatDto = {
    storage: {
      storageId: exampleId('storage'),
      ready: true,
      reason: null,
      freeBytes: 8_796_093_022_208,
      totalBytes: 9_223_372_036_854,
      fileSystem: { type: 'nfs4', source: '127.0.0.1:/' },
      seesHosts: [exampleId('host')],
    },
    runningJobs: 1,
    unsentReports: 0,
    findings: EXAMPLE_FINDINGS,
  };

  @SchemaField(storageHealthSchema, {
    description: 'null until the agent has a storage.',
    example: HeartbeatDto.example.storage,
  })
  storage: StorageHealth | null;

  @IntegerField({ example: 1, maximum: MAX_COUNT })
  runningJobs: number;

  @IntegerField({ example: 0, maximum: MAX_COUNT, description: "Reports waiting on the agent's disk." })
  unsentReports: number;

  @SchemaField(findingsSchema, { example: EXAMPLE_FINDINGS })
  findings: HostFinding[];
}

@ApiSchema({ name: 'HeartbeatAnswer' })
export class HeartbeatAnswerDto implements HeartbeatResponse {
  static readonly example: HeartbeatAnswerDto = { config: null };

  @ApiProperty({
    type: AgentConfigDto,
    nullable: true,
    description: 'null when the revision in `If-None-Match` is current.',
  })
  config: AgentConfigDto | null;
}
