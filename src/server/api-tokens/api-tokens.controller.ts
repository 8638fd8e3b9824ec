import { Body, Param, Query } from '@nestjs/common';
import { ApiResource, Create, List, Read, Remove } from '../common/api.decorators.js';
import { IfMatch, type IfMatchVersions } from '../common/etag.js';
import type { Page } from '../common/page.dto.js';
import { ApiTokensService } from './api-tokens.service.js';
import { ApiTokenDto, CreatedApiTokenDto } from './dto/api-token.dto.js';
import { ApiTokenQueryDto } from './dto/api-token-query.dto.js';
import { CreateApiTokenDto } from './dto/create-api-token.dto.js';

@ApiResource('api-tokens', 'API tokens')
export class ApiTokensController {
  constructor(private readonly tokens: ApiTokensService) {}

  @List({ id: 'listApiTokens', summary: 'List API tokens', role: 'admin', type: ApiTokenDto })
  list(@Query() query: ApiTokenQueryDto): Promise<Page<ApiTokenDto>> {
    return this.tokens.list(query);
  }

  @Create({
    id: 'createApiToken',
    summary: 'Create an API token',
    description: 'The token itself is in this answer and nowhere else.',
    role: 'admin',
    body: CreateApiTokenDto,
    type: CreatedApiTokenDto,
    location: (token) => `/api/v1/api-tokens/${token.id}`,
    dryRun: true,
    errors: ['name-taken'],
  })
  create(@Body() body: CreateApiTokenDto): Promise<CreatedApiTokenDto> {
    return this.tokens.create(body);
  }

  @Read({ id: 'getApiToken', summary: 'Read an API token', role: 'admin', path: ':id', type: ApiTokenDto })
  get(@Param('id') id: string): Promise<ApiTokenDto> {
    return this.tokens.get(id);
  }

  @Remove({
    id: 'deleteApiToken',
    summary: 'Delete an API token',
    description: 'It stops working at once.',
    role: 'admin',
    path: ':id',
    dryRun: true,
    errors: ['last-admin-token'],
  })
  remove(@Param('id') id: string, @IfMatch() ifMatch: IfMatchVersions): Promise<void> {
    return this.tokens.remove(id, ifMatch);
  }
}
