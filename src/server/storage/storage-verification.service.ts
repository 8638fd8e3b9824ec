import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Failure } from '../../protocol/failure.js';
import { CommandOutcomes, type SettledCommand } from '../commands/command-outcomes.js';
import { CommandsService } from '../commands/commands.service.js';
import { DomainError } from '../common/domain-error.js';
import { Database } from '../database/database.js';
import type { OperationDto } from '../operations/dto/operation.dto.js';
import { OperationsService } from '../operations/operations.service.js';
import { driverOf } from './storage-drivers.js';
import { StorageVerificationHost } from './storage-verification-host.entity.js';
import { judge, type StorageVerification } from './storage-verification.js';
import { Storage } from './storage.entity.js';

/** A host that is online polls all the time, and a canary is a few bytes. */
const PICK_UP_SECONDS = 30;
const DEADLINE_SECONDS = 120;

/**
 * Has every host that uses a storage write a canary there and read the others'. In two rounds, since a host that reads before
 * another has written proves nothing: in the first everyone writes, in the second, when all have, everyone reads. The
 * canaries of both rounds carry the operation's id, by which answers find their way back.
 */
@Injectable()
export class StorageVerificationService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly operations: OperationsService,
    private readonly commands: CommandsService,
    private readonly outcomes: CommandOutcomes,
  ) {}

  onModuleInit(): void {
    this.outcomes.on('verify-storage', (command) => this.takeAnswer(command));
  }

  async start(storageId: string): Promise<OperationDto> {
    const storage = await this.database.repository(Storage).findOneBy({ id: storageId });
    if (storage === null) throw new DomainError('not-found', `There is no storage ${storageId}.`);
    if (!driverOf(storage.kind).purposes.includes('checkpoint')) {
      throw new DomainError(
        'invalid-state',
        `Storage ${storage.name} is of kind ${storage.kind}: each host has its own, so there is nothing shared to verify.`,
      );
    }
    const hosts = await this.hostsUsing(storageId);
    if (hosts.length === 0) {
      throw new DomainError(
        'no-hosts-online',
        `No host that uses storage ${storage.name} is online. Give the storage to a compute environment, enrol hosts there, then verify.`,
      );
    }
    const operationId = await this.operations.open({
      type: 'verify-storage',
      resourceType: 'storage',
      resourceId: storageId,
    });
    await this.database
      .repository(StorageVerificationHost)
      .insert(hosts.map((host) => ({ operationId, storageId, hostId: host.id, hostName: host.name, failure: null })));
    for (const host of hosts) await this.ask(operationId, storageId, host.id);
    return this.operations.find(operationId);
  }

  /** Ends what is going on, because the storage is no longer what is being verified. */
  async abandon(storageId: string, reason: string): Promise<void> {
    const rows = await this.database.repository(StorageVerificationHost).findBy({ storageId });
    const failure: Failure = { code: 'cancelled', message: reason, remedy: 'Verify again.' };
    for (const operationId of new Set(rows.map((row) => row.operationId)))
      await this.operations.fail(operationId, failure);
    await this.database.repository(StorageVerificationHost).delete({ storageId });
  }

  /** Runs in the transaction that settles the command. */
  private async takeAnswer({ hostId, body, result }: SettledCommand<'verify-storage'>): Promise<void> {
    const operationId = body.nonce;
    // Answers that come together take turns: the last one must see all others.
    const rows = await this.database.repository(StorageVerificationHost).find({
      where: { operationId },
      order: { hostId: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
    const mine = rows.find((row) => row.hostId === hostId);
    if (mine === undefined) return;
    await this.operations.start(operationId);
    mine.answered = true;
    if (result.status === 'succeeded') mine.sees = result.output.canariesSeen ?? [];
    else mine.failure = result.failure;
    await this.database.repository(StorageVerificationHost).save(mine);
    if (rows.some((row) => !row.answered)) return;

    const able = rows.filter((row) => row.failure === null);
    if (able.length > 1 && able.every((row) => row.round === 1)) await this.startSecondRound(able);
    else await this.conclude(operationId, rows);
  }

  private async startSecondRound(rows: StorageVerificationHost[]): Promise<void> {
    for (const row of rows) {
      await this.database
        .repository(StorageVerificationHost)
        .update({ operationId: row.operationId, hostId: row.hostId }, { round: 2, answered: false });
      await this.ask(row.operationId, row.storageId, row.hostId);
    }
  }

  private async conclude(operationId: string, rows: StorageVerificationHost[]): Promise<void> {
    const { storageId } = rows[0]!;
    const hosts = rows.map(({ hostId, hostName, sees, failure }) => ({ hostId, hostName, sees, failure }));
    const verification: StorageVerification = {
      operationId,
      finishedAt: new Date().toISOString(),
      ...judge(hosts),
      hosts,
    };
    await this.database.repository(Storage).update({ id: storageId }, { lastVerification: verification });
    await this.database.repository(StorageVerificationHost).delete({ operationId });
    const failure = failureOf(verification);
    if (failure !== null) await this.operations.fail(operationId, failure);
    else await this.operations.succeed(operationId, { verdict: verification.verdict, message: verification.message });
  }

  private async ask(operationId: string, storageId: string, hostId: string): Promise<void> {
    await this.commands.send(
      hostId,
      { type: 'verify-storage', storageId, nonce: operationId },
      { pickUpSeconds: PICK_UP_SECONDS, deadlineSeconds: DEADLINE_SECONDS },
    );
  }

  private async hostsUsing(storageId: string): Promise<{ id: string; name: string }[]> {
    return this.database.manager.query(
      `select host.id, host.facts->>'hostName' as name
         from hosts host join compute_environments environment on environment.id = host.compute_environment_id
        where environment.storage_id = $1 and host.status = 'online' order by host.id`,
      [storageId],
    );
  }
}

/** A verification that found the storage unfit has failed, so that a script need only look at the operation. */
function failureOf({ verdict, message, hosts }: StorageVerification): Failure | null {
  if (verdict === 'not-shared') {
    return {
      code: 'storage-not-shared',
      message,
      remedy:
        'Mount the same file system at the same path on every host; GET /api/v1/storages/{id}/mount-script has the commands.',
    };
  }
  if (verdict !== 'failed') return null;
  const first = hosts.find((host) => host.failure !== null)!.failure!;
  return { ...first, message };
}
