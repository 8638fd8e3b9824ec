import { Injectable } from '@nestjs/common';
import type { CheckedEnvironment, EnvironmentCheck } from '../environment-check.js';
import type { EnvironmentFinding } from '../environment-finding.js';
import { configurationFindings } from './aws-configuration.rules.js';
import { freshnessFindings } from './aws-freshness.rules.js';
import { launchTemplateFindings } from './launch-template.rules.js';

/** What the facts of the last look at AWS say by themselves. */
@Injectable()
export class AwsFactsCheck implements EnvironmentCheck {
  readonly subject = 'its configuration in AWS';

  async findings({ name, access, aws, syncedAt, syncFailure }: CheckedEnvironment): Promise<EnvironmentFinding[]> {
    if (access === null) return [];
    const known = aws === null ? [] : [...configurationFindings(name, aws), ...launchTemplateFindings(name, aws)];
    return [...freshnessFindings({ syncedAt, syncFailure }, new Date()), ...known];
  }
}
