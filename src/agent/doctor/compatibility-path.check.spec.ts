import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_POLICY } from '../../protocol/policy.js';
import { checkCompatibilityPath } from './compatibility-path.check.js';

describe('the directory that scripts for MMBatch name', () => {
  let folder: string;
  let storage: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bp-mmc-'));
    storage = join(folder, 'storage');
    mkdirSync(storage);
    const config = {
      revision: '1',
      hostId: 'host_1',
      heartbeatSeconds: 15,
      pollSeconds: 25,
      computeEnvironment: null,
      storage: { id: 'stor_1', kind: 'local', mountPath: storage, fileSystemTypes: [] },
      policy: DEFAULT_POLICY,
    };
    writeFileSync(join(folder, 'agent.json'), JSON.stringify(config));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const check = (path: string, stateDir = folder) =>
    checkCompatibilityPath({ stateDir, dockerSocket: '', criuDir: '', runc: null }, path);

  it('is no matter where it is not there, or where the host knows no storage', async () => {
    expect(await check(join(folder, 'none'))).toEqual([]);
    expect(await check(storage, join(folder, 'nowhere'))).toEqual([]);
  });

  it('is right where it leads to the storage', async () => {
    const link = join(folder, 'link');
    symlinkSync(storage, link);
    mkdirSync(join(storage, 'below'));
    for (const path of [link, storage, join(storage, 'below')])
      expect(await check(path)).toEqual([expect.objectContaining({ check: 'mmc-checkpoint', severity: 'ok' })]);
  });

  it("is an error where it is a disk of the host's own, with the device named", async () => {
    const own = join(folder, 'own');
    mkdirSync(own);
    const link = join(folder, 'link');
    symlinkSync(own, link);
    const [finding] = await check(link);
    expect(finding).toMatchObject({ check: 'mmc-checkpoint', severity: 'error' });
    expect(finding!.message).toMatch(/link \(a link to .*own\) lies on \S+ \(\S+\), not on the checkpoint storage at/);
    expect(finding!.remedy).toContain('lost with this host');
  });
});
