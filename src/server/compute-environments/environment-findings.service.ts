import { Inject, Injectable } from '@nestjs/common';
import { mergePolicy } from '../../protocol/policy.js';
import { AwsError } from '../aws/aws-error.js';
import { bySeverity } from '../common/finding.js';
import { SettingsService } from '../settings/settings.service.js';
import { StorageService } from '../storage/storage.service.js';
import { storageStatus } from '../storage/storage-status.js';
import { awsAccessOf, type ComputeEnvironment } from './compute-environment.entity.js';
import { ComputeEnvironmentsService } from './compute-environments.service.js';
import type { ComputeEnvironmentFindingsDto } from './dto/compute-environment-findings.dto.js';
import { type CheckedEnvironment, ENVIRONMENT_CHECKS, type EnvironmentCheck } from './environment-check.js';
import type { EnvironmentFinding } from './environment-finding.js';
import { type EnvironmentSituation, findingsOf } from './environment-findings.js';
import { EnvironmentHosts } from './environment-hosts.js';
import { jobSyncFindings } from './job-sync-findings.js';

/** Reads an environment's situation and has the rules and the checks look at it. */
@Injectable()
export class EnvironmentFindingsService {
  constructor(
    private readonly environments: ComputeEnvironmentsService,
    private readonly storages: StorageService,
    private readonly settings: SettingsService,
    private readonly hosts: EnvironmentHosts,
    @Inject(ENVIRONMENT_CHECKS) private readonly checks: readonly EnvironmentCheck[],
  ) {}

  async of(id: string): Promise<ComputeEnvironmentFindingsDto> {
    const items = await this.ofEnvironment(await this.environments.find(id));
    return { computeEnvironmentId: id, evaluatedAt: new Date().toISOString(), items };
  }

  /** The most severe first. */
  async ofEnvironment(environment: ComputeEnvironment): Promise<EnvironmentFinding[]> {
    const { id, instanceTypes } = environment;
    const policy = mergePolicy(await this.settings.policy(), environment.policy);
    const storage = environment.storageId === null ? null : await this.storage(environment.storageId);
    const found = findingsOf({ storage, policy, instanceTypes, hosts: await this.hosts.of(id) });
    const checked: CheckedEnvironment = { ...environment, access: awsAccessOf(environment) };
    for (const check of this.checks) found.push(...(await outcomeOf(check, checked)));
    return bySeverity([...found, ...jobSyncFindings(environment)]);
  }

  private async storage(id: string): Promise<NonNullable<EnvironmentSituation['storage']>> {
    const storage = await this.storages.find(id);
    const verifiedHostIds = (storage.lastVerification?.hosts ?? []).map((host) => host.hostId);
    return { id, name: storage.name, kind: storage.kind, status: storageStatus(storage), verifiedHostIds };
  }
}

/** AWS that does not answer one check leaves the others their findings. */
async function outcomeOf(check: EnvironmentCheck, environment: CheckedEnvironment): Promise<EnvironmentFinding[]> {
  try {
    return await check.findings(environment);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return [
      {
        severity: 'warning',
        code: 'aws-check-failed',
        message: `AWS could not be asked about ${check.subject}: ${error.message}`,
        why: 'Whether something stands in the way there is not known.',
        remedy:
          error.code === 'aws-access-denied'
            ? `Allow ${error.action} to the role the server has in that account.`
            : `See what the message says, and read the findings again.`,
      },
    ];
  }
}
