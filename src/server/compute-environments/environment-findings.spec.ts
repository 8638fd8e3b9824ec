import { DEFAULT_POLICY } from '../../protocol/policy.js';
import type { HostFacts } from '../../protocol/host-facts.js';
import { CONFIGURATION_FINDING_CODES, type EnvironmentFindingCode } from './environment-finding.js';
import { type EnvironmentSituation, findingsOf } from './environment-findings.js';
import type { EnvironmentHost } from './environment-host-findings.js';

const facts: HostFacts = {
  hostName: 'ip-10-0-0-12',
  architecture: 'x86_64',
  kernel: '6.1.112',
  cpu: {
    vendor: 'GenuineIntel',
    model: 'Intel(R) Xeon(R) Platinum 8375C',
    cores: 4,
    flags: ['avx2', 'avx512f', 'sse2'],
    xsaveBytes: 2696,
  },
  memoryBytes: 16 * 1024 ** 3,
  cgroupVersion: 2,
  software: { batchpoint: '0.1.0', criu: '4.2.1', runc: '1.3.6', docker: '25.0.8' },
  instance: { instanceId: 'i-1', instanceType: 'm6i.large', region: 'us-east-1', availabilityZone: 'us-east-1a' },
};

function host(name: string, changes: Partial<EnvironmentHost> = {}): EnvironmentHost {
  const storageHealth = { storageId: 'stor_1', ready: true, reason: null, freeBytes: 1, totalBytes: 2 };
  return { id: `host_${name}`, name, online: true, facts, findings: [], storageHealth, ...changes };
}

/** Nothing to find: two equal hosts, a storage they were seen to share, a sound policy, one family. */
const GOOD: EnvironmentSituation = {
  storage: {
    id: 'stor_1',
    name: 'checkpoints',
    kind: 'nfs',
    status: {
      state: 'shared',
      message: 'All 2 hosts read what each of the others wrote.',
      checkedAt: '2026-01-31T12:00:00.000Z',
    },
    verifiedHostIds: ['host_a', 'host_b'],
  },
  policy: { ...DEFAULT_POLICY },
  instanceTypes: ['m6i.large', 'm6i.xlarge'],
  hosts: [host('a'), host('b')],
};
const storage = GOOD.storage!;
const unverified = { state: 'unverified' as const, message: 'No host has written to this storage.', checkedAt: null };

const find = (changes: Partial<EnvironmentSituation>) => findingsOf({ ...GOOD, ...changes });
const codes = (changes: Partial<EnvironmentSituation>) => find(changes).map((finding) => finding.code);

