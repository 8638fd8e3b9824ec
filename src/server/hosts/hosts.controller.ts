import { Body, Param, Query } from '@nestjs/common';
import { ApiResource, List, Read, Remove, Update } from '../common/api.decorators.js';
import { IfMatch, type IfMatchVersions } from '../common/etag.js';
import type { Page } from '../common/page.dto.js';
import { HostQueryDto } from './dto/host-query.dto.js';
import { HostDto } from './dto/host.dto.js';
import { UpdateHostDto } from './dto/update-host.dto.js';
import { HostsService } from './hosts.service.js';

@ApiResource('hosts', 'Hosts')
export class HostsController {
  constructor(private readonly hosts: HostsService) {}

  @List({ id: 'listHosts', summary: 'List hosts, newest first', role: 'viewer', type: HostDto })
  list(@Query() query: HostQueryDto): Promise<Page<HostDto>> {
    return this.hosts.list(query);
  }

  @Read({ id: 'getHost', summary: 'Read a host', path: ':id', role: 'viewer', type: HostDto })
  get(@Param('id') id: string): Promise<HostDto> {
    return this.hosts.get(id);
  }

  @Update({
    id: 'updateHost',
    summary: 'Drain or label a host',
    path: ':id',
    role: 'operator',
    body: UpdateHostDto,
    type: HostDto,
    dryRun: true,
  })
  update(@Param('id') id: string, @Body() body: UpdateHostDto, @IfMatch() ifMatch: IfMatchVersions): Promise<HostDto> {
    return this.hosts.update(id, body, ifMatch);
  }

  @Remove({
    id: 'deregisterHost',
    summary: 'Deregister a host',
    description:
      "Its agent's credential stops working; the host stays listed as `deregistered`, with its history. Enrolling it again brings it back.",
    path: ':id',
    role: 'operator',
    dryRun: true,
    errors: ['in-use'],
  })
  deregister(@Param('id') id: string, @IfMatch() ifMatch: IfMatchVersions): Promise<void> {
    return this.hosts.deregister(id, ifMatch);
  }
}
