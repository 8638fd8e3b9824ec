import type { Finding } from '../common/finding.js';
import { toSection } from './preflight-source.js';
import { checkOfCode } from './sources/environment-findings.source.js';
import { hostLooks } from './sources/host-findings.source.js';
import { iamGroups } from './iam-sections.service.js';
import type { PreflightEnvironment } from './preflight-section.js';

const finding = (severity: Finding['severity'], code = 'x'): Finding => ({
  severity,
  code,
  message: 'm',
  why: 'w',
  remedy: 'r',
});
const environment = (name: string, changes: Partial<PreflightEnvironment> = {}): PreflightEnvironment => ({
  id: `ce_${name}`,
  name,
  access: null,
  storageKind: null,
  names: {},
  ...changes,
});

describe('a section', () => {
  const A = environment('a');

  it('fails with the first error of any source', () => {
    expect(toSection('memory', A, [{ findings: [finding('warning')] }, { findings: [finding('error')] }]).status).toBe(
      'failed',
    );
    expect(toSection('memory', A, [{ findings: [finding('warning')] }, { skipped: 'no host' }])).toMatchObject({
      status: 'passed',
      reason: null,
      computeEnvironments: [{ id: 'ce_a', name: 'a' }],
    });
  });

  it('is skipped only when nobody could look, with all their reasons once', () => {
    const looks = [{ skipped: 'No host.' }, { skipped: 'No host.' }, { skipped: 'No region.' }];
    expect(toSection('quotas', A, looks)).toMatchObject({ status: 'skipped', reason: 'No host. No region.' });
    expect(toSection('quotas', A, [])).toMatchObject({ status: 'skipped', reason: expect.any(String) });
  });
});

describe('findings of an environment', () => {
  it.each([
    ['no-storage', 'storage'],
    ['storage-driver-unavailable', 'storage'],
    ['storage-not-shared', 'storage'],
    ['host-storage-not-ready', 'storage'],
    ['bucket-public', 'storage'],
    ['gpu-spot-quota-too-low', 'quotas'],
    ['root-volume-too-small', 'root-volume'],
    ['storage-unreachable-from-subnet', 'network'],
    ['security-group-closed', 'network'],
    ['memory-below-gpu-memory', 'memory'],
    ['gpu-driver-too-old', 'drivers'],
    ['mixed-architectures', 'configuration'],
    ['checkpointing-off', 'configuration'],
  ])('%s belongs to %s', (code, check) => {
    expect(checkOfCode(code)).toBe(check);
  });
});

describe('findings of hosts', () => {
  it('go where they belong; what is sound is not told', () => {
    const looks = hostLooks([
      {
        name: 'a',
        findings: [
          { check: 'disk', severity: 'warning', message: '1 GiB is free', remedy: 'grow it' },
          { check: 'kernel', severity: 'ok', message: 'kernel 6.1' },
          { check: 'outbox', severity: 'warning', message: 'reports wait.' },
          { check: 'runc', severity: 'error', message: 'runc is missing' },
        ],
      },
    ]);
    expect(looks).toMatchObject({
      drivers: { findings: [{ severity: 'error', message: 'Host a, runc: runc is missing.' }] },
      memory: { findings: [] },
      'root-volume': { findings: [{ severity: 'warning', remedy: 'grow it' }] },
      network: { findings: [{ message: 'Host a, outbox: reports wait.' }] },
    });
    expect(looks.storage).toBeUndefined();
  });

  it('are none while no host is online', () => {
    for (const look of Object.values(hostLooks([])))
      expect(look).toEqual({ skipped: expect.stringContaining('No host') });
  });
});

describe('IAM is looked at', () => {
  const access = { region: 'us-east-1', roleArn: null, externalId: null };

  it('once for each region and role', () => {
    const other = { ...access, roleArn: 'arn:aws:iam::210987654321:role/batchpoint' };
    const groups = iamGroups(
      [
        environment('a', { access }),
        environment('b', { access: other }),
        environment('c', { access: { ...access } }),
        environment('d'),
      ],
      'us-east-1',
    );
    expect(groups.map((group) => [group.access, group.environments.map(({ name }) => name)])).toEqual([
      [access, ['a', 'c']],
      [other, ['b']],
      [null, ['d']],
    ]);
  });

  it("as the server's own where a region is named", () => {
    expect(iamGroups([], 'eu-west-1')).toEqual([{ access: { ...access, region: 'eu-west-1' }, environments: [] }]);
    expect(iamGroups([], null)).toEqual([{ access: null, environments: [] }]);
  });
});
