import { pino } from 'pino';
import type { StorageHealth } from '../../protocol/agent-api.js';
import type { HostFinding } from '../../protocol/host-facts.js';
import { formatBytes } from '../format-bytes.js';
import { LocalState } from '../local-state.js';
import { StorageMonitor } from '../storage-monitor.js';
import { error, info, ok, type HostExamination } from './finding.js';

/** The storage this host was told to use, by a real write. */
export async function checkStorage({ stateDir }: HostExamination): Promise<HostFinding> {
  const config = await LocalState.readConfig(stateDir);
  if (config === null) return info('storage', 'this host is not enrolled yet, so no storage is known to it');
  if (config.storage === null) return info('storage', 'this host has no storage: its compute environment names none');
  const monitor = new StorageMonitor(pino({ level: 'silent' }));
  monitor.use(config.storage, config.hostId);
  return storageFinding(await monitor.check(), config.storage.mountPath);
}

export function storageFinding(health: StorageHealth | null, mountPath: string): HostFinding {
  if (health?.ready === true) {
    return ok(
      'storage',
      `checkpoint storage at ${mountPath}: written and read back, ${formatBytes(health.freeBytes ?? 0)} free`,
    );
  }
  return error(
    'storage',
    health?.reason ?? 'not checked yet',
    `mount the checkpoint storage at ${mountPath}; the API has its mount script`,
  );
}
