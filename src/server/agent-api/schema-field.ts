import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { registerDecorator, ValidateIf } from 'class-validator';
import { z } from 'zod';

export interface SchemaFieldOptions {
  description?: string;
  example?: unknown;
  optional?: boolean;
  /** What the document shows instead, when the route checks more than the field does. */
  documented?: z.ZodType;
}

/**
 * A field of an agent's message, whose shape is a schema shared with the agent. Members the schema does not know are let
 * through, so that a newer agent can talk to this server.
 */
export function SchemaField(schema: z.ZodType, options: SchemaFieldOptions = {}): PropertyDecorator {
  const { description, example, optional = false, documented = schema } = options;
  const { $schema: _, ...json } = z.toJSONSchema(documented, { io: 'input', reused: 'inline' }) as Record<
    string,
    unknown
  >;
  return applyDecorators(
    ApiProperty({
      ...json,
      required: !optional,
      ...(description === undefined ? {} : { description }),
      ...(example === undefined ? {} : { example }),
    }),
    ValidateIf((_object, value: unknown) => !(optional && value === undefined)),
    MatchesSchema(schema),
  );
}

function MatchesSchema(schema: z.ZodType): PropertyDecorator {
  return (target, property) => {
    registerDecorator({
      name: 'matchesSchema',
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (value: unknown) => schema.safeParse(value).success,
        defaultMessage: (args) => problemOf(schema, String(property), args?.value),
      },
    });
  };
}

/** The first thing wrong, with its place: `facts.cpu.cores: expected number`. */
export function problemOf(schema: z.ZodType, name: string, value: unknown): string {
  const parsed = schema.safeParse(value);
  const issue = parsed.error?.issues[0];
  return issue === undefined
    ? `${name} is not valid`
    : `${[name, ...issue.path].filter((part) => part !== '').join('.')}: ${issue.message}`;
}
