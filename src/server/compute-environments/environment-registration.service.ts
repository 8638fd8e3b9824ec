import { Injectable } from '@nestjs/common';
import { ComputeEnvironmentsService } from './compute-environments.service.js';
import type { CreateComputeEnvironmentDto } from './dto/create-compute-environment.dto.js';
import type { RegisteredComputeEnvironmentDto } from './dto/registered-compute-environment.dto.js';
import { EnvironmentFindingsService } from './environment-findings.service.js';

/** Registers an environment and says at once what stands in the way there; in a dry run that is all it does. */
@Injectable()
export class EnvironmentRegistrationService {
  constructor(
    private readonly environments: ComputeEnvironmentsService,
    private readonly findings: EnvironmentFindingsService,
  ) {}

  async register(input: CreateComputeEnvironmentDto): Promise<RegisteredComputeEnvironmentDto> {
    const environment = await this.environments.create(input);
    const { items } = await this.findings.of(environment.id);
    return { ...environment, findings: items };
  }
}
