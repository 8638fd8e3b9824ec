import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { registerDecorator, ValidateIf } from 'class-validator';

/** What people hang on a resource to find it again; means nothing to Batchpoint. */
export type Labels = Record<string, string>;
/** In a merge patch null takes a label away. */
export type LabelsPatch = Record<string, string | null>;

const MAX_LABELS = 50;
const KEY = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/;
const MAX_VALUE = 256;

/** `patch`: values may be null. Always optional. */
export function LabelsField({ patch = false }: { patch?: boolean } = {}): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      type: 'object',
      selfRequired: false,
      description: patch ? 'Labels to set; null takes one away.' : 'Your own words for finding it again.',
      maxProperties: MAX_LABELS,
      additionalProperties: { type: patch ? ['string', 'null'] : 'string', maxLength: MAX_VALUE } as object,
      example: { team: 'genomics' },
    }),
    ValidateIf((_, value: unknown) => value !== undefined),
    IsLabels(patch),
  );
}

/** Read-only counterpart for responses. */
export function LabelsProperty(): PropertyDecorator {
  return ApiProperty({
    type: 'object',
    description: 'Your own words for finding it again.',
    additionalProperties: { type: 'string' },
    example: { team: 'genomics' },
  });
}

export function patchLabels(labels: Labels, patch: LabelsPatch | undefined): Labels {
  const merged: LabelsPatch = { ...labels, ...patch };
  return Object.fromEntries(Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== null));
}

/** Why these are no labels; undefined when they are. */
export function labelsProblem(value: unknown, patch: boolean): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be an object of texts';
  const entries = Object.entries(value);
  if (entries.length > MAX_LABELS) return `may hold at most ${MAX_LABELS} labels`;
  for (const [key, text] of entries) {
    if (!KEY.test(key)) {
      return `has a name that is not 1 to 63 letters, digits and ._/- starting and ending with a letter or digit: ${JSON.stringify(key)}`;
    }
    if (text === null && patch) continue;
    if (typeof text !== 'string' || text.length > MAX_VALUE)
      return `.${key} must be a text of at most ${MAX_VALUE} characters`;
  }
  return undefined;
}

function IsLabels(patch: boolean): PropertyDecorator {
  return (target, property) => {
    registerDecorator({
      name: 'isLabels',
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (value: unknown) => labelsProblem(value, patch) === undefined,
        defaultMessage: (args) => {
          const problem = labelsProblem(args?.value, patch) ?? '';
          return `${String(property)}${problem.startsWith('.') ? '' : ' '}${problem}`;
        },
      },
    });
  };
}
