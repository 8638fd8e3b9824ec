import { Injectable } from '@nestjs/common';
import type { HostFinding } from '../../../protocol/host-facts.js';
import type { Finding } from '../../common/finding.js';
import { Database } from '../../database/database.js';
import type { PreflightCheck, PreflightEnvironment } from '../preflight-section.js';
import type { Look, PreflightSource } from '../preflight-source.js';

interface ExaminedHost {
  name: string;
  findings: HostFinding[];
}

/** By the names of `batchpoint doctor`'s checks; those not here are about what is installed. */
const CHECK_OF_HOST: Readonly<Record<string, PreflightCheck>> = {
  memory: 'memory',
  disk: 'root-volume',
  storage: 'storage',
  outbox: 'network',
};

const WHY: Partial<Record<PreflightCheck, string>> = {
  memory: 'Checkpoints and restores need memory beside that of the jobs.',
  'root-volume': 'Container images and the layers of restored jobs are on the root volume; full, nothing starts.',
  storage: 'Jobs on this host cannot be checkpointed.',
  network: 'The server does not hear of what happens on this host, or late.',
};

/** What `batchpoint doctor` found on the hosts that are online. */
@Injectable()
export class HostFindingsSource implements PreflightSource {
  readonly checks: readonly PreflightCheck[] = ['drivers', 'memory', 'root-volume', 'storage', 'network'];

  constructor(private readonly database: Database) {}

  async look({ id }: PreflightEnvironment): Promise<Partial<Record<PreflightCheck, Look>>> {
    const hosts: ExaminedHost[] = await this.database.manager.query(
      `select facts->>'hostName' as name, findings from hosts
        where compute_environment_id = $1 and status = 'online' order by id`,
      [id],
    );
    return hostLooks(hosts);
  }
}

/** `hosts`: those online. */
export function hostLooks(hosts: readonly ExaminedHost[]): Partial<Record<PreflightCheck, Look>> {
  if (hosts.length === 0) {
    const skipped = 'No host of the environment is online, and only hosts can tell.';
    return { drivers: { skipped }, memory: { skipped }, 'root-volume': { skipped } };
  }
  const found = hosts.flatMap(({ name, findings }) =>
    findings
      .filter(({ severity }) => severity !== 'ok')
      .map((finding) => [checkOf(finding), toFinding(name, finding)] as const),
  );
  const of = (check: PreflightCheck): Finding[] => found.flatMap(([each, finding]) => (each === check ? finding : []));
  const others = (['storage', 'network'] as const).filter((check) => of(check).length > 0);
  return {
    drivers: { findings: of('drivers') },
    memory: { findings: of('memory') },
    'root-volume': { findings: of('root-volume') },
    ...Object.fromEntries(others.map((check) => [check, { findings: of(check) }])),
  };
}

function checkOf({ check }: HostFinding): PreflightCheck {
  return CHECK_OF_HOST[check] ?? 'drivers';
}

function toFinding(host: string, finding: HostFinding): Finding {
  const { check, severity, message, remedy } = finding;
  return {
    severity: severity === 'ok' ? 'info' : severity,
    code: 'host-check-failed',
    message: `Host ${host}, ${check}: ${message}${message.endsWith('.') ? '' : '.'}`,
    why: WHY[checkOf(finding)] ?? 'Checkpoints or restores on this host may fail.',
    remedy: remedy ?? 'Run `batchpoint doctor` on the host.',
  };
}
