import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { DockerConfigError, parseDockerConfig, withoutRuntime, withRuntime } from './docker-config.js';
import { readIfPresent, replaceIfDifferent } from './image-store/durable-files.js';

const USAGE = `batchpoint docker-runtime: names the runtime in Docker's configuration, beside what stands there, and makes it the default one.

  --config FILE   /etc/docker/daemon.json
  --shim FILE     /var/lib/batchpoint/bin/batchpoint-runc, which \`batchpoint agent --install-shim-only\` puts there
  --remove        make runc the default again; the runtime stays known to containers that were made with it

Prints "changed" (then reload Docker) or "unchanged". Exit code: 0, 1 when it cannot be done, 2 when it was called wrongly.
`;

/** `batchpoint docker-runtime`. */
export async function run(argv: string[]): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  let options: { config: string; shim: string; remove: boolean };
  try {
    options = parseArgs({
      args: argv,
      options: {
        config: { type: 'string', default: '/etc/docker/daemon.json' },
        shim: { type: 'string', default: '/var/lib/batchpoint/bin/batchpoint-runc' },
        remove: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`batchpoint docker-runtime: ${(error as Error).message}\n`);
    return 2;
  }
  try {
    const before = parseDockerConfig(await readIfPresent(options.config));
    const after = options.remove ? withoutRuntime(before) : withRuntime(before, options.shim);
    const same = JSON.stringify(before) === JSON.stringify(after);
    if (!same) {
      await mkdir(dirname(options.config), { recursive: true });
      await replaceIfDifferent(options.config, `${JSON.stringify(after, null, 2)}\n`, 0o644);
    }
    process.stdout.write(same ? 'unchanged\n' : 'changed\n');
    return 0;
  } catch (error) {
    if (!(error instanceof DockerConfigError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    process.stderr.write(`batchpoint docker-runtime: ${options.config}: ${(error as Error).message}\n`);
    return 1;
  }
}
