import { spawnSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { MooseFs } from '../support/moose-fs.js';
import { describeNeeding } from '../support/requires.js';
import { ScriptHost } from '../support/script-host.js';

const JUICEFS = { metadataUrl: 'rediss://:hunter2@cache.internal:6379/1', bucket: 'example', volumeName: 'shared' };
const EFS = { fileSystemId: 'fs-0123456789abcdef0' };

/** Each mount script run on two hosts, which are two mount namespaces with a client each of one network file system (MooseFS, FUSE). */
describeNeeding(['root', 'linux'], 'hosts that ran the mount script', () => {
  let moose: MooseFs;
  beforeAll(async () => {
    moose = await MooseFs.start();
  }, 120_000);
  afterAll(() => moose.stop());

  let hosts: [ScriptHost, ScriptHost];
  beforeEach(() => {
    hosts = [new ScriptHost(), new ScriptHost()];
  });
  afterEach(() => {
    for (const host of hosts) host.remove();
  });

  it.each([
    ['juicefs', JUICEFS],
    ['efs', EFS],
  ] as const)('of %s read what the other wrote', (kind, settings) => {
    const [a, b] = hosts;
    const env = (mount: string) => ({ SHARED: mount, BATCHPOINT_METADATA_PASSWORD: 'hunter2' });
    const wrote = a.run(a.script(kind, settings), {
      env: env(moose.mounts[0]),
      after: `echo ${kind} >${a.target}/batchpoint/from-a; stat -f -c %T ${a.target}`,
    });
    expect([wrote.status, wrote.output]).toEqual([0, expect.stringMatching(/fuse/)]);
    const read = b.run(b.script(kind, settings), {
      env: env(moose.mounts[1]),
      after: `cat ${b.target}/batchpoint/from-a`,
    });
    expect([read.status, read.output]).toEqual([0, expect.stringMatching(new RegExp(`\\n${kind}\\n$`))]);
    // All of it was in namespaces of their own.
    const mounts = spawnSync('findmnt', ['-rn', '-o', 'TARGET'], { encoding: 'utf8' }).stdout;
    for (const host of hosts) expect(mounts).not.toContain(host.root);
  });
});
