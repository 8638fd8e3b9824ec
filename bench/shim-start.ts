import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { removeCgroup } from '../src/standalone/cgroup-tree.js';
import type { Comparison } from './measure.js';
import { seconds } from './measure.js';
import type { Stage } from './stage.js';

const run = promisify(execFile);

/** `create` and `start` as containerd calls them, of a container that is no Batch job: through the shim, and runc alone. */
export async function benchShimStart(stage: Stage, repeats: number): Promise<Comparison[]> {
  const bundle = join(stage.dir, 'bundle');
  const root = join(stage.dir, 'runc-root');
  const cgroup = `${stage.dir.slice('/tmp/'.length)}-shim`;
  mkdirSync(join(bundle, 'rootfs'), { recursive: true });
  await stage.host.docker.docker('create', '--name', 'rootfs', 'busybox');
  await stage.host.docker.docker('export', '--output', join(bundle, 'rootfs.tar'), 'rootfs');
  execFileSync('tar', ['-C', join(bundle, 'rootfs'), '-xf', join(bundle, 'rootfs.tar')]);
  execFileSync('runc', ['spec'], { cwd: bundle });
  const config = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
  config.process.terminal = false;
  config.process.args = ['/bin/sleep', '1000'];
  config.linux.cgroupsPath = `/${cgroup}/container`;
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));

  const once = async (runtime: string, id: string): Promise<number> => {
    const call = (...args: string[]) => run(runtime, ['--root', root, ...args], { encoding: 'utf8' });
    const took = await seconds(async () => {
      // With files for the container's output: a pipe would be held open by the container.
      await run('sh', [
        '-c',
        'exec "$@" >/dev/null 2>&1 </dev/null',
        'sh',
        runtime,
        '--root',
        root,
        'create',
        '--bundle',
        bundle,
        '--pid-file',
        join(stage.dir, 'pid'),
        id,
      ]);
      await call('start', id);
    });
    await call('delete', '--force', id);
    return took * 1000;
  };
  const shim = join(stage.host.stateDir, 'bin', 'batchpoint-runc');
  const [ours, bare]: [number[], number[]] = [[], []];
  for (let round = 0; round < repeats + 2; round += 1) {
    const takers = [
      async () => ours.push(await once(shim, `s${round}`)),
      async () => bare.push(await once('runc', `r${round}`)),
    ];
    for (const take of round % 2 === 0 ? takers : takers.reverse()) await take();
  }
  await stage.host.docker.docker('rm', 'rootfs');
  await removeCgroup(cgroup);
  return [
    {
      what: 'start of an unprotected container',
      unit: 'ms',
      ours: ours.slice(2),
      bare: bare.slice(2),
      goal: { differenceAtMost: 5 },
    },
  ];
}
