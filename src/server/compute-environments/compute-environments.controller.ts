import { Body, Param, Query } from '@nestjs/common';
import { Accepted, ApiResource, Create, List, Read, Remove, Update } from '../common/api.decorators.js';
import { IfMatch, type IfMatchVersions } from '../common/etag.js';
import type { Page } from '../common/page.dto.js';
import { OperationDto } from '../operations/dto/operation.dto.js';
import { ComputeEnvironmentsService } from './compute-environments.service.js';
import { ComputeEnvironmentFindingsDto } from './dto/compute-environment-findings.dto.js';
import { ComputeEnvironmentQueryDto } from './dto/compute-environment-query.dto.js';
import { ComputeEnvironmentDto } from './dto/compute-environment.dto.js';
import { CreateComputeEnvironmentDto } from './dto/create-compute-environment.dto.js';
import { RegisteredComputeEnvironmentDto } from './dto/registered-compute-environment.dto.js';
import { RemoveComputeEnvironmentQueryDto } from './dto/remove-compute-environment-query.dto.js';
import { UpdateComputeEnvironmentDto } from './dto/update-compute-environment.dto.js';
import { EnvironmentFindingsService } from './environment-findings.service.js';
import { EnvironmentRegistrationService } from './environment-registration.service.js';
import { EnvironmentSyncTasks } from './environment-sync.tasks.js';

@ApiResource('compute-environments', 'Compute environments')
export class ComputeEnvironmentsController {
  constructor(
    private readonly environments: ComputeEnvironmentsService,
    private readonly registrations: EnvironmentRegistrationService,
    private readonly findings: EnvironmentFindingsService,
    private readonly syncs: EnvironmentSyncTasks,
  ) {}

  @List({
    id: 'listComputeEnvironments',
    summary: 'List compute environments',
    role: 'viewer',
    type: ComputeEnvironmentDto,
  })
  list(@Query() query: ComputeEnvironmentQueryDto): Promise<Page<ComputeEnvironmentDto>> {
    return this.environments.list(query);
  }

  @Create({
    id: 'createComputeEnvironment',
    summary: 'Register a compute environment',
    description:
      'By `name` or `arn`. With a region it is read from AWS Batch, now and every five minutes, and must be there, on EC2 and ECS; without one it is ' +
      'known by its name only, and AWS is never asked. Nothing is changed in AWS. `findings` says what would keep jobs there from being protected; ' +
      '`dryRun=true` says it without registering anything.',
    role: 'admin',
    body: CreateComputeEnvironmentDto,
    type: RegisteredComputeEnvironmentDto,
    location: (environment: ComputeEnvironmentDto) => `/api/v1/compute-environments/${environment.id}`,
    dryRun: true,
    errors: ['name-taken'],
  })
  create(@Body() body: CreateComputeEnvironmentDto): Promise<RegisteredComputeEnvironmentDto> {
    return this.registrations.register(body);
  }

  @Read({
    id: 'getComputeEnvironment',
    summary: 'Read a compute environment',
    path: ':id',
    role: 'viewer',
    type: ComputeEnvironmentDto,
  })
  get(@Param('id') id: string): Promise<ComputeEnvironmentDto> {
    return this.environments.get(id);
  }

  @Update({
    id: 'updateComputeEnvironment',
    summary: 'Change a compute environment',
    description:
      'Hosts take up a change with their next heartbeat, jobs that run included. A new region, role or external id has it read from AWS at once; ' +
      'clearing the region forgets what AWS said and the role, and clearing the role forgets the external id.',
    path: ':id',
    role: 'admin',
    body: UpdateComputeEnvironmentDto,
    type: ComputeEnvironmentDto,
    dryRun: true,
  })
  update(
    @Param('id') id: string,
    @Body() body: UpdateComputeEnvironmentDto,
    @IfMatch() ifMatch: IfMatchVersions,
  ): Promise<ComputeEnvironmentDto> {
    return this.environments.update(id, body, ifMatch);
  }

  @Remove({
    id: 'deleteComputeEnvironment',
    summary: 'Unregister a compute environment',
    description:
      'Nothing is changed in AWS, and checkpoints stay. Its hosts stay too, without an environment. Refused while jobs run there.',
    path: ':id',
    role: 'admin',
    dryRun: true,
    errors: ['in-use'],
  })
  remove(
    @Param('id') id: string,
    @Query() { force = false }: RemoveComputeEnvironmentQueryDto,
    @IfMatch() ifMatch: IfMatchVersions,
  ): Promise<void> {
    return this.environments.remove(id, force, ifMatch);
  }

  @Read({
    id: 'getComputeEnvironmentFindings',
    summary: "Read a compute environment's findings",
    description:
      'What stands in the way of checkpoints and restores there, from the configuration, from what its hosts measured and, where it has a region, from AWS. ' +
      'AWS that does not answer one question is a finding too, not a failure.',
    path: ':id/findings',
    role: 'viewer',
    type: ComputeEnvironmentFindingsDto,
    etag: false,
  })
  getFindings(@Param('id') id: string): Promise<ComputeEnvironmentFindingsDto> {
    return this.findings.of(id);
  }

  @Accepted({
    id: 'createComputeEnvironmentSync',
    summary: 'Read a compute environment from AWS now',
    description:
      'What happens every five minutes by itself. The operation names the facts that changed; when it fails, what was known stays, with its `syncedAt`.',
    path: ':id/sync',
    role: 'operator',
    type: OperationDto,
    errors: ['invalid-state', 'operation-in-progress'],
  })
  sync(@Param('id') id: string): Promise<OperationDto> {
    return this.syncs.start(id);
  }
}
