import type { StorageHealth } from '../../protocol/agent-api.js';
import { type SharedStorage, type SharingHost, sharingFindings, sharingGroups } from './storage-sharing.js';

const unverified: SharedStorage = {
  id: 'stor_1',
  name: 'checkpoints',
  kind: 'local',
  status: { state: 'unverified', message: 'Nobody looked.', checkedAt: null },
  verifiedHostIds: [],
};

function host(name: string, health: Partial<StorageHealth> | null = {}, isInstance = true): SharingHost {
  const full = { storageId: 'stor_1', ready: true, reason: null, freeBytes: 1, totalBytes: 2, ...health };
  return { id: name, name, health: health && full, isInstance };
}
const DISK = { type: 'ext4', source: '/dev/nvme1n1' };
const names = (groups: SharingHost[][]): string[] => groups.map((group) => group.map(({ name }) => name).join('+'));
const codes = (storage: SharedStorage, hosts: SharingHost[]): string[] =>
  sharingFindings(storage, hosts).map(({ code }) => code);

describe('hosts that share a storage', () => {
  it('are those one of which read what the other wrote', () => {
    expect(names(sharingGroups(unverified, [host('a'), host('b', { seesHosts: ['a'] })]))).toEqual(['a+b']);
    expect(names(sharingGroups(unverified, [host('a'), host('b')]))).toEqual(['a', 'b']);
  });

  it('are linked by a third, also one that has gone since', () => {
    const hosts = [host('a', { seesHosts: ['gone'] }), host('b', { seesHosts: ['gone'] }), host('c')];
    expect(names(sharingGroups(unverified, hosts))).toEqual(['a+b', 'c']);
  });

  it('are those of a verification that found it shared, and of no other', () => {
    const verified = { ...unverified, verifiedHostIds: ['a', 'b'] };
    const shared = { ...verified, status: { ...verified.status, state: 'shared' as const } };
    expect(names(sharingGroups(shared, [host('a'), host('b')]))).toEqual(['a+b']);
    expect(names(sharingGroups(verified, [host('a'), host('b')]))).toEqual(['a', 'b']);
  });

  it('are not shown by what was seen on another storage, or on one that is not ready', () => {
    const elsewhere = host('b', { seesHosts: ['a'], storageId: 'stor_2' });
    const broken = host('c', { seesHosts: ['a'], ready: false });
    expect(sharingGroups(unverified, [host('a'), elsewhere, broken, host('d', null)])).toHaveLength(4);
  });
});

describe('findings of sharing', () => {
  it('none where all is shown by canaries, without any verification', () => {
    expect(
      codes(unverified, [host('a', { fileSystem: DISK }), host('b', { seesHosts: ['a'], fileSystem: DISK })]),
    ).toEqual([]);
  });

  it('name the hosts outside of the largest group', () => {
    const [finding] = sharingFindings(unverified, [host('a'), host('b', { seesHosts: ['a'] }), host('c')]);
    expect(finding).toMatchObject({
      severity: 'error',
      code: 'storage-sharing-unproven',
      message: 'Storage checkpoints (local) has not been shown to be shared with c.',
    });
  });

  it("name an instance's own disk, one host or several", () => {
    expect(codes(unverified, [host('a', { fileSystem: DISK })])).toEqual(['storage-on-instance-disk']);
    expect(codes(unverified, [host('a', { fileSystem: DISK }), host('b', { fileSystem: DISK })])).toEqual([
      'storage-on-instance-disk',
      'storage-on-instance-disk',
      'storage-sharing-unproven',
    ]);
    expect(sharingFindings(unverified, [host('a', { fileSystem: DISK })])[0]).toMatchObject({
      severity: 'error',
      message: 'On host a storage checkpoints lies on /dev/nvme1n1 (ext4), a disk of that host.',
    });
  });

  it('leave the single machine at home alone', () => {
    expect(codes(unverified, [host('a', { fileSystem: DISK }, false)])).toEqual(['storage-unverified']);
  });

  it.each(['nfs4', 'fuse.juicefs', 'lustre', 'fuse'])('take %s for no disk', (type) => {
    expect(codes(unverified, [host('a', { fileSystem: { type, source: 'server:/' } })])).toEqual([
      'storage-unverified',
    ]);
  });
});
