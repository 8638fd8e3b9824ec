import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { z } from 'zod';
import type { EnrolmentRequest, EnrolmentResponse } from '../../../protocol/agent-api.js';
import { hostFactsSchema, type HostFacts, type HostFinding } from '../../../protocol/host-facts.js';
import { exampleId, StringField } from '../../common/fields.js';
import { HostFactsDto } from '../../hosts/dto/host-facts.dto.js';
import { findingSchema } from '../report.schema.js';
import { SchemaField } from '../schema-field.js';

export const findingsSchema = z.array(findingSchema).max(200);
export const EXAMPLE_FINDINGS: HostFinding[] = [{ check: 'criu', severity: 'ok', message: 'CRIU 4.2.1 works' }];

@ApiSchema({ name: 'Enrolment', description: 'A machine that wants to be a host.' })
export class EnrolmentDto implements EnrolmentRequest {
  static readonly example: EnrolmentDto = {
    machineId: '019aa0b4-6f0c-7c3e-9b1f-1d2f3a4b5c6d',
    facts: HostFactsDto.example,
    findings: EXAMPLE_FINDINGS,
  };

  @StringField({
    maxLength: 128,
    description: 'Made once by the agent. A machine that enrols again with it is the same host.',
    example: '019aa0b4-6f0c-7c3e-9b1f-1d2f3a4b5c6d',
  })
  machineId: string;

  @SchemaField(hostFactsSchema, { example: HostFactsDto.example })
  facts: HostFacts;

  @SchemaField(findingsSchema, { example: EXAMPLE_FINDINGS })
  findings: HostFinding[];
}

@ApiSchema({ name: 'EnrolledHost' })
export class EnrolledHostDto implements EnrolmentResponse {
  static readonly example: EnrolledHostDto = {
    hostId: exampleId('host'),
    credential: 'bpa_8Jr0mV5k2bqvXl3dYwq4T6uQzP1sNcHfGaEoRiKxBtM',
  };

  @ApiProperty({ example: exampleId('host') })
  hostId: string;

  @ApiProperty({
    description: 'Shown once; for this host only. The one it replaces stops working.',
    example: EnrolledHostDto.example.credential,
  })
  credential: string;
}
