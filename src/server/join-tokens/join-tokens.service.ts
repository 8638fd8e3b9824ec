import { Injectable } from '@nestjs/common';
import { newId } from '../../protocol/ids.js';
import { JoinTokenCredentials } from '../auth/credentials.js';
import type { JoinTokenPrincipal } from '../auth/principal.js';
import { hashSecret, newSecret } from '../auth/secrets.js';
import { DomainError, invalidField } from '../common/domain-error.js';
import { type IfMatchVersions, lockForUpdate } from '../common/etag.js';
import type { Page } from '../common/page.dto.js';
import { paginate } from '../common/paging.js';
import { ComputeEnvironmentsService } from '../compute-environments/compute-environments.service.js';
import { Database } from '../database/database.js';
import type { CreateJoinTokenDto } from './dto/create-join-token.dto.js';
import { type CreatedJoinTokenDto, type JoinTokenDto, toJoinTokenDto } from './dto/join-token.dto.js';
import { JOIN_TOKEN_SORT, type JoinTokenQueryDto } from './dto/join-token-query.dto.js';
import { JoinToken } from './join-token.entity.js';

@Injectable()
export class JoinTokensService extends JoinTokenCredentials {
  constructor(
    private readonly database: Database,
    private readonly environments: ComputeEnvironmentsService,
  ) {
    super();
  }

  list(query: JoinTokenQueryDto): Promise<Page<JoinTokenDto>> {
    const builder = this.database.repository(JoinToken).createQueryBuilder('token');
    if (query.computeEnvironmentId)
      builder.andWhere('token.computeEnvironmentId = :ce', { ce: query.computeEnvironmentId });
    return paginate(builder, query, { sortable: JOIN_TOKEN_SORT, defaultSort: '-createdAt', map: toJoinTokenDto });
  }

  async get(id: string): Promise<JoinTokenDto> {
    const token = await this.database.repository(JoinToken).findOneBy({ id });
    if (token === null) throw notFound(id);
    return toJoinTokenDto(token);
  }

  async create({
    name,
    computeEnvironmentId = null,
    expiresAt,
    maxUses = null,
  }: CreateJoinTokenDto): Promise<CreatedJoinTokenDto> {
    const expiry = expiresAt ? new Date(expiresAt) : null;
    if (expiry !== null && expiry.getTime() <= Date.now())
      throw invalidField('/expiresAt', 'expiresAt must be in the future.');
    const tokens = this.database.repository(JoinToken);
    if (await tokens.existsBy({ name })) {
      throw new DomainError(
        'name-taken',
        `There is a join token named "${name}" already; choose another name or delete that one.`,
      );
    }
    if (computeEnvironmentId !== null) await this.requireEnvironment(computeEnvironmentId);
    const secret = newSecret('joinToken');
    const token = tokens.create({
      id: newId('joinToken'),
      name,
      computeEnvironmentId,
      expiresAt: expiry,
      maxUses,
      uses: 0,
      hash: hashSecret(secret),
    });
    return { ...toJoinTokenDto(await tokens.save(token)), token: secret };
  }

  private async requireEnvironment(id: string): Promise<void> {
    try {
      await this.environments.find(id);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      throw invalidField(
        '/computeEnvironmentId',
        `${error.message} Register it first, or leave computeEnvironmentId out.`,
      );
    }
  }

  /** Hosts that enrolled with it stay. */
  async remove(id: string, ifMatch: IfMatchVersions): Promise<void> {
    const token = await lockForUpdate(this.database, JoinToken, id, ifMatch);
    if (token === undefined) throw notFound(id);
    await this.database.repository(JoinToken).delete({ id });
  }

  /** Whether there is one of that name or not. */
  async removeNamed(name: string): Promise<void> {
    await this.database.repository(JoinToken).delete({ name });
  }

  async findJoinToken(hash: string): Promise<JoinTokenPrincipal | null> {
    const token = await this.database.repository(JoinToken).findOneBy({ hash });
    if (token === null) return null;
    return { kind: 'join-token', joinTokenId: token.id, computeEnvironmentId: token.computeEnvironmentId };
  }

  /**
   * Uses the token up by one, in the open transaction. Throws `join-token-spent` when it expired or has no uses left;
   * enrolments at once cannot take the same last use.
   */
  async consume(id: string): Promise<void> {
    const { affected } = await this.database
      .repository(JoinToken)
      .createQueryBuilder()
      .update()
      .set({ uses: () => 'uses + 1', version: () => 'version + 1' })
      .where('id = :id and (max_uses is null or uses < max_uses) and (expires_at is null or expires_at > now())', {
        id,
      })
      .execute();
    if (affected === 1) return;
    throw new DomainError(
      'join-token-spent',
      'The join token has expired or is used up; make a new one with POST /api/v1/join-tokens.',
    );
  }
}

function notFound(id: string): DomainError {
  return new DomainError('not-found', `There is no join token ${id}.`);
}
