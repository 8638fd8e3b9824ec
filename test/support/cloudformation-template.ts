import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isScalar, isSeq, parseDocument, type ParsedNode } from 'yaml';

export interface Resource {
  Type: string;
  Condition?: string;
  DependsOn?: string | string[];
  DeletionPolicy?: string;
  Properties: Record<string, unknown>;
}
export interface Parameter {
  Type: string;
  Description?: string;
  Default?: string | number;
  AllowedPattern?: string;
  AllowedValues?: string[];
}
/** A template with its functions in their long form (`{Ref: ...}`, `{Fn::Sub: ...}`), as the JSON syntax has them. */
export interface Template {
  Description: string;
  Metadata: { 'AWS::CloudFormation::Interface': { ParameterGroups: { Parameters: string[] }[] } };
  Parameters: Record<string, Parameter>;
  Conditions: Record<string, unknown>;
  Mappings: Record<string, Record<string, Record<string, string | string[]>>>;
  Resources: Record<string, Resource>;
  Outputs: Record<string, { Value: unknown }>;
}

export const TEMPLATES = ['efs', 'juicefs'] as const;
export type TemplateName = (typeof TEMPLATES)[number];

export function templatePath(name: TemplateName): string {
  return join(import.meta.dirname, '../../deploy/cloudformation', `${name}.yaml`);
}

/** Throws for YAML that is not, keys that are there twice among it. */
export function readTemplate(name: TemplateName): Template {
  const document = parseDocument(readFileSync(templatePath(name), 'utf8'), { uniqueKeys: true, logLevel: 'silent' });
  if (document.errors.length > 0) throw document.errors[0]!;
  return plain(document.contents) as Template;
}

/** The node as data; a tag such as `!Ref` becomes the function it is short for. */
function plain(node: ParsedNode | null): unknown {
  if (node === null) return null;
  const value = valueOf(node);
  if (node.tag?.startsWith('!') !== true) return value;
  const name = node.tag.slice(1);
  if (name === 'Ref' || name === 'Condition') return { [name]: value };
  if (name === 'GetAtt' && typeof value === 'string') return { 'Fn::GetAtt': value.split(/\.(.*)/, 2) };
  return { [`Fn::${name}`]: value };
}

function valueOf(node: ParsedNode): unknown {
  if (isMap(node)) return Object.fromEntries(node.items.map(({ key, value }) => [String(key), plain(value)]));
  if (isSeq(node)) return node.items.map((item) => plain(item));
  return isScalar(node) ? node.value : null;
}

/** Calls `visit` for every object in it, itself included, with the keys that lead there. */
export function walk(
  value: unknown,
  visit: (object: Record<string, unknown>, path: string[]) => void,
  path: string[] = [],
) {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) visit(value as Record<string, unknown>, path);
  for (const [key, inner] of Object.entries(value)) walk(inner, visit, [...path, key]);
}

/** A copy in which every object for which `change` gives something is that. */
export function mapObjects(value: unknown, change: (object: Record<string, unknown>) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => mapObjects(item, change));
  const changed = change(value as Record<string, unknown>);
  if (changed !== undefined) return changed;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapObjects(inner, change)]));
}

/** What `Fn::Sub` fills in: its text, and the names in it that it does not define itself. */
export function substitution(sub: unknown): { text: string; names: string[] } {
  const [text, own] = (Array.isArray(sub) ? sub : [sub, {}]) as [string, Record<string, unknown>];
  const names = [...text.matchAll(/\$\{([^!}][^}]*)\}/g)].map((match) => match[1]!);
  return { text, names: names.filter((name) => !(name in own)) };
}
