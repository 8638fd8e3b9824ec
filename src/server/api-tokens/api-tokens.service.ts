import { Injectable } from '@nestjs/common';
import { newId } from '../../protocol/ids.js';
import { hashSecret, newSecret } from '../auth/secrets.js';
import { DomainError, invalidField } from '../common/domain-error.js';
import { type IfMatchVersions, lockForUpdate } from '../common/etag.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import type { Page } from '../common/page.dto.js';
import { paginate } from '../common/paging.js';
import { Database } from '../database/database.js';
import { ApiToken } from './api-token.entity.js';
import { type ApiTokenDto, type CreatedApiTokenDto, toApiTokenDto } from './dto/api-token.dto.js';
import { API_TOKEN_SORT, type ApiTokenQueryDto } from './dto/api-token-query.dto.js';
import type { CreateApiTokenDto } from './dto/create-api-token.dto.js';

export const API_TOKEN_TOPIC = 'api-token';

@Injectable()
export class ApiTokensService {
  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
  ) {}

  list(query: ApiTokenQueryDto): Promise<Page<ApiTokenDto>> {
    const builder = this.database.repository(ApiToken).createQueryBuilder('token');
    if (query.role) builder.andWhere('token.role = :role', { role: query.role });
    return paginate(builder, query, { sortable: API_TOKEN_SORT, defaultSort: '-createdAt', map: toApiTokenDto });
  }

  async get(id: string): Promise<ApiTokenDto> {
    const token = await this.database.repository(ApiToken).findOneBy({ id });
    if (token === null) throw notFound(id);
    return toApiTokenDto(token);
  }

  async create({ name, role, expiresAt }: CreateApiTokenDto): Promise<CreatedApiTokenDto> {
    const expiry = expiresAt ? new Date(expiresAt) : null;
    if (expiry !== null && expiry.getTime() <= Date.now())
      throw invalidField('/expiresAt', 'expiresAt must be in the future.');
    const tokens = this.database.repository(ApiToken);
    if (await tokens.existsBy({ name })) {
      throw new DomainError(
        'name-taken',
        `There is an API token named "${name}" already; choose another name or delete that one.`,
      );
    }
    const secret = newSecret('apiToken');
    const token = tokens.create({
      id: newId('apiToken'),
      name,
      role,
      expiresAt: expiry,
      lastUsedAt: null,
      hash: hashSecret(secret),
    });
    return { ...toApiTokenDto(await tokens.save(token)), token: secret };
  }

  async remove(id: string, ifMatch: IfMatchVersions): Promise<void> {
    const token = await lockForUpdate(this.database, ApiToken, id, ifMatch);
    if (token === undefined) throw notFound(id);
    if (token.role === 'admin' && !(await this.hasOtherAdmin(id))) {
      throw new DomainError(
        'last-admin-token',
        'Without this token no one could administer the server; create another admin token first.',
      );
    }
    await this.database.repository(ApiToken).delete({ id });
    await this.notifier.notify(API_TOKEN_TOPIC, id);
  }

  /** Locks the admins, so that two deletions at once cannot each count on the other's token. */
  private async hasOtherAdmin(id: string): Promise<boolean> {
    const admins = await this.database.repository(ApiToken).find({
      where: { role: 'admin' },
      order: { id: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
    return admins.some(
      (token) => token.id !== id && (token.expiresAt === null || token.expiresAt.getTime() > Date.now()),
    );
  }
}

function notFound(id: string): DomainError {
  return new DomainError('not-found', `There is no API token ${id}.`);
}
