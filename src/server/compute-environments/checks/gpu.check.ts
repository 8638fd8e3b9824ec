import { Injectable } from '@nestjs/common';
import { BatchApi } from '../../aws/batch.api.js';
import { gpuFindings } from '../../gpu/gpu-findings.js';
import { CompatibilityCheck } from '../../instance-catalog/compatibility-check.js';
import type { CheckedEnvironment, EnvironmentCheck } from '../environment-check.js';
import type { EnvironmentFinding } from '../environment-finding.js';
import { EnvironmentHosts } from '../environment-hosts.js';

/** Two calls at most; older definitions are rarely used. */
const DEFINITIONS = 200;

/** What its GPU types mean for jobs with a GPU. AWS is asked for those only where there are such types, and where it is asked at all. */
@Injectable()
export class GpuCheck implements EnvironmentCheck {
  readonly subject = 'the GPUs of its instance types';

  constructor(
    private readonly catalogue: CompatibilityCheck,
    private readonly batch: BatchApi,
    private readonly hosts: EnvironmentHosts,
  ) {}

  async findings({ id, instanceTypes: names, access }: CheckedEnvironment): Promise<EnvironmentFinding[]> {
    const instanceTypes = await this.catalogue.expand(names);
    if (instanceTypes.every(({ gpu }) => gpu === null)) return [];
    const jobs = access === null ? [] : await this.batch.gpuJobDefinitions(access, DEFINITIONS);
    return gpuFindings({ instanceTypes, jobs, measured: await this.hosts.imagesTaken(id) });
  }
}
