import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsObject,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { DURATION_PATTERN } from '../../protocol/duration.js';
import { type IdKind, idPattern } from '../../protocol/ids.js';

/**
 * Field decorators for request DTOs: validation and OpenAPI in one.
 *
 *   class CreateThingDto {
 *     @StringField({ maxLength: 100, example: 'shared' }) name: string;
 *     @DurationField({ optional: true, nullable: true, example: '15m' }) interval?: string | null;
 *   }
 *
 * `optional`: may be absent (the property is then undefined). `nullable`: may be null, which in a merge patch clears.
 * `query`: the value comes as text from the query string and is converted.
 */
export interface FieldOptions {
  description?: string;
  example?: unknown;
  default?: unknown;
  optional?: boolean;
  nullable?: boolean;
  query?: boolean;
}

function field(options: FieldOptions, api: ApiPropertyOptions, ...validators: PropertyDecorator[]): PropertyDecorator {
  const { optional = false, nullable = false, description, example } = options;
  return applyDecorators(
    ApiProperty({
      ...api,
      required: !optional,
      ...(nullable ? { nullable: true } : {}),
      ...(description === undefined ? {} : { description }),
      ...(example === undefined ? {} : { example }),
      ...(options.default === undefined ? {} : { default: options.default }),
    } as ApiPropertyOptions),
    ...(optional || nullable
      ? [ValidateIf((_, value: unknown) => !(optional && value === undefined) && !(nullable && value === null))]
      : []),
    ...validators,
  );
}

export function StringField(
  options: FieldOptions & {
    minLength?: number;
    maxLength?: number;
    pattern?: RegExp;
    patternMessage?: string;
    format?: string;
  } = {},
): PropertyDecorator {
  const { minLength = 1, maxLength = 1000, pattern, patternMessage, format } = options;
  return field(
    options,
    {
      type: 'string',
      minLength,
      maxLength,
      ...(pattern ? { pattern: pattern.source } : {}),
      ...(format ? { format } : {}),
    },
    IsString(),
    MinLength(minLength),
    MaxLength(maxLength),
    ...(pattern ? [Matches(pattern, patternMessage ? { message: patternMessage } : {})] : []),
  );
}

/** A name people give: letters, digits and `._-`, starting with a letter or digit, at most 128 long. */
export function NameField(options: FieldOptions = {}): PropertyDecorator {
  return StringField({
    ...options,
    maxLength: 128,
    pattern: /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
    patternMessage: '$property must consist of letters, digits, ".", "_" and "-" and start with a letter or digit',
  });
}

export function IntegerField(options: FieldOptions & { minimum?: number; maximum?: number } = {}): PropertyDecorator {
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = options;
  return field(
    options,
    { type: 'integer', minimum, maximum },
    ...(options.query ? [Transform(({ value }: { value: unknown }) => numberOf(value))] : []),
    IsInt(),
    Min(minimum),
    Max(maximum),
  );
}

export function BooleanField(options: FieldOptions = {}): PropertyDecorator {
  return field(
    options,
    { type: 'boolean' },
    ...(options.query ? [Transform(({ value }: { value: unknown }) => booleanOf(value))] : []),
    IsBoolean(),
  );
}

/** `enumName` names the schema in the OpenAPI document; give the same name wherever the same values are meant. */
export function EnumField(values: readonly string[], enumName: string, options: FieldOptions = {}): PropertyDecorator {
  return field(
    options,
    { enum: [...values], enumName },
    IsIn(values, {
      message: `$property must be one of ${values.join(', ')}`,
    }),
  );
}

/** A Go-style duration such as `15m`; bounds are the service's business. */
export function DurationField(options: FieldOptions = {}): PropertyDecorator {
  return StringField({
    example: '15m',
    ...options,
    maxLength: 40,
    pattern: new RegExp(DURATION_PATTERN),
    patternMessage: '$property must be a duration such as 15m, 90s or 1h30m',
  });
}

export function IdField(kind: IdKind, options: FieldOptions = {}): PropertyDecorator {
  return StringField({
    ...options,
    maxLength: 60,
    pattern: new RegExp(idPattern(kind)),
    patternMessage: `$property must be an id such as ${exampleId(kind)}`,
    example: options.example ?? exampleId(kind),
  });
}

/** RFC 3339 with an offset; kept as text. */
export function DateTimeField(options: FieldOptions = {}): PropertyDecorator {
  return field(
    { example: '2026-01-31T12:00:00.000Z', ...options },
    { type: 'string', format: 'date-time' },
    IsISO8601(
      { strict: true, strictSeparator: true },
      { message: '$property must be a time such as 2026-01-31T12:00:00Z' },
    ),
    Matches(/T.*(Z|[+-]\d\d:\d\d)$/, {
      message: '$property must have a time and an offset, such as 2026-01-31T12:00:00Z',
    }),
  );
}

export function StringArrayField(
  options: FieldOptions & { maxItems?: number; maxLength?: number; pattern?: RegExp } = {},
): PropertyDecorator {
  const { maxItems = 1000, maxLength = 200, pattern } = options;
  return field(
    options,
    {
      type: 'array',
      maxItems,
      items: { type: 'string', minLength: 1, maxLength, ...(pattern ? { pattern: pattern.source } : {}) },
    },
    ...(options.query ? [RepeatedParameter] : []),
    IsArray(),
    ArrayMaxSize(maxItems),
    IsString({ each: true }),
    MinLength(1, { each: true }),
    MaxLength(maxLength, { each: true }),
    ...(pattern ? [Matches(pattern, { each: true })] : []),
  );
}

/** Some of these values; see {@link EnumField}. In a query the parameter may be repeated. */
export function EnumArrayField(
  values: readonly string[],
  enumName: string,
  options: FieldOptions = {},
): PropertyDecorator {
  return field(
    options,
    { enum: [...values], enumName, isArray: true, maxItems: 100 },
    ...(options.query ? [RepeatedParameter] : []),
    IsArray(),
    ArrayMaxSize(100),
    IsIn(values, { each: true, message: `each value of $property must be one of ${values.join(', ')}` }),
  );
}

/** A query parameter that is there once comes as text, one that is repeated as a list. */
const RepeatedParameter = Transform(({ value }: { value: unknown }) => (value === undefined ? value : [value].flat()));

/** A nested request object: `@NestedField(() => PolicyDto, { optional: true }) policy?: PolicyDto`. */
export function NestedField(type: () => new () => object, options: FieldOptions = {}): PropertyDecorator {
  // Swagger knows a lazy type by the function's name, `type`.
  const api = { type: () => type() } as ApiPropertyOptions;
  return field(options, api, Type(type), IsObject(), ValidateNested());
}

/** An id as examples show it. The same for every resource of a kind, so that examples across routes fit together. */
export function exampleId(kind: IdKind): string {
  const prefix = /^\^(\w+)_/.exec(idPattern(kind))![1]!;
  return `${prefix}_019aa0b4-6f0c-7c3e-9b1f-1d2f3a4b5c6d`;
}

function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
}

function booleanOf(value: unknown): unknown {
  return value === 'true' ? true : value === 'false' ? false : value;
}
