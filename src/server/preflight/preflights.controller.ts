import { Body, Param, Query } from '@nestjs/common';
import { Accepted, ApiResource, List, Read, ReadDocument } from '../common/api.decorators.js';
import type { Page } from '../common/page.dto.js';
import { OperationDto } from '../operations/dto/operation.dto.js';
import { CreatePreflightDto } from './dto/create-preflight.dto.js';
import { IamPolicyQueryDto, toPolicyScope } from './dto/iam-policy-query.dto.js';
import { PreflightQueryDto } from './dto/preflight-query.dto.js';
import { PreflightDto, PreflightSummaryDto } from './dto/preflight.dto.js';
import { DEFAULT_FUNCTIONALITIES } from './iam/functionality.js';
import { ANYWHERE } from './iam/policy-scope.js';
import { policyDocumentFor, type WrittenPolicy } from './iam/least-privilege.js';
import { PreflightsService } from './preflights.service.js';

@ApiResource('preflights', 'Preflights')
export class PreflightsController {
  constructor(private readonly preflights: PreflightsService) {}

  @List({ id: 'listPreflights', summary: 'List preflights', role: 'viewer', type: PreflightSummaryDto })
  list(@Query() query: PreflightQueryDto): Promise<Page<PreflightSummaryDto>> {
    return this.preflights.list(query);
  }

  @Accepted({
    id: 'createPreflight',
    summary: 'Look whether everything is in place',
    description:
      'Looks at IAM permissions, quotas, storage, drivers, network, memory and root volumes, of one compute environment or of all. ' +
      "Nothing is changed, in AWS or on hosts. The operation's resource is the report; the operation succeeds when that is there, " +
      'and its result has the verdict. An empty body asks for everything.',
    role: 'operator',
    body: CreatePreflightDto,
    type: OperationDto,
    errors: ['operation-in-progress'],
  })
  start(@Body() body: CreatePreflightDto): Promise<OperationDto> {
    return this.preflights.start(body);
  }

  @ReadDocument({
    id: 'getIamPolicy',
    summary: 'Get the IAM policy for functionalities',
    description:
      "What to attach to the server's role (or user), with the least that these functionalities need, below the 6,144 characters of " +
      'a managed policy. AWS is not asked. Without functionality: what a preflight checks by default. What is not ' +
      'given to narrow it is `*`.',
    path: 'iam-policy',
    role: 'viewer',
    mediaType: 'application/json',
    example: policyDocumentFor(['dashboard'], ANYWHERE),
  })
  iamPolicy(@Query() query: IamPolicyQueryDto): WrittenPolicy {
    return policyDocumentFor(query.functionality ?? DEFAULT_FUNCTIONALITIES, toPolicyScope(query));
  }

  @Read({
    id: 'getPreflight',
    summary: 'Read a preflight and its report',
    description: 'With `?wait=30s` the answer comes when the report is there, or after that time.',
    path: ':id',
    role: 'viewer',
    type: PreflightDto,
    wait: true,
  })
  get(@Param('id') id: string): Promise<PreflightDto> {
    return this.preflights.get(id);
  }
}