describe('findings of an environment', () => {
  it('are none when nothing stands in the way', () => {
    expect(findingsOf(GOOD)).toEqual([]);
  });

  const CASES: [EnvironmentFindingCode, string, Partial<EnvironmentSituation>, RegExp][] = [
    ['no-storage', 'error', { storage: null }, /has no storage/],
    [
      'storage-failed',
      'error',
      { storage: { ...storage, status: { ...storage.status, state: 'failed', message: 'a: not mounted.' } } },
      /a: not mounted/,
    ],
    [
      'storage-not-shared',
      'error',
      { storage: { ...storage, status: { ...storage.status, state: 'not-shared', message: 'a does not see b.' } } },
      /a does not see b/,
    ],
    [
      'storage-sharing-unproven',
      'error',
      { storage: { ...storage, status: unverified, verifiedHostIds: [] } },
      /\(nfs\) has not been shown to be shared between the 2 hosts online/,
    ],
    [
      'storage-sharing-unproven',
      'error',
      { storage: { ...storage, kind: 'local', status: unverified, verifiedHostIds: [] } },
      /\(local\) has not been shown/,
    ],
    [
      'storage-sharing-unproven',
      'error',
      { hosts: [host('a'), host('b'), host('c')] },
      /has not been shown to be shared with c/,
    ],
    [
      'storage-on-instance-disk',
      'error',
      {
        storage: { ...storage, kind: 'local', status: unverified, verifiedHostIds: [] },
        hosts: [
          host('a', {
            storageHealth: { ...host('a').storageHealth!, fileSystem: { type: 'xfs', source: '/dev/nvme0n1p1' } },
          }),
        ],
      },
      /On host a storage checkpoints lies on \/dev\/nvme0n1p1 \(xfs\), a disk of that host/,
    ],
    [
      'storage-unverified',
      'info',
      { storage: { ...storage, status: unverified, verifiedHostIds: [] }, hosts: [host('a')] },
      /No host has written/,
    ],
    ['no-hosts-online', 'warning', { hosts: [] }, /No host has enrolled/],
    ['no-hosts-online', 'warning', { hosts: [host('a', { online: false })] }, /None of the 1 hosts/],
    [
      'checkpointing-off',
      'warning',
      { policy: { ...DEFAULT_POLICY, mode: 'off', keep: 1, interval: '1s' } },
      /mode off/,
    ],
    ['checkpointing-manual', 'info', { policy: { ...DEFAULT_POLICY, mode: 'manual', interval: '1s' } }, /mode manual/],
    [
      'interval-shorter-than-notice',
      'warning',
      { policy: { ...DEFAULT_POLICY, interval: '1m59s' } },
      /interval in force is 1m59s/,
    ],
    ['single-checkpoint-kept', 'warning', { policy: { ...DEFAULT_POLICY, keep: 1 } }, /keeps one checkpoint/],
    ['no-instance-types', 'info', { instanceTypes: [] }, /not registered/],
    [
      'instance-type-not-allowed',
      'warning',
      { instanceTypes: ['m6i.8xlarge'] },
      /a \(m6i\.large\) and b \(m6i\.large\)/,
    ],
    [
      'host-storage-not-ready',
      'error',
      {
        hosts: [
          host('a'),
          host('b', {
            storageHealth: { ...host('b').storageHealth!, ready: false, reason: 'nothing is mounted at /mnt/x' },
          }),
        ],
      },
      /Host b cannot use its storage: nothing is mounted at \/mnt\/x/,
    ],
    [
      'host-check-failed',
      'error',
      {
        hosts: [
          host('a'),
          host('b', {
            findings: [{ check: 'criu', severity: 'error', message: 'CRIU is missing', remedy: 'install it' }],
          }),
        ],
      },
      /Host b fails criu: CRIU is missing/,
    ],
  ];

  it.each(CASES)('%s (%s) %#', (code, severity, changes, message) => {
    const found = find(changes);
    expect(found.map((finding) => finding.code)).toEqual([code]);
    expect(found[0]).toMatchObject({ severity, message: expect.stringMatching(message) });
    for (const text of [found[0]!.why, found[0]!.remedy]) expect(text).not.toBe('');
  });

  it('image-not-portable: says from where to where, and why', () => {
    const cpu = { ...facts.cpu, model: 'AMD EPYC 7R13', flags: ['avx2', 'sse2', 'sse4a'], xsaveBytes: 832 };
    const found = find({ hosts: [host('a'), host('b', { facts: { ...facts, cpu } })] });
    expect(found.map((finding) => finding.code)).toEqual(['image-not-portable', 'image-not-portable']);
    expect(found[0]!.message).toMatch(/^An image taken on a cannot restore on b: .*lacks: avx512f; .*2696 bytes/);
    expect(found[1]!.message).toMatch(/^An image taken on b cannot restore on a: .*lacks: sse4a/);
    expect(found[0]!.remedy).toContain('compatibility group');
  });

  it('image-not-portable: equal hosts count as one, however many', () => {
    const amd = { ...facts, cpu: { ...facts.cpu, flags: ['sse2'], xsaveBytes: 2696 } };
    const names = Array.from({ length: 12 }, (_, i) => `h${i}`);
    const hosts = names.map((name, i) => host(name, i % 2 === 0 ? {} : { facts: amd }));
    const found = find({ hosts, storage: { ...storage, verifiedHostIds: hosts.map(({ id }) => id) } });
    expect(found).toHaveLength(1);
    expect(found[0]!.message).toContain(
      'taken on h0, h2, h4, h6, h8 and h10 cannot restore on h1, h3, h5, h7, h9 and h11',
    );
  });

  it('look only at hosts that are online', () => {
    const broken = {
      online: false,
      findings: [{ check: 'criu', severity: 'error' as const, message: 'CRIU is missing' }],
    };
    expect(codes({ hosts: [host('a'), host('b'), host('c', broken)] })).toEqual([]);
  });

  it('take two minutes for enough', () => {
    expect(codes({ policy: { ...DEFAULT_POLICY, interval: '2m' } })).toEqual([]);
  });

  it('come with the most severe first', () => {
    const found = find({ storage: null, policy: { ...DEFAULT_POLICY, keep: 1 }, instanceTypes: [] });
    expect(found.map((finding) => finding.severity)).toEqual(['error', 'warning', 'info']);
  });

  it('each code is found by some case above', () => {
    const covered = new Set<string>([...CASES.map(([code]) => code), 'image-not-portable']);
    expect(CONFIGURATION_FINDING_CODES.filter((code) => !covered.has(code))).toEqual([]);
  });
});
