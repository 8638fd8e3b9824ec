import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalState } from './local-state.js';
import { StateDirectoryInUseError, StateLock } from './state-lock.js';

let parent: string;
let stateDir: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'bp-lock-'));
  stateDir = join(parent, 'state');
  mkdirSync(stateDir);
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

describe('StateLock', () => {
  it('keeps a second agent out, names the first, and lets go', () => {
    const lock = StateLock.acquire(stateDir);
    expect(() => StateLock.acquire(stateDir)).toThrow(StateDirectoryInUseError);
    expect(() => StateLock.acquire(stateDir)).toThrow(`pid ${process.pid}`);
    lock.release();
    StateLock.acquire(stateDir).release();
  });

  it('is free at once when its process was killed', async () => {
    const loader = join(import.meta.dirname, '..', '..', 'test', 'support', 'typescript-loader.mjs');
    const program = `
      const { StateLock } = await import(${JSON.stringify(join(import.meta.dirname, 'state-lock.ts'))});
      globalThis.lock = StateLock.acquire(${JSON.stringify(stateDir)});
      console.log('locked');
      setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--import', loader, '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    expect(() => StateLock.acquire(stateDir)).toThrow(StateDirectoryInUseError);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    StateLock.acquire(stateDir).release();
  });

  it('notices that the directory was replaced', () => {
    const lock = StateLock.acquire(stateDir);
    expect(lock.stillHeld()).toBe(true);
    renameSync(stateDir, `${stateDir}.old`);
    expect(lock.stillHeld()).toBe(false);
    mkdirSync(stateDir);
    const other = StateLock.acquire(stateDir);
    expect(lock.stillHeld()).toBe(false);
    expect(other.stillHeld()).toBe(true);
    lock.release();
    other.release();
  });
});

describe('LocalState', () => {
  it('makes one machine id, keeps the credential to its owner, and survives a damaged configuration', async () => {
    const first = await LocalState.open(stateDir);
    await first.saveHost({ hostId: 'host_1', credential: 'secret' });
    const again = await LocalState.open(stateDir);
    expect(again.identity).toEqual({
      machineId: first.identity.machineId,
      host: { hostId: 'host_1', credential: 'secret' },
    });
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
    expect(statSync(join(stateDir, 'identity.json')).mode & 0o777).toBe(0o600);
    expect(await again.loadConfig()).toBeNull();
  });
});
