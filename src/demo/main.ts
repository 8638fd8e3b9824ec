import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { examineMachine, installPrerequisites } from '../standalone/machine.js';
import { Narrator } from './narrator.js';
import { Interrupted, type Stage, tellTheStory } from './story.js';

/** `batchpoint demo` (`npm run demo`): the main job on two hosts of this machine. 0 only when the outputs are the same. */
export async function run(): Promise<number> {
  const narrator = new Narrator();
  let machine = examineMachine({ demo: true });
  if (!machine.capable) {
    narrator.line('This machine lacks something the demonstration needs; trying to get it.');
    installPrerequisites();
    machine = examineMachine({ demo: true });
  }
  if (!machine.capable) {
    process.stderr.write(
      `\nThe demonstration checkpoints real containers and cannot run here:\n  ${machine.missing.join('\n  ')}\n`,
    );
    return 1;
  }

  // Short, because of unix sockets; readable for the unprivileged user PostgreSQL runs as.
  const dir = mkdtempSync('/tmp/bpdemo-');
  chmodSync(dir, 0o755);
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupted.abort());
  const stage: Stage = { dir, criuDir: machine.criuDir, narrator, interrupted: interrupted.signal, cleanUp: [] };
  try {
    await tellTheStory(stage);
    return 0;
  } catch (error) {
    // Ctrl-C reaches the commands we run as well, and what they then fail with is no failure.
    if (error instanceof Interrupted || interrupted.signal.aborted) {
      narrator.line('\nInterrupted.');
      return 130;
    }
    process.stderr.write(`\nThe demonstration failed: ${(error as Error).message}\n${lastLogLines(dir)}`);
    return 1;
  } finally {
    for (const undo of stage.cleanUp.reverse()) {
      await undo().catch((error: unknown) => process.stderr.write(`cleaning up: ${(error as Error).message}\n`));
    }
    rmSync(dir, { recursive: true, force: true });
    narrator.line(`Cleaned up: nothing of it is left running. (${narrator.seconds()} s)`);
  }
}

/** The logs go with the directory, so their ends are shown. */
function lastLogLines(dir: string): string {
  const logs = ['server', 'a', 'b'].map((part) => join(dir, part, 'logs')).filter((path) => existsSync(path));
  return logs
    .flatMap((path) =>
      readdirSync(path)
        .filter((name) => name.endsWith('.log'))
        .map((name) => join(path, name)),
    )
    .map((path) => `\n--- end of ${path}\n${readFileSync(path, 'utf8').trimEnd().split('\n').slice(-15).join('\n')}\n`)
    .join('');
}
