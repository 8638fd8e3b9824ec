import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { ApiTokenCredentials } from '../auth/credentials.js';
import type { UserPrincipal } from '../auth/principal.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import { Database } from '../database/database.js';
import { ApiToken } from './api-token.entity.js';
import { API_TOKEN_TOPIC } from './api-tokens.service.js';

const REMEMBERED_MS = 10_000;
const REMEMBERED_MOST = 10_000;
const USE_RECORDED_EVERY_MS = 60_000;

interface Remembered {
  principal: UserPrincipal;
  until: number;
}

/**
 * Finds who a token belongs to. Remembers it for some seconds, which halves the queries of a read; a deletion anywhere
 * is heard of at once, and nothing is remembered while the line that would tell is down.
 */
@Injectable()
export class StoredApiTokens extends ApiTokenCredentials implements OnModuleInit {
  private readonly logger = new Logger('ApiTokens');
  private readonly remembered = new Map<string, Remembered>();
  private readonly useRecorded = new Map<string, number>();

  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
  ) {
    super();
  }

  onModuleInit(): void {
    this.notifier.subscribe(API_TOKEN_TOPIC, null, () => this.remembered.clear());
  }

  async findUser(hash: string): Promise<UserPrincipal | null> {
    const known = this.remembered.get(hash);
    if (known !== undefined && known.until > Date.now() && this.notifier.isListening) {
      this.recordUse(known.principal.tokenId);
      return known.principal;
    }
    const token = await this.database.repository(ApiToken).findOneBy({ hash });
    const expiry = token?.expiresAt?.getTime() ?? Infinity;
    if (token === null || expiry <= Date.now()) {
      this.remembered.delete(hash);
      return null;
    }
    const principal: UserPrincipal = { kind: 'user', tokenId: token.id, name: token.name, role: token.role };
    if (this.remembered.size >= REMEMBERED_MOST) this.remembered.clear();
    this.remembered.set(hash, { principal, until: Math.min(expiry, Date.now() + REMEMBERED_MS) });
    this.recordUse(token.id);
    return principal;
  }

  /** Once a minute, beside the request: it must never slow or fail it. A bare UPDATE: use is not a change of version. */
  private recordUse(id: string): void {
    const now = Date.now();
    if (now - (this.useRecorded.get(id) ?? 0) < USE_RECORDED_EVERY_MS) return;
    this.useRecorded.set(id, now);
    this.database.dataSource
      .query('update api_tokens set last_used_at = now() where id = $1', [id])
      .catch((error: Error) => this.logger.warn(`could not record the use of token ${id}: ${error.message}`));
  }
}
