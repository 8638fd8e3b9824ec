import type { Logger } from 'pino';
import type { Failure } from '../protocol/failure.js';
import type { HostFacts, HostFinding } from '../protocol/host-facts.js';
import { examineHost, hostProblem } from './doctor.js';
import type { HostExamination } from './doctor/finding.js';
import { storageFinding } from './doctor/storage.check.js';
import { measureHostFacts } from './host-facts.js';
import type { StorageMonitor } from './storage-monitor.js';

/** What the agent knows of its host: facts and findings, measured when asked to and remembered until the next time. */
export class HostExaminer {
  private examined: HostFinding[] = [];
  private measured: Promise<HostFacts> | null = null;

  constructor(
    private readonly host: HostExamination & { dockerVersion: () => Promise<string | null> },
    private readonly storage: StorageMonitor,
    private readonly log: Logger,
  ) {}

  /** Takes seconds. Facts are measured again after it: what was missing may be there now. */
  async examine(): Promise<void> {
    this.examined = await examineHost(this.host);
    this.measured = null;
    for (const finding of this.examined) {
      if (finding.severity === 'error') this.log.error({ ...finding }, 'this host has a problem');
    }
  }

  facts(): Promise<HostFacts> {
    return (this.measured ??= measureHostFacts(this.host));
  }

  /** Why no job of this host can be checkpointed; null when it is fit, or not examined yet. */
  problem(): Failure | null {
    return hostProblem(this.examined);
  }

  /** The storage is looked at far more often than the rest, so it is taken from there. */
  findings(): HostFinding[] {
    const { mountPath, health } = this.storage;
    if (mountPath === null) return this.examined;
    return [...this.examined.filter(({ check }) => check !== 'storage'), storageFinding(health, mountPath)];
  }
}
