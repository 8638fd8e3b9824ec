import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { parseArgs } from 'node:util';
import { parse as parseYaml } from 'yaml';
import { ServerConfig } from './server-config.js';
import { OTHER_PROGRAMS_SETTINGS, type SettingName, SETTINGS, type SettingValues } from './settings.js';

/** Says what is wrong with the configuration and what to do; the program prints it and exits with 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const NAMES = Object.keys(SETTINGS) as SettingName[];

/** Throws {@link ConfigError}. `argv` are the words after the command. */
export function loadConfig(argv: string[], env: NodeJS.ProcessEnv): ServerConfig {
  const flags = readFlags(argv);
  const variables = readEnvironment(env);
  const file = readFile(flags.configFile ?? variables.configFile);
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const name of NAMES) {
    const { schema, byDefault, env: variable } = SETTINGS[name];
    const given = flags[name] ?? variables[name] ?? file[name] ?? byDefault;
    const result = schema.safeParse(given);
    if (result.success) values[name] = result.data;
    else problems.push(`${variable} (--${kebab(name)}): ${result.error.issues[0]!.message}`);
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return checkTogether(withPassword(new ServerConfig(values as SettingValues)));
}

function readFlags(argv: string[]): Partial<Record<SettingName, unknown>> {
  const options = Object.fromEntries(
    NAMES.map((name) => [kebab(name), { type: name === 'insecure' ? ('boolean' as const) : ('string' as const) }]),
  );
  try {
    const { values } = parseArgs({ args: argv, options, strict: true, allowPositionals: false });
    return Object.fromEntries(NAMES.map((name) => [name, values[kebab(name)]]));
  } catch (error) {
    throw new ConfigError(`${(error as Error).message}. Flags: ${NAMES.map((name) => `--${kebab(name)}`).join(' ')}`);
  }
}

function readEnvironment(env: NodeJS.ProcessEnv): Partial<Record<SettingName, string>> {
  const known = new Map(NAMES.map((name) => [SETTINGS[name].env, name]));
  const unknown = Object.keys(env).filter(
    (name) => name.startsWith('BATCHPOINT_') && !known.has(name) && !OTHER_PROGRAMS_SETTINGS.includes(name),
  );
  if (unknown.length > 0) {
    throw new ConfigError(
      `unknown setting in the environment: ${unknown.sort().join(', ')}. The server's settings are ${[...known.keys()].join(', ')}.`,
    );
  }
  // Set to nothing counts as not set: what compose files and unit files make of an unset variable.
  return Object.fromEntries([...known].map(([variable, name]) => [name, env[variable] || undefined]));
}

function readFile(path: unknown): Partial<Record<SettingName, unknown>> {
  if (typeof path !== 'string') return {};
  let content: unknown;
  try {
    content = parseYaml(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    throw new ConfigError(`cannot read the configuration file ${path}: ${(error as Error).message}`);
  }
  if (typeof content !== 'object' || Array.isArray(content))
    throw new ConfigError(`${path}: must be a YAML mapping of settings`);
  const allowed = NAMES.filter((name) => name !== 'configFile');
  const unknown = Object.keys(content as object).filter((name) => !(allowed as string[]).includes(name));
  if (unknown.length > 0)
    throw new ConfigError(`${path}: unknown setting ${unknown.join(', ')}. Settings are ${allowed.join(', ')}.`);
  return content as Partial<Record<SettingName, unknown>>;
}

function withPassword(config: ServerConfig): ServerConfig {
  if (config.databasePasswordFile === undefined) return config;
  if (config.databaseUrl === undefined) {
    throw new ConfigError(
      'DATABASE_PASSWORD_FILE is set but DATABASE_URL is not; set both, or neither for the embedded PostgreSQL',
    );
  }
  const url = new URL(config.databaseUrl);
  url.password = encodeURIComponent(readSecretFile(config.databasePasswordFile, 'DATABASE_PASSWORD_FILE'));
  return config.with({ databaseUrl: url.href });
}

/** The content of a secret's file without the newline editors add. */
export function readSecretFile(path: string, variable: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new ConfigError(`${variable}: cannot read ${path}: ${(error as Error).message}`);
  }
}

function checkTogether(config: ServerConfig): ServerConfig {
  if ((config.tlsCertFile === undefined) !== (config.tlsKeyFile === undefined)) {
    throw new ConfigError('BATCHPOINT_TLS_CERT_FILE and BATCHPOINT_TLS_KEY_FILE belong together: set both or neither');
  }
  if (!isLoopback(config.host) && !config.usesTls && !config.insecure) {
    throw new ConfigError(
      `refusing to listen on ${config.host} without TLS: tokens would cross the network in the clear. ` +
        'Set BATCHPOINT_TLS_CERT_FILE and BATCHPOINT_TLS_KEY_FILE, or listen on 127.0.0.1, ' +
        'or pass --insecure if something in front of the server provides TLS.',
    );
  }
  if (config.usesTls) readTls(config);
  return config;
}

/** Certificate and key of the files, proven to fit each other. */
export function readTls(config: ServerConfig): { cert: string; key: string } {
  const cert = readSecretFile(config.tlsCertFile!, 'BATCHPOINT_TLS_CERT_FILE');
  const key = readSecretFile(config.tlsKeyFile!, 'BATCHPOINT_TLS_KEY_FILE');
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new ConfigError(
      `cannot serve TLS with ${config.tlsCertFile} and ${config.tlsKeyFile}: ${(error as Error).message}`,
    );
  }
  return { cert, key };
}

export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1';
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
