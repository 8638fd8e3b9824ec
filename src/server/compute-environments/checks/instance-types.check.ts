import { Injectable } from '@nestjs/common';
import { CompatibilityCheck } from '../../instance-catalog/compatibility-check.js';
import type { CheckedEnvironment, EnvironmentCheck } from '../environment-check.js';
import type { EnvironmentFinding } from '../environment-finding.js';

/** Whether an image of one of its instance types restores on the others. */
@Injectable()
export class InstanceTypesCheck implements EnvironmentCheck {
  readonly subject = 'its instance types';

  constructor(private readonly catalogue: CompatibilityCheck) {}

  findings({ instanceTypes }: CheckedEnvironment): Promise<EnvironmentFinding[]> {
    return this.catalogue.findings(instanceTypes);
  }
}
