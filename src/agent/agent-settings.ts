import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { RUNTIME_CONF_KEYS } from '../protocol/shim-api.js';

/** What `batchpoint agent` is told. Every setting is an environment variable and a flag; the flag wins. */
export interface AgentSettings {
  serverUrl: string;
  /** Reads the token anew at each try, so that an operator can put a fresh one into the file. null: none given. */
  joinToken: () => string | null;
  stateDir: string;
  dockerSocket: string;
  /** Directory that holds `criu`, put first in PATH of runc; empty: the PATH as it is. */
  criuDir: string;
  /** null: not found; the agent then cannot run, `doctor` says so. */
  runc: string | null;
  logLevel: LogLevel;
  /** Periodic checkpoints running at the same time on this host. */
  checkpointsAtOnce: number;
  installShimOnly: boolean;
}

/** Settings with which the agent can run. */
export type UsableAgentSettings = AgentSettings & { runc: string };

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export class SettingsError extends Error {
  constructor(readonly problems: string[]) {
    super(problems.join('\n'));
    this.name = 'SettingsError';
  }
}

const absolutePath = z.string().startsWith('/', 'must be an absolute path');
const serverUrl = z
  .url({
    protocol: /^https?$/,
    error: 'must be an http:// or https:// address, for example https://batchpoint.internal:8080',
    abort: true,
  })
  .refine((value) => URL.parse(value)?.username === '', 'must not carry a user name or password')
  .transform((value) => value.replace(/\/+$/, ''));

const schema = z.object({
  BATCHPOINT_SERVER_URL: serverUrl.default('http://127.0.0.1:8080'),
  BATCHPOINT_JOIN_TOKEN: z.string().trim().min(1).optional(),
  BATCHPOINT_JOIN_TOKEN_FILE: absolutePath.optional(),
  BATCHPOINT_STATE_DIR: absolutePath.default('/var/lib/batchpoint'),
  BATCHPOINT_DOCKER_SOCKET: absolutePath.default('/var/run/docker.sock'),
  BATCHPOINT_CRIU_DIR: z.union([z.literal(''), absolutePath]).default(''),
  BATCHPOINT_RUNC: absolutePath.optional(),
  BATCHPOINT_LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
  BATCHPOINT_CHECKPOINTS_AT_ONCE: z.coerce.number().int().min(1).max(64).default(1),
});
type Name = keyof typeof schema.shape;

const NAMES = Object.keys(schema.shape) as Name[];
/** Settings of the server and keys of the shim's file: known, not ours, so no mistake where programs share an environment. */
const OTHER_NAMES = [
  ...[
    'HOST',
    'PORT',
    'DATA_DIR',
    'ADMIN_TOKEN_FILE',
    'TLS_CERT_FILE',
    'TLS_KEY_FILE',
    'INSECURE',
    'CONFIG_FILE',
    'PUBLIC_URL',
    'AGENT_DIR',
  ].map((name) => `BATCHPOINT_${name}`),
  ...RUNTIME_CONF_KEYS,
];

const flagOf = (name: Name): string => name.slice('BATCHPOINT_'.length).toLowerCase().replaceAll('_', '-');
const FLAGS = Object.fromEntries(NAMES.map((name) => [flagOf(name), { type: 'string' as const }]));

export const AGENT_USAGE = `batchpoint agent: protects the AWS Batch jobs of this host. Runs as root.

  --server-url URL            BATCHPOINT_SERVER_URL       the server (http://127.0.0.1:8080)
  --join-token TOKEN          BATCHPOINT_JOIN_TOKEN       first start only; prefer the file, a flag shows in ps
  --join-token-file FILE      BATCHPOINT_JOIN_TOKEN_FILE
  --state-dir DIR             BATCHPOINT_STATE_DIR        /var/lib/batchpoint
  --docker-socket FILE        BATCHPOINT_DOCKER_SOCKET    /var/run/docker.sock
  --criu-dir DIR              BATCHPOINT_CRIU_DIR         directory of criu when it is not the one in PATH
  --runc FILE                 BATCHPOINT_RUNC             the real runc (found in PATH)
  --log-level LEVEL           BATCHPOINT_LOG_LEVEL        ${LOG_LEVELS.join(', ')} (info)
  --checkpoints-at-once N     BATCHPOINT_CHECKPOINTS_AT_ONCE   periodic checkpoints at the same time (1)
  --install-shim-only         put the runtime shim into the state directory and exit
  --help
`;

/** Throws {@link SettingsError} naming every problem, not the first. */
export function readAgentSettings(args: readonly string[], env: NodeJS.ProcessEnv): AgentSettings {
  const flags = readFlags(args);
  const problems = unknownSettings(env);
  const given: Partial<Record<Name, string>> = {};
  for (const name of NAMES) {
    const value = flags[flagOf(name)] ?? env[name];
    // An empty variable is how unit files and compose files spell "not set".
    if (typeof value === 'string' && value !== '') given[name] = value;
  }
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(`${String(issue.path[0])}: ${issue.message}`);
  }
  if (given.BATCHPOINT_JOIN_TOKEN !== undefined && given.BATCHPOINT_JOIN_TOKEN_FILE !== undefined) {
    problems.push('BATCHPOINT_JOIN_TOKEN and BATCHPOINT_JOIN_TOKEN_FILE are both set; give one of them');
  }
  if (!parsed.success || problems.length > 0) throw new SettingsError(problems);

  const values = parsed.data;
  return {
    serverUrl: values.BATCHPOINT_SERVER_URL,
    joinToken: () => values.BATCHPOINT_JOIN_TOKEN ?? readTokenFile(values.BATCHPOINT_JOIN_TOKEN_FILE),
    stateDir: values.BATCHPOINT_STATE_DIR,
    dockerSocket: values.BATCHPOINT_DOCKER_SOCKET,
    criuDir: values.BATCHPOINT_CRIU_DIR,
    runc: values.BATCHPOINT_RUNC ?? findInPath('runc', env),
    logLevel: values.BATCHPOINT_LOG_LEVEL,
    checkpointsAtOnce: values.BATCHPOINT_CHECKPOINTS_AT_ONCE,
    installShimOnly: flags['install-shim-only'] === true,
  };
}

function readFlags(args: readonly string[]): Record<string, string | boolean | undefined> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { ...FLAGS, 'install-shim-only': { type: 'boolean' } },
      allowPositionals: false,
    });
    return values;
  } catch (error) {
    throw new SettingsError([`${(error as Error).message}`, 'see `batchpoint agent --help`']);
  }
}

function unknownSettings(env: NodeJS.ProcessEnv): string[] {
  const known = new Set<string>([...NAMES, ...OTHER_NAMES]);
  return Object.keys(env)
    .filter((name) => name.startsWith('BATCHPOINT_') && !known.has(name))
    .map((name) => `${name}: no such setting; the agent knows ${NAMES.join(', ')}`);
}

function readTokenFile(file: string | undefined): string | null {
  if (file === undefined || !existsSync(file)) return null;
  return readFileSync(file, 'utf8').trim() || null;
}

/** Absolute path of an executable; /usr/sbin and /sbin are searched too, where cron and su leave them out. */
export function findInPath(name: string, env: NodeJS.ProcessEnv): string | null {
  const folders = [
    ...(env['PATH'] ?? '').split(delimiter),
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
    '/usr/bin',
    '/bin',
  ];
  for (const folder of folders) {
    if (folder !== '' && existsSync(join(folder, name))) return join(folder, name);
  }
  return null;
}
