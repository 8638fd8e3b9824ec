import { Param, Query } from '@nestjs/common';
import { ApiResource, List, Read } from '../common/api.decorators.js';
import type { Page } from '../common/page.dto.js';
import { OperationQueryDto } from './dto/operation-query.dto.js';
import { OperationDto } from './dto/operation.dto.js';
import { OperationsService } from './operations.service.js';

@ApiResource('operations', 'Operations')
export class OperationsController {
  constructor(private readonly operations: OperationsService) {}

  @List({ id: 'listOperations', summary: 'List operations, newest first', role: 'viewer', type: OperationDto })
  list(@Query() query: OperationQueryDto): Promise<Page<OperationDto>> {
    return this.operations.list(query);
  }

  @Read({
    id: 'getOperation',
    summary: 'Read an operation',
    description: 'With `?wait=30s` the answer comes when the operation is over, or after that time.',
    path: ':id',
    role: 'viewer',
    type: OperationDto,
    wait: true,
  })
  get(@Param('id') id: string): Promise<OperationDto> {
    return this.operations.get(id);
  }
}
