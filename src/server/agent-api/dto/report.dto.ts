import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { z } from 'zod';
import type { Report, ReportResult } from '../../../protocol/agent-api.js';
import { exampleId } from '../../common/fields.js';
import { reportEnvelopeSchema, reportSchema } from '../report.schema.js';
import { SchemaField } from '../schema-field.js';

@ApiSchema({ name: 'ReportBatch' })
export class ReportBatchDto {
  static readonly example: ReportBatchDto = {
    items: [
      {
        id: exampleId('report'),
        at: '2026-01-31T12:00:00.000Z',
        type: 'job-event',
        jobId: '0f3c6a86-6a0f-4f0c-9a49-6a5f5f0b6f0e',
        containerId: '4f1c0a7d5f0e',
        event: 'job-started-fresh',
        message: 'There was no checkpoint to restore from.',
      },
    ],
  };

  @SchemaField(reportEnvelopeSchema, {
    documented: z.array(reportSchema).max(200),
    description: 'In the order they were made. One that is malformed is rejected by itself; the others are taken.',
  })
  items: Report[];
}

@ApiSchema({ name: 'RejectedReport' })
export class RejectedReportDto {
  @ApiProperty({ example: exampleId('report') })
  id: string;

  @ApiProperty({ example: "checkpoint ckpt_... is another host's" })
  detail: string;
}

@ApiSchema({ name: 'ReportResult' })
export class ReportResultDto implements ReportResult {
  static readonly example: ReportResultDto = { accepted: 1, duplicates: 0, rejected: [] };

  @ApiProperty({ type: 'integer', example: 1 })
  accepted: number;

  @ApiProperty({ type: 'integer', description: 'Seen before.', example: 0 })
  duplicates: number;

  @ApiProperty({ type: [RejectedReportDto], description: 'Those that can never be taken: drop them.' })
  rejected: RejectedReportDto[];
}
