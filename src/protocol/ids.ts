import { uuidv7 } from 'uuidv7';

/** Every resource's id is its prefix, `_`, and a UUIDv7: sortable by creation, recognisable in a log line. */
export const ID_PREFIXES = {
  apiToken: 'tok',
  joinToken: 'join',
  storage: 'stor',
  computeEnvironment: 'ce',
  compatibilityGroup: 'cgrp',
  host: 'host',
  job: 'job',
  jobEvent: 'evt',
  checkpoint: 'ckpt',
  restore: 'rst',
  operation: 'op',
  command: 'cmd',
  report: 'rep',
  preflight: 'pf',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

export function newId(kind: IdKind): string {
  return `${ID_PREFIXES[kind]}_${uuidv7()}`;
}

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** The regular expression (as source) an id of this kind matches; used in OpenAPI and in validation. */
export function idPattern(kind: IdKind): string {
  return `^${ID_PREFIXES[kind]}_${UUID}$`;
}

export function isId(kind: IdKind, value: string): boolean {
  return new RegExp(idPattern(kind)).test(value);
}
