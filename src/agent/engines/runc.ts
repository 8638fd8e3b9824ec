import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FailureError } from '../../protocol/failure.js';
import { gpuEngineParts } from '../gpu/gpu-engine.js';
import { runTool, type ToolCommand } from './tool-process.js';

export interface RuncSettings {
  /** Path or name of the real runc. */
  runc: string;
  /** Directory that holds `criu`, put first in PATH (runc looks there, and newer ones take no flag); may be empty. */
  criuDir: string;
}

export interface CheckpointArguments {
  root: string;
  id: string;
  imagePath: string;
  workPath: string;
  /** CRIU gives up by itself, cleanly, when it cannot stop the processes within this time. */
  timeoutMs: number;
  /** Files and directories of the container that are watched by inotify and CRIU cannot find by itself. */
  watchedPaths: readonly string[];
  /** With the memory of the job's GPU. */
  gpu: boolean;
}

export interface RestoreArguments {
  root: string;
  id: string;
  bundle: string;
  imagePath: string;
  workPath: string;
  pidFile: string;
  consoleSocket?: string | undefined;
  /** `close`: the job finds the connections at their end. */
  tcp: 'keep' | 'close';
  timeoutMs: number;
  /** The image holds the memory of a GPU. */
  gpu: boolean;
}

const runcStateSchema = z.object({ id: z.string(), status: z.string(), pid: z.number().int(), bundle: z.string() });
export type RuncState = z.infer<typeof runcStateSchema>;

/** Deleted files a job still has open travel inside the image up to this size; CRIU's own limit is 1 MiB. */
const GHOST_LIMIT_BYTES = 1024 ** 3;
const STATE_LIMIT_MS = 30_000;

/** Builds runc's command lines. CRIU options that runc has no flag for go through a `default.conf` in a private HOME. */
export class Runc {
  constructor(private readonly settings: RuncSettings) {}

  /** null when runc knows no such container. Throws `host-not-ready` when runc does not work. */
  async state(root: string, id: string): Promise<RuncState | null> {
    const result = await runTool(
      { command: this.settings.runc, args: ['--root', root, 'state', id], env: this.env('/') },
      STATE_LIMIT_MS,
    );
    if (result.code === 0) {
      const parsed = runcStateSchema.safeParse(parseJson(result.output));
      if (parsed.success) return parsed.data;
    } else if (/does not exist/.test(result.output)) return null;
    throw new FailureError({
      code: 'host-not-ready',
      message: `\`${this.settings.runc} state\` failed (${result.code ?? result.signal}): ${result.output.slice(-400)}`,
      remedy: 'run `batchpoint doctor` on this host',
    });
  }

  /** Dumps a container that goes on running; it stays frozen throughout when it was frozen before. */
  async checkpoint(options: CheckpointArguments): Promise<ToolCommand> {
    const home = await criuHome(options.workPath, [
      `ghost-limit ${GHOST_LIMIT_BYTES}`,
      `timeout ${Math.max(1, Math.ceil(options.timeoutMs / 1000))}`,
      ...options.watchedPaths.map((path) => `irmap-scan-path ${path}`),
      ...this.pluginOptions(options),
    ]);
    const args = [
      '--root',
      options.root,
      'checkpoint',
      '--leave-running',
      '--file-locks',
      '--tcp-established',
      '--ext-unix-sk',
    ];
    args.push('--image-path', options.imagePath, '--work-path', options.workPath, options.id);
    return { command: this.settings.runc, args, env: this.env(home) };
  }

  /** Restores into a new container whose processes are left stopped, so that none ends before Docker starts it. */
  async restore(options: RestoreArguments): Promise<ToolCommand> {
    const home = await criuHome(options.workPath, [
      `ghost-limit ${GHOST_LIMIT_BYTES}`,
      `timeout ${Math.max(1, Math.ceil(options.timeoutMs / 1000))}`,
      'leave-stopped',
      ...(options.tcp === 'close' ? ['tcp-close'] : []),
      ...this.pluginOptions(options),
    ]);
    const args = [
      '--root',
      options.root,
      'restore',
      '--detach',
      '--bundle',
      options.bundle,
      '--file-locks',
      '--ext-unix-sk',
    ];
    args.push('--image-path', options.imagePath, '--work-path', options.workPath, '--pid-file', options.pidFile);
    if (options.tcp === 'keep') args.push('--tcp-established');
    if (options.consoleSocket !== undefined) args.push('--console-socket', options.consoleSocket);
    return { command: this.settings.runc, args: [...args, options.id], env: this.env(home) };
  }

  /**
   * CRIU loads every plugin it finds. Its CUDA plugin makes it thaw a container that was frozen for it, whether or not the job has a GPU: then
   * files and memory are of different moments, so without a GPU CRIU is shown a directory that has none. With one, what NVIDIA's runtime mounts
   * into the container (/proc/driver/nvidia) shares its mounts with the host.
   */
  private pluginOptions({ gpu, workPath }: { gpu: boolean; workPath: string }): string[] {
    const { pluginDir } = gpuEngineParts(this.settings.criuDir);
    if (!gpu) return [`libdir ${criuHomeOf(workPath)}`];
    return [...(pluginDir === null ? [] : [`libdir ${pluginDir}`]), 'enable-external-masters'];
  }

  private env(home: string): Record<string, string> {
    const path = process.env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    return { PATH: this.settings.criuDir === '' ? path : `${this.settings.criuDir}:${path}`, HOME: home };
  }
}

/** CRIU reads `$HOME/.criu/default.conf` also when runc drives it. */
async function criuHome(workPath: string, options: string[]): Promise<string> {
  await mkdir(criuHomeOf(workPath), { recursive: true, mode: 0o700 });
  await writeFile(join(criuHomeOf(workPath), 'default.conf'), `${options.join('\n')}\n`);
  return workPath;
}

function criuHomeOf(workPath: string): string {
  return join(workPath, '.criu');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
