import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAgentSettings, SettingsError } from './agent-settings.js';

const problemsOf = (args: string[], env: NodeJS.ProcessEnv): string => {
  try {
    readAgentSettings(args, env);
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  return '';
};

describe('readAgentSettings', () => {
  it('has defaults for everything', () => {
    expect(readAgentSettings([], { PATH: '/nowhere' })).toMatchObject({
      serverUrl: 'http://127.0.0.1:8080',
      stateDir: '/var/lib/batchpoint',
      dockerSocket: '/var/run/docker.sock',
      criuDir: '',
      logLevel: 'info',
      checkpointsAtOnce: 1,
      installShimOnly: false,
    });
  });

  it('prefers a flag to its variable, and takes an empty variable for none', () => {
    const env = {
      BATCHPOINT_SERVER_URL: 'https://a:8080/',
      BATCHPOINT_STATE_DIR: '/a',
      BATCHPOINT_JOIN_TOKEN: '',
      BATCHPOINT_RUNC: '/opt/runc',
    };
    const settings = readAgentSettings(['--state-dir', '/b', '--install-shim-only'], env);
    expect(settings).toMatchObject({
      serverUrl: 'https://a:8080',
      stateDir: '/b',
      runc: '/opt/runc',
      installShimOnly: true,
    });
    expect(settings.joinToken()).toBeNull();
  });

  it('names every problem at once', () => {
    const message = problemsOf([], {
      BATCHPOINT_SERVER_URL: 'batchpoint.internal',
      BATCHPOINT_STATE_DIR: 'relative',
      BATCHPOINT_LOG_LEVEL: 'loud',
      BATCHPOINT_CHECKPOINTS_AT_ONCE: '0',
      BATCHPOINT_STATEDIR: '/typo',
    });
    for (const name of ['SERVER_URL', 'STATE_DIR', 'LOG_LEVEL', 'CHECKPOINTS_AT_ONCE', 'STATEDIR'])
      expect(message).toContain(`BATCHPOINT_${name}:`);
  });

  it('passes over the settings of the server', () => {
    expect(
      problemsOf([], { BATCHPOINT_PORT: '8080', BATCHPOINT_DATA_DIR: './data', BATCHPOINT_INSECURE: 'true' }),
    ).toBe('');
  });

  it.each([[['--no-such-flag']], [['positional']], [['--state-dir']]])('refuses %j', (args) => {
    expect(problemsOf(args, {})).toContain('batchpoint agent --help');
  });

  it('refuses credentials in the address, and a token given twice', () => {
    expect(problemsOf(['--server-url', 'https://user:pass@host'], {})).toContain('user name');
    expect(problemsOf(['--join-token', 'a', '--join-token-file', '/b'], {})).toContain('both set');
  });

  it('reads the join token file anew each time', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bp-settings-'));
    try {
      const file = join(folder, 'token');
      const { joinToken } = readAgentSettings(['--join-token-file', file], {});
      expect(joinToken()).toBeNull();
      writeFileSync(file, 'secret\n');
      expect(joinToken()).toBe('secret');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
