import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type EntityTarget, type ObjectLiteral, type Repository } from 'typeorm';

interface Transaction {
  manager: EntityManager;
  afterCommit: (() => void)[];
}

/** Ends a transaction without writing, and carries out what it would have answered. */
class RolledBack<T> extends Error {
  constructor(readonly value: T) {
    super('rolled back on purpose');
  }
}

/**
 * The way to the database for services. `repository(Entity)` is TypeORM's own Repository, bound to the transaction the
 * caller is in, if any: every write route runs in one (`write.interceptor.ts`), so domain rows, commands, notifications
 * and the idempotency record commit together or not at all. Never inject a Repository: it would escape the transaction.
 */
@Injectable()
export class Database {
  private readonly current = new AsyncLocalStorage<Transaction>();

  constructor(readonly dataSource: DataSource) {}

  get manager(): EntityManager {
    return this.current.getStore()?.manager ?? this.dataSource.manager;
  }

  get inTransaction(): boolean {
    return this.current.getStore() !== undefined;
  }

  repository<E extends ObjectLiteral>(entity: EntityTarget<E>): Repository<E> {
    return this.manager.getRepository(entity);
  }

  /** Runs `work` in a transaction, or in the one already open. READ COMMITTED; take row locks where you read to write. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.inTransaction) return work();
    const afterCommit: (() => void)[] = [];
    const result = await this.dataSource.transaction((manager) => this.current.run({ manager, afterCommit }, work));
    for (const callback of afterCommit) callback();
    return result;
  }

  /** Runs `work` in a transaction of its own that is always rolled back, and returns its result: `?dryRun=true`. */
  async rehearse<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.dataSource.transaction(async (manager) => {
        throw new RolledBack(await this.current.run({ manager, afterCommit: [] }, work));
      });
    } catch (error) {
      if (error instanceof RolledBack) return error.value as T;
      throw error;
    }
  }

  /** Runs `callback` when the open transaction has committed (not when it rolls back); at once outside of one. */
  afterCommit(callback: () => void): void {
    const transaction = this.current.getStore();
    if (transaction) transaction.afterCommit.push(callback);
    else callback();
  }
}
