import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, isLoopback, loadConfig } from './load-config.js';

describe('loadConfig', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'bp-config-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  function file(name: string, text: string): string {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  }
  const refuse = (argv: string[], env: Record<string, string>, message: RegExp): void => {
    expect(() => loadConfig(argv, env)).toThrow(ConfigError);
    expect(() => loadConfig(argv, env)).toThrow(message);
  };

  it('has defaults for everything', () => {
    expect(loadConfig([], {})).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      dataDir: './data',
      databaseUrl: undefined,
      insecure: false,
      logLevel: 'info',
    });
  });

  it('lets a flag win over the environment, and that over the file', () => {
    const configFile = file('a.yaml', 'port: 1\nlogLevel: debug\ndataDir: /file\n');
    const env = { BATCHPOINT_CONFIG_FILE: configFile, BATCHPOINT_PORT: '2', BATCHPOINT_DATA_DIR: '/env' };
    expect(loadConfig(['--data-dir', '/flag'], env)).toMatchObject({ port: 2, logLevel: 'debug', dataDir: '/flag' });
  });

  it('takes a variable set to nothing as not set', () => {
    expect(loadConfig([], { BATCHPOINT_PORT: '', DATABASE_URL: '' })).toMatchObject({
      port: 8080,
      databaseUrl: undefined,
    });
  });

  it.each([
    ['an unknown variable', [], { BATCHPOINT_POTR: '1' }, /unknown setting in the environment: BATCHPOINT_POTR/],
    ['an unknown flag', ['--potr', '1'], {}, /--potr/],
    ['a stray word', ['now'], {}, /now/],
    ['a port that is none', [], { BATCHPOINT_PORT: '70000' }, /BATCHPOINT_PORT \(--port\)/],
    ['a port that is no number', [], { BATCHPOINT_PORT: 'http' }, /BATCHPOINT_PORT/],
    ['a level that is none', [], { BATCHPOINT_LOG_LEVEL: 'loud' }, /BATCHPOINT_LOG_LEVEL/],
    [
      'a flag that is neither true nor false',
      [],
      { BATCHPOINT_INSECURE: 'maybe' },
      /BATCHPOINT_INSECURE.*true or false/,
    ],
    ['another database', [], { DATABASE_URL: 'mysql://x' }, /DATABASE_URL.*postgres:/],
    ['a password without its URL', [], { DATABASE_PASSWORD_FILE: '/x' }, /DATABASE_URL is not/],
    ['a configuration file that is not there', [], { BATCHPOINT_CONFIG_FILE: '/nowhere.yaml' }, /nowhere\.yaml/],
    ['half a TLS configuration', [], { BATCHPOINT_TLS_KEY_FILE: '/x' }, /belong together/],
    ['plain HTTP beyond loopback', ['--host', '::'], {}, /refusing to listen on ::/],
  ])('refuses %s', (_, argv, env, message) => refuse(argv, env, message));

  it('refuses unknown settings and wrong shapes in the file', () => {
    refuse(['--config-file', file('b.yaml', 'prot: 1\n')], {}, /unknown setting prot/);
    refuse(['--config-file', file('c.yaml', '- 1\n')], {}, /mapping/);
    refuse(['--config-file', file('d.yaml', 'a: [')], {}, /cannot read/);
    refuse(['--config-file', file('e.yaml', 'configFile: x\n')], {}, /unknown setting configFile/);
    expect(loadConfig(['--config-file', file('f.yaml', '')], {}).port).toBe(8080);
  });

  it('names every mistake at once', () => {
    refuse([], { BATCHPOINT_PORT: '-1', BATCHPOINT_LOG_LEVEL: 'x' }, /BATCHPOINT_PORT[^]*BATCHPOINT_LOG_LEVEL/);
  });

  it('puts the password of the file into the URL, whatever it holds', () => {
    const env = { DATABASE_URL: 'postgres://u@h/d', DATABASE_PASSWORD_FILE: file('pw', 'p@ss/wörd%25:#?\n') };
    expect(decodeURIComponent(new URL(loadConfig([], env).databaseUrl!).password)).toBe('p@ss/wörd%25:#?');
  });

  it('knows loopback', () => {
    expect(['127.0.0.1', '127.8.9.1', '::1', 'localhost'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '::', '10.0.0.1', 'example.org', '127.evil.example'].some(isLoopback)).toBe(false);
  });
});
