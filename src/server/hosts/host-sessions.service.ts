import { Injectable } from '@nestjs/common';
import type { HeartbeatRequest } from '../../protocol/agent-api.js';
import type { HostFacts, HostFinding } from '../../protocol/host-facts.js';
import { newId } from '../../protocol/ids.js';
import { AgentCredentials } from '../auth/credentials.js';
import type { AgentPrincipal } from '../auth/principal.js';
import { hashSecret, newSecret } from '../auth/secrets.js';
import { COMMAND_TOPIC } from '../commands/commands.service.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import { DomainError } from '../common/domain-error.js';
import { Database } from '../database/database.js';
import { Host } from './host.entity.js';

export interface Enrolment {
  machineId: string;
  facts: HostFacts;
  findings: HostFinding[];
}

/** The agents' side of hosts: who they are, which of their processes is the newest, and that they are alive. */
@Injectable()
export class HostSessionsService implements AgentCredentials {
  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
  ) {}

  async findAgent(hash: string): Promise<AgentPrincipal | null> {
    const rows: { id: string }[] = await this.database.manager.query(
      'select id from hosts where credential_hash = $1',
      [hash],
    );
    return rows[0] === undefined ? null : { kind: 'agent', hostId: rows[0].id };
  }

  /** A machine known by its id is the same host again, with a new credential; the old one stops working. */
  async enrol(
    { machineId, facts, findings }: Enrolment,
    computeEnvironmentId: string | null,
  ): Promise<{ hostId: string; credential: string }> {
    const credential = newSecret('agentCredential');
    const rows: { id: string }[] = await this.database.manager.query(
      `insert into hosts (id, version, machine_id, compute_environment_id, facts, findings, credential_hash)
       values ($1, 1, $2, $3, $4, $5, $6)
       on conflict (machine_id) do update set
         compute_environment_id = excluded.compute_environment_id, facts = excluded.facts, findings = excluded.findings,
         credential_hash = excluded.credential_hash, deregistered_at = null,
         status = case hosts.status when 'deregistered' then 'offline' else hosts.status end,
         version = hosts.version + 1, updated_at = now()
       returning id`,
      [
        newId('host'),
        machineId,
        computeEnvironmentId,
        JSON.stringify(facts),
        JSON.stringify(findings),
        hashSecret(credential),
      ],
    );
    const hostId = rows[0]!.id;
    await this.notifier.notify('host', hostId);
    return { hostId, credential };
  }

  /** A new process of the agent: from now on the ones before it are stale. */
  async open(hostId: string, { facts, findings }: Pick<Enrolment, 'facts' | 'findings'>): Promise<number> {
    const [rows]: [{ session: number }[], number] = await this.database.manager.query(
      `update hosts set session = session + 1, status = 'online', last_heartbeat_at = now(), facts = $2, findings = $3,
              version = version + 1, updated_at = now()
        where id = $1 and status <> 'deregistered' returning session`,
      [hostId, JSON.stringify(facts), JSON.stringify(findings)],
    );
    if (rows[0] === undefined) throw deregistered(hostId);
    // Wakes the poll of an older process, which then learns that it is stale.
    await this.notifier.notify(COMMAND_TOPIC, hostId);
    await this.notifier.notify('host', hostId);
    return rows[0].session;
  }

  /**
   * Throws `stale-agent-session` unless `session` is the newest. In a transaction the answer holds until its end: a newer
   * session waits for it.
   */
  async check(hostId: string, session: number): Promise<void> {
    const lock = this.database.inTransaction ? ' for share' : '';
    const rows: { session: number; status: string }[] = await this.database.manager.query(
      `select session, status from hosts where id = $1${lock}`,
      [hostId],
    );
    const host = rows[0];
    if (host === undefined || host.status === 'deregistered') throw deregistered(hostId);
    if (host.session === session) return;
    throw new DomainError(
      'stale-agent-session',
      `Session ${session} of host ${hostId} is not the newest (${host.session}): another process of the agent has started. Stop acting on commands.`,
    );
  }

  async heartbeat(
    hostId: string,
    session: number,
    { storage, runningJobs, unsentReports, findings }: HeartbeatRequest,
  ): Promise<void> {
    const [rows]: [{ changed: boolean }[], number] = await this.database.manager.query(
      `update hosts set last_heartbeat_at = now(), status = 'online', storage_health = $3, running_jobs = $4,
              unsent_reports = $5, findings = $6,
              version = hosts.version + news.count, updated_at = case news.count when 0 then hosts.updated_at else now() end
         from (select (status <> 'online' or running_jobs <> $4::integer or findings <> $6::jsonb
                  or (storage_health - '{freeBytes,totalBytes}'::text[]) is distinct from ($3::jsonb - '{freeBytes,totalBytes}'::text[])
                )::integer as count from hosts where id = $1) as news
        where id = $1 and session = $2 and status <> 'deregistered' returning news.count > 0 as changed`,
      [
        hostId,
        session,
        storage === null ? null : JSON.stringify(storage),
        runningJobs,
        unsentReports,
        JSON.stringify(findings),
      ],
    );
    if (rows[0] === undefined) await this.check(hostId, session);
    if (rows[0]?.changed) await this.notifier.notify('host', hostId);
  }

  async computeEnvironmentOf(hostId: string): Promise<string | null> {
    const host = await this.database.repository(Host).findOneByOrFail({ id: hostId });
    return host.computeEnvironmentId;
  }
}

function deregistered(hostId: string): DomainError {
  return new DomainError('forbidden', `Host ${hostId} has been deregistered; enrol it again with a join token.`);
}
