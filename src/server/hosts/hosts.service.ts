import { Injectable } from '@nestjs/common';
import type { StorageHealth } from '../../protocol/agent-api.js';
import type { HostFacts } from '../../protocol/host-facts.js';
import { COMMAND_TOPIC, CommandsService } from '../commands/commands.service.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import { DomainError } from '../common/domain-error.js';
import { type IfMatchVersions, lockForUpdate } from '../common/etag.js';
import { patchLabels } from '../common/labels.js';
import type { Page } from '../common/page.dto.js';
import { paginate } from '../common/paging.js';
import { Database } from '../database/database.js';
import { HOST_SORT, type HostQueryDto } from './dto/host-query.dto.js';
import { type HostDto, toHostDto } from './dto/host.dto.js';
import type { UpdateHostDto } from './dto/update-host.dto.js';
import { Host } from './host.entity.js';
import type { HostStatus } from './host-status.js';

/** What other features may know of a host. */
export interface HostView {
  id: string;
  name: string;
  status: HostStatus;
  draining: boolean;
  computeEnvironmentId: string | null;
  facts: HostFacts;
  storage: StorageHealth | null;
  lastHeartbeatAt: Date | null;
}

/** Said of a Spot instance: it is taken back in two minutes; it is likelier than before to be. */
export type InstanceNotice = 'spot-interruption-warning' | 'rebalance-recommendation';
const NOTICE_COLUMNS: Record<InstanceNotice, string> = {
  'spot-interruption-warning': 'interruption_notice_at',
  'rebalance-recommendation': 'rebalance_recommended_at',
};

@Injectable()
export class HostsService {
  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
    private readonly commands: CommandsService,
  ) {}

  async list(query: HostQueryDto): Promise<Page<HostDto>> {
    const builder = this.database.repository(Host).createQueryBuilder('host');
    const { status, computeEnvironmentId, draining } = query;
    if (status) builder.andWhere('host.status = :status', { status });
    if (computeEnvironmentId)
      builder.andWhere('host.computeEnvironmentId = :computeEnvironmentId', { computeEnvironmentId });
    if (draining !== undefined) builder.andWhere('host.draining = :draining', { draining });
    return paginate(builder, query, { sortable: HOST_SORT, defaultSort: '-createdAt', map: toHostDto });
  }

  async get(id: string): Promise<HostDto> {
    const row = await this.database.repository(Host).findOneBy({ id });
    if (row === null) throw notFound(id);
    return toHostDto(row);
  }

  async update(id: string, patch: UpdateHostDto, ifMatch: IfMatchVersions): Promise<HostDto> {
    const host = await lockForUpdate(this.database, Host, id, ifMatch);
    if (host === undefined) throw notFound(id);
    if (patch.draining !== undefined) host.draining = patch.draining;
    host.labels = patchLabels(host.labels, patch.labels);
    const saved = await this.database.repository(Host).save(host);
    await this.notifier.notify('host', id);
    return toHostDto(saved);
  }

  /** Its credential stops working. The row stays, since jobs and checkpoints tell where they were. */
  async deregister(id: string, ifMatch: IfMatchVersions): Promise<void> {
    const host = await lockForUpdate(this.database, Host, id, ifMatch);
    if (host === undefined) throw notFound(id);
    if (host.status === 'deregistered') return;
    if (host.status === 'online' && host.runningJobs > 0) {
      throw new DomainError(
        'in-use',
        `Host ${host.facts.hostName} runs ${host.runningJobs} job(s), which would lose their protection; drain it and wait for them to end, or stop its agent.`,
      );
    }
    await this.commands.giveUpAll(id, {
      code: 'host-offline',
      message: `Host ${host.facts.hostName} (${id}) was deregistered.`,
    });
    Object.assign(host, {
      status: 'deregistered',
      credentialHash: null,
      deregisteredAt: new Date(),
    } satisfies Partial<Host>);
    await this.database.repository(Host).save(host);
    await this.notifier.notify('host', id);
    await this.notifier.notify(COMMAND_TOPIC, id);
  }

  async find(id: string): Promise<HostView | null> {
    const row = await this.database.repository(Host).findOneBy({ id });
    return row === null ? null : toView(row);
  }

  /** In the order they enrolled. */
  async listOnline(filter: { computeEnvironmentId?: string } = {}): Promise<HostView[]> {
    const rows = await this.database
      .repository(Host)
      .find({ where: { ...filter, status: 'online' }, order: { id: 'ASC' } });
    return rows.map(toView);
  }

  /** What AWS said of an EC2 instance: kept with its host, the first time it was said. The hosts that are that instance. */
  async noteInstance(instanceId: string, notice: InstanceNotice, at: Date): Promise<string[]> {
    const column = NOTICE_COLUMNS[notice];
    const rows: { id: string }[] = await this.database.manager.query(
      `select id from hosts where status <> 'deregistered' and facts #>> '{instance,instanceId}' = $1 order by id for update`,
      [instanceId],
    );
    const ids = rows.map((row) => row.id);
    await this.database.manager.query(
      `update hosts set ${column} = $2, version = version + 1, updated_at = now()
        where id = any($1) and (${column} is null or ${column} > $2)`,
      [ids, at],
    );
    await this.notifier.notifyAll('host', ids);
    return ids;
  }

  /** A page of hosts that are not deregistered, as views; `instanceTypes`: only of these. */
  async pageOfViews<T>(
    query: HostQueryDto,
    map: (host: HostView) => T,
    { instanceTypes }: { instanceTypes?: readonly string[] } = {},
  ): Promise<Page<T>> {
    const builder = this.database.repository(Host).createQueryBuilder('host').where(`host.status <> 'deregistered'`);
    if (query.status) builder.andWhere('host.status = :status', { status: query.status });
    if (instanceTypes)
      builder.andWhere(`host.facts #>> '{instance,instanceType}' = any(:instanceTypes)`, { instanceTypes });
    return paginate(builder, query, { sortable: HOST_SORT, defaultSort: '-createdAt', map: (row) => map(toView(row)) });
  }

  /**
   * What hosts of these instance types measured, each distinct processor once, the host heard of last first. Hosts that are gone count:
   * their type is still the same.
   */
  async measuredByInstanceType(instanceTypes: readonly string[]): Promise<Map<string, HostFacts[]>> {
    const rows = await this.database.manager.query<{ facts: HostFacts }[]>(
      `select facts from (
         select distinct on (facts #>> '{instance,instanceType}', facts -> 'architecture', facts -> 'cpu')
                facts, last_heartbeat_at, id
           from hosts where facts #>> '{instance,instanceType}' = any($1)
          order by facts #>> '{instance,instanceType}', facts -> 'architecture', facts -> 'cpu', last_heartbeat_at desc nulls last, id desc
       ) as newest order by last_heartbeat_at desc nulls last, id desc`,
      [instanceTypes],
    );
    return Map.groupBy(
      rows.map((row) => row.facts),
      (facts) => facts.instance!.instanceType,
    );
  }
}

function toView(row: Host): HostView {
  const { id, status, draining, computeEnvironmentId, facts, storageHealth: storage, lastHeartbeatAt } = row;
  return { id, name: facts.hostName, status, draining, computeEnvironmentId, facts, storage, lastHeartbeatAt };
}

function notFound(id: string): DomainError {
  return new DomainError('not-found', `There is no host ${id}.`);
}
