/** A `runc create` as Docker called it. */
export interface CreateCall {
  /** Global options that a `runc restore` of the same container needs as well. */
  globalOptions: string[];
  root: string;
  bundle: string;
  id: string;
  pidFile: string | null;
  consoleSocket: string | null;
  /** Options of `create` that `restore` knows too. */
  createOptions: string[];
}

const GLOBAL_WITH_VALUE = new Set(['root', 'log', 'log-format', 'criu', 'rootless']);
const GLOBAL_PASSED_ON = new Set(['systemd-cgroup', 'rootless']);
const CREATE_WITH_VALUE = new Set(['bundle', 'b', 'pid-file', 'console-socket', 'preserve-fds', 'pidfd-socket']);
const CREATE_PASSED_ON = new Set(['no-pivot']);

/** Throws when this is not a `create` with an id. */
export function parseCreateCall(args: readonly string[]): CreateCall {
  const globals = readOptions(args, 0, GLOBAL_WITH_VALUE);
  if (args[globals.end] !== 'create') throw new Error(`not a create: ${args.join(' ')}`);
  const own = readOptions(args, globals.end + 1, CREATE_WITH_VALUE);
  const id = args[own.end];
  if (id === undefined) throw new Error(`create without a container id: ${args.join(' ')}`);
  return {
    globalOptions: passOn(globals.options, GLOBAL_PASSED_ON),
    root: globals.options.get('root') ?? '/run/runc',
    bundle: own.options.get('bundle') ?? own.options.get('b') ?? process.cwd(),
    id,
    pidFile: own.options.get('pid-file') ?? null,
    consoleSocket: own.options.get('console-socket') ?? null,
    createOptions: passOn(own.options, CREATE_PASSED_ON),
  };
}

/** runc takes `--name value`, `--name=value` and the same with one dash. A flag without a value maps to ''. */
function readOptions(args: readonly string[], start: number, withValue: ReadonlySet<string>) {
  const options = new Map<string, string>();
  let end = start;
  for (; end < args.length; end += 1) {
    const match = /^--?([^=]+)(?:=(.*))?$/s.exec(args[end]!);
    if (match === null) break;
    const name = match[1]!;
    if (match[2] !== undefined) options.set(name, match[2]);
    else if (withValue.has(name)) options.set(name, args[(end += 1)] ?? '');
    else options.set(name, '');
  }
  return { options, end };
}

function passOn(options: ReadonlyMap<string, string>, names: ReadonlySet<string>): string[] {
  return [...options]
    .filter(([name]) => names.has(name))
    .map(([name, value]) => (value === '' ? `--${name}` : `--${name}=${value}`));
}
