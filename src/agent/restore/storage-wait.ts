import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { AgentConfig, AgentStorage } from '../../protocol/agent-api.js';
import { FailureError, toFailure } from '../../protocol/failure.js';
import { readIfPresent } from '../image-store/durable-files.js';
import { ImageStore } from '../image-store/image-store.js';
import { STORE_MARKER, storeRoot } from '../image-store/store-layout.js';
import { configSchema } from '../local-state.js';
import type { Deadline } from './deadline.js';
import type { RestoreLog } from './restore-log.js';

const run = promisify(execFile);
const LOOK_LIMIT_MS = 5_000;
const PAUSE_MS = 250;

export interface ReadyStore {
  config: AgentConfig;
  storageId: string;
  store: ImageStore;
}

/**
 * The image store of this host, waiting for what a freshly booted instance still lacks: the server's word on which
 * storage it uses, and the storage's mount. null when the server said that there is none. Throws FailureError (`host-not-ready`,
 * `storage-not-mounted`, ...) when the wait is over.
 */
export async function waitForStore(
  stateDir: string,
  waitSeconds: number,
  deadline: Deadline,
  log: RestoreLog,
): Promise<ReadyStore | null> {
  const until = performance.now() + Math.min(waitSeconds * 1000, deadline.remainingMs);
  for (let first = true; ; first = false) {
    try {
      const config = await readConfig(stateDir);
      if (config.storage === null) return null;
      const store = await deadline.limit(openStore(config.storage, config.hostId));
      return { config, storageId: config.storage.id, store };
    } catch (error) {
      const failure = toFailure(error);
      if (failure.code === 'restore-timed-out') throw error;
      if (performance.now() >= until) {
        throw new FailureError(
          { ...failure, message: `${failure.message} (waited ${waitSeconds} s)` },
          { cause: error },
        );
      }
      if (first) log.write(`waiting up to ${waitSeconds} s: ${failure.message}`);
    }
    await sleep(PAUSE_MS);
  }
}

async function readConfig(stateDir: string): Promise<AgentConfig> {
  const path = join(stateDir, 'agent.json');
  const text = await readIfPresent(path);
  const parsed = configSchema.safeParse(text === null ? null : parseJson(text));
  if (parsed.success) return parsed.data;
  throw new FailureError({
    code: 'host-not-ready',
    message: `${path} does not say where checkpoints are: the agent has not reached its server since it was installed`,
    remedy: 'see the agent log on this host; let the agent enrol before the host takes jobs',
  });
}

async function openStore(storage: AgentStorage, hostId: string): Promise<ImageStore> {
  const marker = join(storeRoot(storage.mountPath), STORE_MARKER);
  try {
    // Looked at by a process that can be killed: a dead network file system may never answer.
    await run('stat', ['--', storage.mountPath], { timeout: LOOK_LIMIT_MS, killSignal: 'SIGKILL' });
  } catch (error) {
    if ((error as { killed?: boolean }).killed !== true && storage.fileSystemTypes.length === 0) {
      // Not there: opening makes it where no mount is required.
      return ImageStore.open(storage, hostId);
    }
    throw new FailureError(
      {
        code: 'storage-not-mounted',
        message: `the checkpoint storage does not answer at ${marker}`,
        remedy: `check the mount of ${storage.mountPath} on this host`,
      },
      { cause: error },
    );
  }
  return ImageStore.open(storage, hostId);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
