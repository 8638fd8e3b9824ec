import { z } from 'zod';

/**
 * Every setting of the server, in the order of `docs/configuration.md` (a test holds the two together). Each can be given as
 * an environment variable, as a flag (`--data-dir`), or in the configuration file under its name; the flag wins over the
 * environment, the environment over the file.
 */
export interface Setting<T> {
  env: string;
  schema: z.ZodType<T, unknown>;
  /** As one would write it; undefined: not set. */
  byDefault: string | undefined;
  description: string;
}

function setting<T>(
  env: string,
  schema: z.ZodType<T, unknown>,
  byDefault: string | undefined,
  description: string,
): Setting<T> {
  return { env, schema, byDefault, description };
}

const text = z.string().min(1);
const optionalText = text.optional();
const flag = z
  .union([z.boolean(), z.enum(['true', 'false', '1', '0', ''])], 'must be true or false')
  .transform((value) => value === true || value === 'true' || value === '1');
const integer = (minimum: number, maximum: number): z.ZodType<number, unknown> =>
  z.coerce.number(`must be a number`).int().min(minimum).max(maximum);

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

export const SETTINGS = {
  host: setting(
    'BATCHPOINT_HOST',
    text,
    '127.0.0.1',
    'Address to listen on. Anything but loopback needs TLS, or `insecure`.',
  ),
  port: setting('BATCHPOINT_PORT', integer(0, 65535), '8080', 'Port to listen on; 0 takes any free one.'),
  dataDir: setting('BATCHPOINT_DATA_DIR', text, './data', 'Where the embedded PostgreSQL keeps its files.'),
  databaseUrl: setting(
    'DATABASE_URL',
    z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://')
      .optional(),
    undefined,
    'PostgreSQL to use, `postgres://user@host:5432/database`. Not set: an embedded PostgreSQL under the data directory.',
  ),
  databasePasswordFile: setting(
    'DATABASE_PASSWORD_FILE',
    optionalText,
    undefined,
    'File that holds the password for `DATABASE_URL`, so that the URL need not.',
  ),
  databasePoolSize: setting(
    'BATCHPOINT_DATABASE_POOL_SIZE',
    integer(2, 200),
    '20',
    'Most database connections for requests, per server.',
  ),
  adminTokenFile: setting(
    'BATCHPOINT_ADMIN_TOKEN_FILE',
    optionalText,
    undefined,
    'File that holds the admin token (at least 32 characters). Read at every start: replacing the file replaces the token. Not set: a token is made and printed once, at the first start.',
  ),
  secretKeyFile: setting(
    'BATCHPOINT_SECRET_KEY_FILE',
    optionalText,
    undefined,
    'File that holds the key secrets are encrypted with in the database: 32 bytes as base64 or hexadecimal (`openssl rand -base64 32`), the same for every replica. Further lines are older keys. Not set: with the embedded PostgreSQL a file made in the data directory, otherwise no secret can be kept.',
  ),
  tlsCertFile: setting(
    'BATCHPOINT_TLS_CERT_FILE',
    optionalText,
    undefined,
    'PEM certificate chain to serve HTTPS with.',
  ),
  tlsKeyFile: setting('BATCHPOINT_TLS_KEY_FILE', optionalText, undefined, 'PEM private key of the certificate.'),
  insecure: setting(
    'BATCHPOINT_INSECURE',
    flag,
    'false',
    'Listen beyond loopback without TLS: tokens then cross the network in the clear. For a TLS-terminating proxy, or a private network you trust.',
  ),
  publicUrl: setting(
    'BATCHPOINT_PUBLIC_URL',
    z
      .url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
      .refine(
        (value) => /^https?:\/\/[A-Za-z0-9.:[\]-]+\/?$/.test(value),
        'must be a scheme, a host and, if need be, a port, nothing else',
      )
      .transform((value) => value.replace(/\/$/, ''))
      .optional(),
    undefined,
    'Address under which hosts reach the server, such as `https://batchpoint.internal:8080`. What is made for them (user data, launch templates, the installer) names it. Not set: the address each request came to.',
  ),
  agentDir: setting(
    'BATCHPOINT_AGENT_DIR',
    optionalText,
    undefined,
    "Where the agent's executables are that new hosts get (`npm run package`). Not set: `dist/agent` of this installation.",
  ),
  batchCallsPerSecond: setting(
    'BATCHPOINT_BATCH_CALLS_PER_SECOND',
    integer(0, 1000),
    '10',
    'Most calls a second to AWS Batch, for each account and region; 0: AWS is not asked about jobs, and its events are not read.',
  ),
  logLevel: setting('BATCHPOINT_LOG_LEVEL', z.enum(LOG_LEVELS), 'info', `One of ${LOG_LEVELS.join(', ')}.`),
  configFile: setting(
    'BATCHPOINT_CONFIG_FILE',
    optionalText,
    undefined,
    'YAML file with any of these settings but this one.',
  ),
} as const;

export type SettingName = keyof typeof SETTINGS;
export type SettingValues = { [K in SettingName]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never };

/** Settings of the agent and of the shim, which may stand in the same environment: known, and none of the server's business. */
export const OTHER_PROGRAMS_SETTINGS = [
  'BATCHPOINT_SERVER_URL',
  'BATCHPOINT_JOIN_TOKEN',
  'BATCHPOINT_JOIN_TOKEN_FILE',
  'BATCHPOINT_STATE_DIR',
  'BATCHPOINT_STATE',
  'BATCHPOINT_DOCKER_SOCKET',
  'BATCHPOINT_CRIU_DIR',
  'BATCHPOINT_RUNC',
  'BATCHPOINT_CHECKPOINTS_AT_ONCE',
  'BATCHPOINT_NODE',
  'BATCHPOINT_MAIN',
  'BATCHPOINT_STORE',
];
