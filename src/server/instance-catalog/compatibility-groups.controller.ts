import { Body, Param, Query } from '@nestjs/common';
import { ApiResource, Create, List, Read, Remove, Update } from '../common/api.decorators.js';
import { IfMatch, type IfMatchVersions } from '../common/etag.js';
import { CompatibilityGroupsService } from './compatibility-groups.service.js';
import { CompatibilityGroupQueryDto } from './dto/compatibility-group-query.dto.js';
import { CompatibilityGroupDto } from './dto/compatibility-group.dto.js';
import { CreateCompatibilityGroupDto } from './dto/create-compatibility-group.dto.js';
import { UpdateCompatibilityGroupDto } from './dto/update-compatibility-group.dto.js';

@ApiResource('compatibility-groups', 'Compatibility groups')
export class CompatibilityGroupsController {
  constructor(private readonly groups: CompatibilityGroupsService) {}

  @List({
    id: 'listCompatibilityGroups',
    summary: 'List compatibility groups',
    description: 'Nine are built in; the others are your own.',
    role: 'viewer',
    type: CompatibilityGroupDto,
  })
  list(@Query() query: CompatibilityGroupQueryDto) {
    return this.groups.list(query);
  }

  @Create({
    id: 'createCompatibilityGroup',
    summary: 'Make a compatibility group',
    description:
      'For instance types of which you know that images restore among them. They must be in the catalogue, of one architecture and with one GPU model.',
    role: 'admin',
    body: CreateCompatibilityGroupDto,
    type: CompatibilityGroupDto,
    location: (group: CompatibilityGroupDto) => `/api/v1/compatibility-groups/${group.id}`,
    dryRun: true,
    errors: ['name-taken'],
  })
  create(@Body() body: CreateCompatibilityGroupDto) {
    return this.groups.create(body);
  }

  @Read({
    id: 'getCompatibilityGroup',
    summary: 'Read a compatibility group',
    path: ':id',
    role: 'viewer',
    type: CompatibilityGroupDto,
  })
  read(@Param('id') id: string) {
    return this.groups.read(id);
  }

  @Update({
    id: 'updateCompatibilityGroup',
    summary: 'Change a compatibility group',
    path: ':id',
    role: 'admin',
    body: UpdateCompatibilityGroupDto,
    type: CompatibilityGroupDto,
    dryRun: true,
    errors: ['name-taken', 'built-in-group'],
  })
  update(@Param('id') id: string, @Body() body: UpdateCompatibilityGroupDto, @IfMatch() ifMatch: IfMatchVersions) {
    return this.groups.update(id, body, ifMatch);
  }

  @Remove({
    id: 'deleteCompatibilityGroup',
    summary: 'Delete a compatibility group',
    path: ':id',
    role: 'admin',
    dryRun: true,
    errors: ['built-in-group'],
  })
  remove(@Param('id') id: string, @IfMatch() ifMatch: IfMatchVersions) {
    return this.groups.remove(id, ifMatch);
  }
}
