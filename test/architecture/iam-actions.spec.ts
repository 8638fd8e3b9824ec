import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FUNCTIONALITY_ACTIONS } from '../../src/server/preflight/iam/functionality-actions.js';
import { STORAGE_FUNCTIONALITY } from '../../src/server/preflight/iam/functionality.js';
import { driverOf } from '../../src/server/storage/storage-drivers.js';
import type { StorageKind } from '../../src/server/storage/storage-kind.js';

const folder = join(import.meta.dirname, '../../src/server/aws');
const sources = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts') && file !== 'aws-call.ts')
  .map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }));

const CALL = /\b(?:callAws|collectPages)\s*(?:<[^(]*>)?\(/g;
const NAMED_CALL = /\b(?:callAws|collectPages)\s*(?:<[^(]*>)?\(\s*'([^']+)'/g;
const calls = sources.flatMap(({ file, text }) =>
  [...text.matchAll(NAMED_CALL)].map((match) => ({ file, action: match[1]! })),
);
const known = new Set(Object.values(FUNCTIONALITY_ACTIONS).flatMap((actions) => actions.map(({ action }) => action)));

/** AWS lets everybody ask who they are. */
const FREE = ['sts:GetCallerIdentity'];

describe('Every call of AWS', () => {
  it('names its IAM action where it is made', () => {
    for (const { file, text } of sources)
      expect([file, [...text.matchAll(NAMED_CALL)].length]).toEqual([file, [...text.matchAll(CALL)].length]);
    expect(calls.length).toBeGreaterThan(10);
    for (const { action } of calls) expect(action).toMatch(/^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$/);
  });

  it('needs a permission that some functionality has', () => {
    const unknown = calls.filter(({ action }) => !known.has(action) && !FREE.includes(action));
    // Add what is missing to src/server/preflight/iam/functionality-actions.ts: preflights and policies then have it.
    expect(unknown).toEqual([]);
  });

  it('in the name of another role needs that role', () => {
    const assumes = sources.some(({ text }) => text.includes('fromTemporaryCredentials'));
    expect([assumes, known.has('sts:AssumeRole')]).toEqual([true, true]);
  });

  it('by which IAM is checked is in the policies for that, and nothing else is', () => {
    const made = calls.flatMap(({ file, action }) => (file === 'iam.api.ts' ? action : []));
    const listed = [...FUNCTIONALITY_ACTIONS['iam-simulation'], ...FUNCTIONALITY_ACTIONS['iam-policies']];
    expect([...new Set(listed.map(({ action }) => action))].toSorted()).toEqual([...new Set(made)].toSorted());
  });
});

describe('The permissions of a storage', () => {
  const settings: [StorageKind, object][] = [
    ['efs', { fileSystemId: 'fs-0123456789abcdef0', accessPointId: 'fsap-0123456789abcdef0', region: null }],
    ['juicefs', { bucket: 'checkpoints', metadataAddress: 'cache.example:6379/1', passwordSecretArn: null }],
    ['fsx-lustre', { fileSystemId: 'fs-0123456789abcdef0', region: 'us-east-1' }],
    ['ebs', {}],
    ['nfs', {}],
    ['local', {}],
  ];

  it.each(settings)('%s: its driver says what the preflight looks for', (kind, values) => {
    const { iam } = driverOf(kind).requirements(values);
    const functionality = STORAGE_FUNCTIONALITY[kind];
    const looked = functionality === null ? [] : FUNCTIONALITY_ACTIONS[functionality].map(({ action }) => action);
    expect(iam.server.flatMap(({ actions }) => actions).toSorted()).toEqual(looked.toSorted());
  });

  it.each(settings)('%s: its driver names no resource for an action that AWS takes none for', (kind, values) => {
    const without = new Set(
      Object.values(FUNCTIONALITY_ACTIONS)
        .flat()
        .flatMap(({ action, resources }) => (resources.includes('*') ? action : [])),
    );
    for (const { actions, resources } of driverOf(kind).requirements(values).iam.server)
      if (actions.some((action) => without.has(action))) expect([actions, resources]).toEqual([actions, ['*']]);
  });
});
