import { spawn, type ChildProcess } from 'node:child_process';
import { FailureError } from '../../protocol/failure.js';
import type { Freezer } from './freezer.js';
import type { ToolProcess } from './tool-process.js';

/**
 * Runs in a session of its own and waits for its input to end, which happens when the agent dies, however it dies.
 * CRIU is then left to finish, up to a limit, before it is killed: it works inside the job's processes, and killing it
 * there was seen to take one of them with it (1 of 60 tries).
 *
 * Arguments: the freezer's file, the word that thaws, seconds CRIU may still take.
 * Input: `dump PID`, `helper PID` (group leaders), `done`. Each line but the last is answered.
 */
const GUARD_SCRIPT = `
file=$1 word=$2 grace=$3 dump= helpers=
while read -r kind pid; do
  case $kind in
    dump) dump=$pid ;;
    helper) helpers="$helpers $pid" ;;
    done) exit 0 ;;
  esac
  echo ok
done
trap '' PIPE
for pid in $helpers; do kill -9 "-$pid" 2>/dev/null; done
running() { [ -n "$dump" ] && [ -d "/proc/$dump" ] && ! grep -qs '^State:[[:space:]]*Z' "/proc/$dump/status"; }
end=$(($(date +%s) + grace + 1))
while running && [ "$(date +%s)" -lt "$end" ]; do sleep 0.05; done
if running; then kill -9 "-$dump" 2>/dev/null; fi
while [ -e "$file" ] && ! echo "$word" 2>/dev/null >"$file"; do sleep 0.05; done
`;

/** The guard's name in the process list: how a restarted agent knows it. */
export const GUARD_NAME = 'batchpoint-guard';

/** Makes sure that a container frozen by this process is thawed even when this process is killed. */
export class FreezeGuard {
  private readonly child: ChildProcess;
  private answer: { resolve: () => void; reject: (error: Error) => void } | null = null;
  private ended = false;

  /** @param graceMs how long a running dump may go on after the agent's death. */
  constructor(freezer: Freezer, graceMs: number) {
    const { path, word } = freezer.thawFile;
    this.child = spawn('/bin/sh', ['-c', GUARD_SCRIPT, GUARD_NAME, path, word, String(Math.ceil(graceMs / 1000))], {
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.child.stdin!.on('error', () => undefined);
    this.child.stdout!.on('data', () => {
      this.answer?.resolve();
      this.answer = null;
    });
    const end = (): void => {
      this.ended = true;
      this.answer?.reject(guardFailed());
      this.answer = null;
    };
    this.child.on('error', end);
    this.child.on('exit', end);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Returns when the guard knows the program. Call before the program starts. Throws `freeze-failed`. */
  async watch(kind: 'dump' | 'helper', tool: ToolProcess): Promise<void> {
    if (this.ended || tool.pid === 0) throw guardFailed();
    await new Promise<void>((resolve, reject) => {
      this.answer = { resolve, reject };
      this.child.stdin!.write(`${kind} ${tool.pid}\n`);
    });
  }

  /** The container is thawed: the guard has nothing more to do. */
  dismiss(): void {
    this.child.stdin!.end('done\n');
    this.child.unref();
  }
}

function guardFailed(): FailureError {
  return new FailureError({
    code: 'freeze-failed',
    message: 'the guard that thaws the container should the agent die could not be started, so it was not frozen',
    remedy: 'check that /bin/sh runs and that this host can start more processes (`ulimit -u`, memory)',
  });
}
