import { readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { environmentOf } from '../containers/job-identity.js';

const specSchema = z.looseObject({
  process: z.looseObject({ env: z.array(z.string()).default([]), terminal: z.boolean().default(false) }),
  root: z.looseObject({ path: z.string() }),
  mounts: z
    .array(
      z.looseObject({
        destination: z.string(),
        source: z.string().optional(),
        type: z.string().optional(),
        options: z.array(z.string()).nullish(),
      }),
    )
    .default([]),
  linux: z
    .looseObject({ namespaces: z.array(z.looseObject({ type: z.string(), path: z.string().optional() })).default([]) })
    .optional(),
});
type Spec = z.infer<typeof specSchema>;

export interface BindMount {
  destination: string;
  source: string;
  readOnly: boolean;
}

/** The OCI bundle Docker prepared: `config.json` (OCI runtime specification) and the mounted root file system. */
export class Bundle {
  readonly configPath: string;

  private constructor(
    readonly directory: string,
    private readonly spec: Spec,
  ) {
    this.configPath = join(directory, 'config.json');
  }

  static read(directory: string): Bundle {
    return new Bundle(directory, specSchema.parse(JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8'))));
  }

  get environment(): Record<string, string> {
    return environmentOf(this.spec.process.env);
  }

  /** Absolute, links resolved: as it stands in the mount table. */
  get rootPath(): string {
    return realpathSync(resolve(this.directory, this.spec.root.path));
  }

  get tty(): boolean {
    return this.spec.process.terminal;
  }

  /** Bind mounts the job asked for, in order of destination; those Docker adds by itself are left out. */
  get bindMounts(): BindMount[] {
    const own = this.dockerDirectory;
    return this.spec.mounts
      .filter(
        ({ type, options }) =>
          type === 'bind' || (options ?? []).some((option) => option === 'bind' || option === 'rbind'),
      )
      .map(({ destination, source, options }) => ({
        destination,
        source: source ?? '',
        readOnly: (options ?? []).includes('ro'),
      }))
      .filter(
        ({ source, destination }) => !(own !== null && source.startsWith(`${own}/`)) && !DOCKER_ADDS.has(destination),
      )
      .sort((a, b) => (a.destination < b.destination ? -1 : 1));
  }

  /**
   * The content digest of the container's image; null when it cannot be known. Docker cannot be asked: it holds the
   * container's lock until `create` returns. Its own record of the container stands beside the `resolv.conf` it mounts.
   */
  dockerImageId(): string | null {
    if (this.dockerDirectory === null) return null;
    try {
      const record: unknown = JSON.parse(readFileSync(join(this.dockerDirectory, 'config.v2.json'), 'utf8'));
      return z.object({ Image: z.string().min(1) }).parse(record).Image;
    } catch {
      return null;
    }
  }

  readConfig(): Buffer {
    return readFileSync(this.configPath);
  }

  /** Replaces links in the sources of bind mounts by what they point to. */
  resolveMountSources(): void {
    const before = this.readConfig().toString('utf8');
    // Edited as text: a round trip through JavaScript's numbers would spoil 64-bit limits.
    const after = before.replace(
      /("source"\s*:\s*)("(?:[^"\\]|\\.)*")/g,
      (_, key: string, source: string) => key + realSource(source),
    );
    if (after !== before) replaceFile(this.configPath, Buffer.from(after));
  }

  static putConfigBack(directory: string, content: Buffer): void {
    const path = join(directory, 'config.json');
    if (!readFileSync(path).equals(content)) replaceFile(path, content);
  }

  /** `<data-root>/containers/<id>`; null when the bundle is not Docker's. */
  private get dockerDirectory(): string | null {
    const mount = this.spec.mounts.find(({ destination }) => destination === '/etc/resolv.conf');
    return mount?.source === undefined ? null : dirname(mount.source);
  }
}

/** `docker run --init` mounts its init program here (newer engines use the second path). */
const DOCKER_ADDS = new Set(['/sbin/docker-init', '/dev/init', '/etc/resolv.conf', '/etc/hostname', '/etc/hosts']);

function replaceFile(path: string, content: Buffer): void {
  writeFileSync(`${path}.batchpoint`, content);
  renameSync(`${path}.batchpoint`, path);
}

/** A JSON string in, a JSON string out; what is no path to something stays as it is. */
function realSource(quoted: string): string {
  const source = JSON.parse(quoted) as string;
  if (!source.startsWith('/')) return quoted;
  try {
    const real = realpathSync(source);
    return real === source ? quoted : JSON.stringify(real);
  } catch {
    return quoted;
  }
}
