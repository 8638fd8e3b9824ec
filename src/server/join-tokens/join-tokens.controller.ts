import { Body, Param, Query } from '@nestjs/common';
import { ApiResource, Create, List, Read, Remove } from '../common/api.decorators.js';
import { IfMatch, type IfMatchVersions } from '../common/etag.js';
import type { Page } from '../common/page.dto.js';
import { CreateJoinTokenDto } from './dto/create-join-token.dto.js';
import { CreatedJoinTokenDto, JoinTokenDto } from './dto/join-token.dto.js';
import { JoinTokenQueryDto } from './dto/join-token-query.dto.js';
import { JoinTokensService } from './join-tokens.service.js';

@ApiResource('join-tokens', 'Join tokens')
export class JoinTokensController {
  constructor(private readonly tokens: JoinTokensService) {}

  @List({ id: 'listJoinTokens', summary: 'List join tokens', role: 'admin', type: JoinTokenDto })
  list(@Query() query: JoinTokenQueryDto): Promise<Page<JoinTokenDto>> {
    return this.tokens.list(query);
  }

  @Create({
    id: 'createJoinToken',
    summary: 'Create a join token',
    description: 'The token itself is in this answer and nowhere else. Give it to the agents of new hosts.',
    role: 'admin',
    body: CreateJoinTokenDto,
    type: CreatedJoinTokenDto,
    location: (token) => `/api/v1/join-tokens/${token.id}`,
    dryRun: true,
    errors: ['name-taken'],
  })
  create(@Body() body: CreateJoinTokenDto): Promise<CreatedJoinTokenDto> {
    return this.tokens.create(body);
  }

  @Read({ id: 'getJoinToken', summary: 'Read a join token', role: 'admin', path: ':id', type: JoinTokenDto })
  get(@Param('id') id: string): Promise<JoinTokenDto> {
    return this.tokens.get(id);
  }

  @Remove({
    id: 'deleteJoinToken',
    summary: 'Delete a join token',
    description: 'No new host can enrol with it; those that did stay.',
    role: 'admin',
    path: ':id',
    dryRun: true,
  })
  remove(@Param('id') id: string, @IfMatch() ifMatch: IfMatchVersions): Promise<void> {
    return this.tokens.remove(id, ifMatch);
  }
}
