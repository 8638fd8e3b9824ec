import type { HostFinding } from '../protocol/host-facts.js';
import type { Failure } from '../protocol/failure.js';
import { checkCriu } from './doctor/criu.check.js';
import { checkDocker, checkRunc } from './doctor/docker.check.js';
import type { HostExamination } from './doctor/finding.js';
import { checkGpus } from './doctor/gpu.check.js';
import { checkCompatibilityPath } from './doctor/compatibility-path.check.js';
import { checkStorage } from './doctor/storage.check.js';
import { checkDisk, checkKernel, checkMemory, checkPlatform, checkTools } from './doctor/system.check.js';

/** Whether this host can checkpoint and restore, and what to do if not. Never throws; takes seconds, and a trial dump. */
export async function examineHost(host: HostExamination): Promise<HostFinding[]> {
  const { findings, usable } = checkPlatform();
  if (!usable) return findings;
  const checks: [string, () => Promise<HostFinding | HostFinding[]> | HostFinding | HostFinding[]][] = [
    ['kernel', checkKernel],
    ['memory', checkMemory],
    ['disk', () => checkDisk(host)],
    ['tools', checkTools],
    ['criu', () => checkCriu(host)],
    ['runc', () => checkRunc(host)],
    ['docker', () => checkDocker(host)],
    ['gpu', () => checkGpus(host)],
    ['storage', () => checkStorage(host)],
    ['mmc-checkpoint', () => checkCompatibilityPath(host)],
  ];
  for (const [name, check] of checks) {
    try {
      findings.push(...[await check()].flat());
    } catch (cause) {
      const message = `this check could not be made: ${(cause as Error).message}`;
      findings.push({
        check: name,
        severity: 'warning',
        message,
        remedy: 'run `batchpoint doctor` as root on the host',
      });
    }
  }
  return findings;
}

/** Findings without which no container of the host can be checkpointed, whatever else is right. */
const NECESSARY = new Set([
  'platform',
  'root',
  'kernel-features',
  'freezer',
  'tar',
  'criu',
  'criu-check',
  'criu-trial',
  'runc',
]);

/** Why no job of this host can be checkpointed; null when it is fit. */
export function hostProblem(findings: readonly HostFinding[]): Failure | null {
  const finding = findings.find(({ check, severity }) => severity === 'error' && NECESSARY.has(check));
  if (finding === undefined) return null;
  const { message, remedy } = finding;
  return {
    code: 'host-not-ready',
    message: `this host is not fit: ${message}`,
    ...(remedy === undefined ? {} : { remedy }),
  };
}
