import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The name the busybox image gets in an Engine; no registry is asked for it. */
export const BUSYBOX_IMAGE = 'busybox';

const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };

function which(program: string): string {
  try {
    return execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
  } catch {
    throw new Error(`${program} is not installed; run deploy/prerequisites.sh --demo`);
  }
}

/** Puts a program of this machine at `target` and, unless it is static, the shared libraries it loads under their own names. */
export function copyProgram(program: string, root: string, target: string): void {
  mkdirSync(join(root, dirname(target)), { recursive: true });
  copyFileSync(realpathSync(program), join(root, target));
  let libraries = '';
  try {
    libraries = execFileSync('ldd', [program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return; // static: ldd says so with an exit status
  }
  for (const [, path] of libraries.matchAll(/(?:^|\s)(\/\S+)/g)) {
    mkdirSync(join(root, dirname(path!)), { recursive: true });
    copyFileSync(realpathSync(path!), join(root, path!));
  }
}

function tar(directory: string, file: string): void {
  const reproducible = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu'];
  execFileSync('tar', [...reproducible, '-C', directory, '-cf', file, '.']);
}

/**
 * Writes an archive for `docker load`, of what `fill` puts into the root directory it is given. The same content gives the
 * same image id on every Engine, as a job's image has when two hosts pull it, so a checkpoint restores on any of them.
 */
export function writeImageArchive(archive: string, name: string, fill: (root: string) => void): void {
  const work = mkdtempSync(join(tmpdir(), 'bp-image-'));
  try {
    const root = join(work, 'root');
    for (const directory of ['bin', 'etc', 'root', 'tmp', 'var']) mkdirSync(join(root, directory), { recursive: true });
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
    fill(root);

    const image = join(work, 'image');
    mkdirSync(join(image, 'layer'), { recursive: true });
    tar(root, join(image, 'layer', 'layer.tar'));
    const diffId = createHash('sha256')
      .update(readFileSync(join(image, 'layer', 'layer.tar')))
      .digest('hex');
    const config = JSON.stringify({
      architecture: ARCHITECTURES[process.arch] ?? process.arch,
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      config: { Env: ['PATH=/bin'], Cmd: ['sh'], WorkingDir: '/' },
      rootfs: { type: 'layers', diff_ids: [`sha256:${diffId}`] },
      history: [{ created: '1970-01-01T00:00:00Z', created_by: 'programs of the host' }],
    });
    const configName = `${createHash('sha256').update(config).digest('hex')}.json`;
    writeFileSync(join(image, configName), config);
    const manifest = [{ Config: configName, RepoTags: [`${name}:latest`], Layers: ['layer/layer.tar'] }];
    writeFileSync(join(image, 'manifest.json'), JSON.stringify(manifest));
    tar(image, archive);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** An image of this machine's busybox and nothing else. */
export function writeBusyboxImage(archive: string): void {
  writeImageArchive(archive, BUSYBOX_IMAGE, (root) => {
    const busybox = which('busybox');
    copyProgram(busybox, root, 'bin/busybox');
    for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n')) {
      if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
    }
  });
}
