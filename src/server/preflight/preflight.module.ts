import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AwsModule } from '../aws/aws.module.js';
import { CommandsModule } from '../commands/commands.module.js';
import { ComputeEnvironmentsModule } from '../compute-environments/compute-environments.module.js';
import { OperationsModule } from '../operations/operations.module.js';
import { IamCheckService } from './iam/iam-check.service.js';
import { PolicySimulationService } from './iam/policy-simulation.service.js';
import { PrincipalPoliciesService } from './iam/principal-policies.service.js';
import { IamSectionsService } from './iam-sections.service.js';
import { Preflight } from './preflight.entity.js';
import { PreflightEnvironments } from './preflight-environments.js';
import { PreflightRunner } from './preflight-runner.js';
import { PREFLIGHT_SOURCES, type PreflightSource } from './preflight-source.js';
import { PreflightsController } from './preflights.controller.js';
import { PreflightsService } from './preflights.service.js';
import { EnvironmentFindingsSource } from './sources/environment-findings.source.js';
import { HostFindingsSource } from './sources/host-findings.source.js';

/** What speaks in a report, in this order. */
const SOURCES = [EnvironmentFindingsSource, HostFindingsSource];

@Module({
  imports: [
    TypeOrmModule.forFeature([Preflight]),
    AwsModule,
    OperationsModule,
    CommandsModule,
    ComputeEnvironmentsModule,
  ],
  controllers: [PreflightsController],
  providers: [
    ...SOURCES,
    { provide: PREFLIGHT_SOURCES, useFactory: (...sources: PreflightSource[]) => sources, inject: SOURCES },
    PreflightEnvironments,
    PreflightRunner,
    PreflightsService,
    IamSectionsService,
    IamCheckService,
    PolicySimulationService,
    PrincipalPoliciesService,
  ],
})
export class PreflightModule {}
