import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/**
 * A directory as `npm run package` leaves it, with a small program in place of the executable of this machine's architecture: it notes its
 * arguments in `calls`, and does by itself what the installer asks of it, but for `docker-runtime`, which is the real one. What
 * the executable really does is `executable.spec.ts`'s business.
 */
export function agentStandIn(directory: string): { agentDir: string; executable: string; calls: string } {
  const agentDir = join(directory, 'agent');
  const calls = join(directory, 'calls');
  const executable = join(agentDir, `batchpoint-linux-${process.arch}`);
  mkdirSync(agentDir, { recursive: true });
  const real = `'${process.execPath}' --import '${join(ROOT, 'test/support/typescript-loader.mjs')}' '${join(ROOT, 'src/main.ts')}'`;
  writeExecutable(
    executable,
    `#!/bin/sh
# A stand-in for the agent's executable.
printf '%s\\n' "$*" >>'${calls}'
[ -z "\${BATCHPOINT_INSTALL_ROOT:-}" ] || { echo 'an unknown setting' >&2; exit 2; }
case $1 in
  agent)
    mkdir -p "$4/bin"
    echo "$4/bin/batchpoint-runc"
    ;;
  docker-runtime) exec ${real} "$@" ;;
esac
`,
  );
  return { agentDir, executable, calls };
}

/** The program, with its checksum beside it. */
export function writeExecutable(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o755 });
  const digest = createHash('sha256').update(text).digest('hex');
  writeFileSync(`${path}.sha256`, `${digest}  ${path.split('/').at(-1)}\n`);
}
