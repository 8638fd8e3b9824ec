import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiSchema, getSchemaPath } from '@nestjs/swagger';

/**
 * Makes a DTO class stand for "one of these, told apart by `property`" in the OpenAPI document, so that generated clients
 * get a discriminated union. Give each member class the property as a `const` (`@ApiProperty({ const: 'nfs' })`).
 */
export function OneOf(
  name: string,
  description: string,
  property: string,
  members: Readonly<Record<string, Type>>,
): ClassDecorator {
  const mapping = Object.fromEntries(Object.entries(members).map(([value, type]) => [value, getSchemaPath(type)]));
  return applyDecorators(
    ApiExtraModels(...Object.values(members)),
    ApiSchema({
      name,
      description,
      oneOf: Object.values(mapping).map(($ref) => ({ $ref })),
      discriminator: { propertyName: property, mapping },
    } as Parameters<typeof ApiSchema>[0]),
  );
}

interface Schemas {
  components?: { schemas?: Record<string, object> };
}

/** Nest writes every class as an object with properties; a `OneOf` is neither. Call on the finished document. */
export function applyOneOf(document: Schemas): void {
  for (const schema of Object.values(document.components?.schemas ?? {}) as Record<string, unknown>[]) {
    if (!('oneOf' in schema && 'discriminator' in schema)) continue;
    delete schema.type;
    delete schema.properties;
    delete schema.required;
  }
}
