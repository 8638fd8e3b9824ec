import { Param, Query } from '@nestjs/common';
import { ApiResource, List, Read } from '../common/api.decorators.js';
import { InstanceTypeQueryDto } from './dto/instance-type-query.dto.js';
import { InstanceTypeDto } from './dto/instance-type.dto.js';
import { InstanceTypesService } from './instance-types.service.js';

@ApiResource('instance-types', 'Instance types')
export class InstanceTypesController {
  constructor(private readonly types: InstanceTypesService) {}

  @List({
    id: 'listInstanceTypes',
    summary: "List EC2's instance types",
    description:
      'Each says where it comes from: from EC2, which is asked once a day in the regions of registered environments, or from the snapshot of this release. ' +
      "Apple's are not among them: they run no Linux containers.",
    role: 'viewer',
    type: InstanceTypeDto,
  })
  list(@Query() query: InstanceTypeQueryDto) {
    return this.types.list(query);
  }

  @Read({
    id: 'getInstanceType',
    summary: 'Read an instance type',
    path: ':instanceType',
    role: 'viewer',
    type: InstanceTypeDto,
    etag: false,
  })
  read(@Param('instanceType') instanceType: string) {
    return this.types.read(instanceType);
  }
}
