import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { BackgroundTasks } from '../background/background-tasks.js';
import { Database } from '../database/database.js';
import { DomainError, invalidField } from './domain-error.js';
import { IdempotencyKey } from './idempotency-key.entity.js';

const KEPT_HOURS = 24;

/**
 * `Idempotency-Key`: the same request again gets the same answer again. The record is written in the transaction of the
 * work itself, so a crash leaves both or neither.
 */
@Injectable()
export class Idempotency implements OnModuleInit {
  private readonly logger = new Logger('Idempotency');

  constructor(
    private readonly database: Database,
    private readonly tasks: BackgroundTasks,
  ) {}

  onModuleInit(): void {
    this.tasks.register({ name: 'purge-idempotency-keys', cron: '7 * * * *', run: () => this.purge() });
  }

  /** Must run inside the transaction of `work`. `replayed` tells whether the answer is an earlier one. */
  async once(request: FastifyRequest, work: () => Promise<unknown>): Promise<{ answer: unknown; replayed: boolean }> {
    const key = readKey(request);
    if (key === undefined) return { answer: await work(), replayed: false };
    const credential = request.headers.authorization ?? '';
    const id = digest(credential, key);
    const fingerprint = digest(request.method, request.url, canonical(request.body));
    const secret = Buffer.from(hkdfSync('sha256', credential, key, 'batchpoint idempotency', 32));

    await this.lock(id);
    const records = this.database.repository(IdempotencyKey);
    const known = await records.findOneBy({ id });
    if (known !== null && known.createdAt.getTime() > Date.now() - KEPT_HOURS * 3_600_000) {
      if (known.fingerprint !== fingerprint) {
        throw new DomainError(
          'idempotency-key-reused',
          'This Idempotency-Key came with another request in the last 24 hours; use a new key for a new request.',
        );
      }
      return { answer: open(known.answer, secret), replayed: true };
    }
    const answer = await work();
    await records.upsert({ id, fingerprint, answer: seal(answer, secret), createdAt: new Date() }, ['id']);
    return { answer, replayed: false };
  }

  /** Held until the transaction ends; whoever comes meanwhile is told, not kept waiting. */
  private async lock(id: string): Promise<void> {
    const lockNumber = createHash('sha256').update(id).digest().readBigInt64BE().toString();
    const [row] = await this.database.manager.query<[{ free: boolean }]>(
      'select pg_try_advisory_xact_lock($1::bigint) as free',
      [lockNumber],
    );
    if (row.free) return;
    throw new DomainError(
      'idempotency-key-in-use',
      'A request with this Idempotency-Key is still running; ask again in a second for its answer.',
      { headers: { 'retry-after': '1' } },
    );
  }

  private async purge(): Promise<void> {
    const { affected } = await this.database
      .repository(IdempotencyKey)
      .createQueryBuilder()
      .delete()
      .where(`created_at < now() - interval '${KEPT_HOURS} hours'`)
      .execute();
    this.logger.debug(`purged ${affected ?? 0} idempotency keys`);
  }
}

function readKey(request: FastifyRequest): string | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw invalidField(
    'header:Idempotency-Key',
    'Idempotency-Key must be 1 to 255 visible ASCII characters, such as a UUID.',
  );
}

function digest(...parts: string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('base64url');
}

/** JSON with sorted keys: the order of members does not make another request. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, member: unknown) =>
      typeof member === 'object' && member !== null && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
        : member,
    ) ?? ''
  );
}

function seal(answer: unknown, secret: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', secret, nonce);
  const text = cipher.update(JSON.stringify(answer ?? null), 'utf8');
  return Buffer.concat([nonce, text, cipher.final(), cipher.getAuthTag()]);
}

function open(sealed: Buffer, secret: Buffer): unknown {
  const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(-16));
  const text = decipher.update(sealed.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8');
  return (JSON.parse(text) as unknown) ?? undefined;
}
