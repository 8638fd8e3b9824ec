import { Injectable } from '@nestjs/common';
import type { EnvironmentFinding, EnvironmentFindingCode } from '../../compute-environments/environment-finding.js';
import { EnvironmentFindingsService } from '../../compute-environments/environment-findings.service.js';
import { QUOTA_FINDING_CODES } from '../../quotas/quota-findings.js';
import { STORAGE_FINDING_CODES } from '../../storage/storage-finding.js';
import type { PreflightCheck, PreflightEnvironment } from '../preflight-section.js';
import type { Look, PreflightSource } from '../preflight-source.js';

const NETWORK: readonly string[] = [
  'mount-target-missing',
  'mount-target-not-available',
  'different-vpc',
  'port-blocked',
];
const STORAGE: readonly string[] = ['no-storage', 'host-storage-not-ready', ...STORAGE_FINDING_CODES];
const MEMORY: readonly string[] = ['gpu-host-memory-too-small', 'gpu-memory-reserve'];

/** Where a finding belongs: with what no other check is about, unless it is known here. */
export function checkOfCode(code: EnvironmentFindingCode): PreflightCheck {
  if (NETWORK.includes(code)) return 'network';
  if (STORAGE.includes(code)) return 'storage';
  if (MEMORY.includes(code)) return 'memory';
  if (code === 'root-volume-too-small') return 'root-volume';
  return (QUOTA_FINDING_CODES as readonly string[]).includes(code) ? 'quotas' : 'configuration';
}

/** What findings say of these comes from AWS: without it their silence is no proof. */
const BY_AWS = ['quotas', 'network', 'memory', 'root-volume'] as const;

/** An environment's findings, section by section. What hosts found wrong with themselves comes from `HostFindingsSource`. */
@Injectable()
export class EnvironmentFindingsSource implements PreflightSource {
  readonly checks: readonly PreflightCheck[] = [...BY_AWS, 'storage', 'drivers', 'configuration'];

  constructor(private readonly findings: EnvironmentFindingsService) {}

  async look(environment: PreflightEnvironment): Promise<Partial<Record<PreflightCheck, Look>>> {
    return environmentLooks(environment, (await this.findings.of(environment.id)).items);
  }
}

export function environmentLooks(
  { access, read }: Pick<PreflightEnvironment, 'access' | 'read'>,
  items: readonly EnvironmentFinding[],
): Partial<Record<PreflightCheck, Look>> {
  const told = items.filter(({ code }) => code !== 'host-check-failed');
  const sorted = Map.groupBy(told, ({ code }) => checkOfCode(code));
  const unasked = items.some(({ code }) => code === 'aws-check-failed' || code === 'aws-sync-stale');
  const silent: Look =
    access === null
      ? { skipped: 'AWS is not asked about an environment without a region.' }
      : !read || unasked
        ? { skipped: 'AWS could not be asked about everything; the section configuration has what kept it.' }
        : { findings: [] };
  return {
    ...Object.fromEntries(BY_AWS.map((check) => [check, silent])),
    storage: { findings: [] },
    configuration: { findings: [] },
    ...Object.fromEntries([...sorted].map(([check, findings]) => [check, { findings }])),
  };
}
