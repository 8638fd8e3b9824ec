import type { EnvironmentFinding } from '../compute-environments/environment-finding.js';
import type { Finding } from '../common/finding.js';
import { toSection } from './preflight-source.js';
import { checkOfCode, environmentLooks } from './sources/environment-findings.source.js';
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
  read: false,
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
  const access = { region: 'us-east-1', roleArn: null, externalId: null };
  const found = (code: EnvironmentFinding['code']): EnvironmentFinding => ({ ...finding('warning'), code });

  it.each<[EnvironmentFinding['code'], string]>([
    ['no-storage', 'storage'],
    ['storage-not-shared', 'storage'],
    ['host-storage-not-ready', 'storage'],
    ['bucket-public', 'storage'],
    ['port-blocked', 'network'],
    ['mount-target-missing', 'network'],
    ['spot-quota-too-low', 'quotas'],
    ['root-volume-too-small', 'root-volume'],
    ['gpu-host-memory-too-small', 'memory'],
    ['mixed-architectures', 'configuration'],
    ['aws-check-failed', 'configuration'],
  ])('%s belongs to %s', (code, check) => {
    expect(checkOfCode(code)).toBe(check);
    expect(environmentLooks({ access, read: true }, [found(code)])).toMatchObject({
      [check]: { findings: [{ code }] },
    });
  });

  it('are sound by silence where AWS was asked, and only there', () => {
    expect(environmentLooks({ access, read: true }, [])).toEqual({
      quotas: { findings: [] },
      network: { findings: [] },
      memory: { findings: [] },
      'root-volume': { findings: [] },
      storage: { findings: [] },
      configuration: { findings: [] },
    });
    const skipped = { quotas: { skipped: expect.any(String) }, network: { skipped: expect.any(String) } };
    expect(environmentLooks({ access: null, read: false }, [])).toMatchObject({
      ...skipped,
      storage: { findings: [] },
    });
    expect(environmentLooks({ access, read: false }, [])).toMatchObject(skipped);
    expect(environmentLooks({ access, read: true }, [found('aws-check-failed')])).toMatchObject(skipped);
  });

  it('leave to the hosts what hosts found', () => {
    expect(environmentLooks({ access: null, read: false }, [found('host-check-failed')]).drivers).toBeUndefined();
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
