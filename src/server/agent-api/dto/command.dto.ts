import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { z } from 'zod';
import type { Command, CommandList, CommandOutput } from '../../../protocol/agent-api.js';
import type { Failure } from '../../../protocol/failure.js';
import { EnumField, exampleId } from '../../common/fields.js';
import { failureSchema } from '../report.schema.js';
import { SchemaField } from '../schema-field.js';

const COMMAND_TYPES = ['checkpoint', 'restore', 'verify-checkpoint', 'delete-checkpoint', 'verify-storage'];

@ApiSchema({ name: 'AgentCommand', description: 'A unit of work. Which of the ids it carries depends on its type.' })
export class CommandDto {
  @ApiProperty({ example: exampleId('command') })
  id: string;

  @ApiProperty({ format: 'date-time', description: 'Not to be begun after this.', example: '2026-01-31T12:02:00.000Z' })
  expiresAt: string;

  @ApiProperty({ enum: COMMAND_TYPES, enumName: 'CommandType', example: 'checkpoint' })
  type: string;

  @ApiProperty({
    required: false,
    description: "AWS Batch's id of the job.",
    example: '0f3c6a86-6a0f-4f0c-9a49-6a5f5f0b6f0e',
  })
  jobId?: string;

  @ApiProperty({ required: false, example: exampleId('checkpoint') })
  checkpointId?: string;

  @ApiProperty({ type: String, required: false, nullable: true, example: '4f1c0a7d5f0e' })
  containerId?: string | null;

  @ApiProperty({ required: false, example: exampleId('restore') })
  restoreId?: string;

  @ApiProperty({ required: false, example: exampleId('storage') })
  storageId?: string;

  @ApiProperty({ required: false, example: 'b2f1c3' })
  nonce?: string;
}

@ApiSchema({ name: 'AgentCommandList' })
export class CommandListDto implements CommandList {
  static readonly example: CommandListDto = {
    items: [
      {
        id: exampleId('command'),
        expiresAt: '2026-01-31T12:02:00.000Z',
        type: 'checkpoint',
        checkpointId: exampleId('checkpoint'),
        jobId: '0f3c6a86-6a0f-4f0c-9a49-6a5f5f0b6f0e',
        containerId: '4f1c0a7d5f0e',
      },
    ],
  };

  @ApiProperty({ type: [CommandDto], description: 'Oldest first; empty on time-out.' })
  items: Command[];
}

const outputSchema = z.object({
  bytesRead: z.number().nonnegative().optional(),
  canariesSeen: z.array(z.string()).optional(),
  seconds: z.number().nonnegative().optional(),
});

@ApiSchema({ name: 'AgentCommandResult' })
export class CommandResultDto {
  static readonly example: CommandResultDto = { status: 'succeeded', output: {} };

  @EnumField(['succeeded', 'failed'], 'CommandResultStatus', { example: 'succeeded' })
  status: 'succeeded' | 'failed';

  @SchemaField(outputSchema, { optional: true, description: 'When succeeded: what the work found out.', example: {} })
  output?: CommandOutput;

  @SchemaField(failureSchema, { optional: true, description: 'When failed: why.' })
  failure?: Failure;
}
