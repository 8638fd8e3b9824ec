import { describe, expect, it } from '@jest/globals';
import { driverOf } from '../../src/server/storage/storage-drivers.js';
import { STORAGE_KINDS, type StorageKind } from '../../src/server/storage/storage-kind.js';
import { storageDriverContract } from './storage-driver.contract.js';

const GIB = 1024 ** 3;
const EFS = { fileSystemId: 'fs-0123456789abcdef0' };
const FSX = { fileSystemId: 'fs-0123456789abcdef0', mountName: 'fsx12abc' };
const JUICEFS = { metadataUrl: 'rediss://worker:hunter2@cache.internal:6380/1', bucket: 'example-checkpoints' };
const SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:juicefs-AbCdEf';

const CASES: [StorageKind, object, string[]?][] = [
  ['efs', EFS],
  ['efs', { ...EFS, region: 'us-east-1', accessPointId: 'fsap-0123456789abcdef0', iamAuthorization: true }],
  ['efs', { ...EFS, tls: false, compatibilityLink: true, region: 'eu-west-1' }],
  ['juicefs', JUICEFS, ['hunter2']],
  ['juicefs', { ...JUICEFS, region: 'us-east-1', passwordSecretArn: SECRET_ARN, compatibilityLink: true }, ['hunter2']],
  ['juicefs', { ...JUICEFS, clientVersion: '1.2.3', clientSha256X86: 'a'.repeat(64) }, ['hunter2']],
  ['fsx-lustre', { ...FSX, region: 'us-east-1' }],
  ['fsx-lustre', { ...FSX, dnsName: 'lustre.example.internal', compatibilityLink: true }],
  ['ebs', { sizeBytes: 100 * GIB }],
  ['ebs', { sizeBytes: 500 * GIB, volumeType: 'st1', fileSystem: 'xfs' }],
  ['nfs', { server: 'files.example.internal', exportPath: '/exports' }],
  ['nfs', { server: '10.0.0.12', exportPath: '/', version: '3', compatibilityLink: true }],
  ['local', {}],
];

for (const [kind, input, secrets] of CASES) storageDriverContract(kind, input, secrets);

describe('storage drivers', () => {
  it('are all asked above', () => {
    expect(new Set(CASES.map(([kind]) => kind))).toEqual(new Set(STORAGE_KINDS));
  });

  it('prove a shared mount by its type, unless there is none to prove', () => {
    const unproven = STORAGE_KINDS.filter((kind) => driverOf(kind).fileSystemTypes.length === 0);
    expect(unproven).toEqual(['local']);
  });

  it('know how fast a file system is from what AWS said of it', () => {
    const facts = { checkedAt: '2026-01-31T12:00:00.000Z' };
    const write = (kind: StorageKind, settings: object, more: object): number | null =>
      driverOf(kind).economics(settings, { ...facts, ...more }).throughput.writeMibPerSecond;
    expect(write('efs', { region: 'sa-east-1' }, { throughputMode: 'elastic' })).toBe(1024);
    expect(write('efs', { region: 'us-east-1' }, { throughputMode: 'bursting' })).toBeNull();
    expect(write('fsx-lustre', {}, { deploymentType: 'PERSISTENT_2', capacityGib: 1200 })).toBeNull();
    const lustre = { deploymentType: 'PERSISTENT_2', capacityGib: 1024, perUnitMbPerSecondPerTib: 1000 };
    expect(write('fsx-lustre', {}, lustre)).toBe(953);
  });
});
