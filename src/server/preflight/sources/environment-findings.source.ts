import { Injectable } from '@nestjs/common';
import { EnvironmentFindingsService } from '../../compute-environments/environment-findings.service.js';
import type { PreflightCheck, PreflightEnvironment } from '../preflight-section.js';
import type { Look, PreflightSource } from '../preflight-source.js';

/** Sorts a finding by what its code speaks of; the first that fits counts. */
const CHECK_OF_CODE: readonly [RegExp, PreflightCheck][] = [
  [/quota/, 'quotas'],
  [/root-(volume|disk|device)/, 'root-volume'],
  [/subnet|security-group|mount-target|network|reachab/, 'network'],
  [/storage|file-system|bucket|efs|fsx|juicefs|metadata/, 'storage'],
  [/memory/, 'memory'],
  [/driver|cuda/, 'drivers'],
];

/** An environment's findings, section by section. What hosts found wrong with themselves comes from `HostFindingsSource`. */
@Injectable()
export class EnvironmentFindingsSource implements PreflightSource {
  readonly checks: readonly PreflightCheck[] = [
    'quotas',
    'storage',
    'drivers',
    'network',
    'memory',
    'root-volume',
    'configuration',
  ];

  constructor(private readonly findings: EnvironmentFindingsService) {}

  async look({ id }: PreflightEnvironment): Promise<Partial<Record<PreflightCheck, Look>>> {
    const { items } = await this.findings.of(id);
    const sorted = Map.groupBy(
      items.filter(({ code }) => code !== 'host-check-failed'),
      ({ code }) => checkOfCode(code),
    );
    return {
      // Of these two the findings always speak; of the others silence is no proof.
      storage: { findings: [] },
      configuration: { findings: [] },
      ...Object.fromEntries([...sorted].map(([check, findings]) => [check, { findings }])),
    };
  }
}

export function checkOfCode(code: string): PreflightCheck {
  return CHECK_OF_CODE.find(([pattern]) => pattern.test(code))?.[1] ?? 'configuration';
}
