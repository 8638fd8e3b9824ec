import { list } from '../../common/finding.js';
import type { AwsEnvironment } from '../aws-environment.js';
import type { EnvironmentFinding } from '../environment-finding.js';

/** Strategies by which AWS picks the Spot pools that are least often interrupted (AWS Batch user guide, "Allocation strategies"). */
const FEW_INTERRUPTIONS = ['SPOT_CAPACITY_OPTIMIZED', 'SPOT_PRICE_CAPACITY_OPTIMIZED'];

/** What the environment itself and its queues say. */
export function configurationFindings(name: string, aws: AwsEnvironment): EnvironmentFinding[] {
  return [...stateFindings(name, aws), ...queueFindings(name, aws), ...capacityFindings(name, aws)];
}

function stateFindings(name: string, { state, status, statusReason }: AwsEnvironment): EnvironmentFinding[] {
  const found: EnvironmentFinding[] = [];
  if (status === 'INVALID') {
    found.push({
      severity: 'error',
      code: 'environment-invalid',
      message: `AWS Batch calls ${name} INVALID: ${statusReason ?? 'it gives no reason'}.`,
      why: 'Batch starts no instance for it, so a reclaimed job has nowhere to continue.',
      remedy:
        'Mend what the reason names (most often a role or a launch template), then disable and enable the environment.',
    });
  }
  if (state === 'DISABLED') {
    found.push({
      severity: 'warning',
      code: 'environment-disabled',
      message: `${name} is DISABLED in AWS Batch.`,
      why: 'Batch places no job there, not even the next try of a reclaimed one.',
      remedy: 'Enable the compute environment in AWS Batch.',
    });
  }
  return found;
}

function queueFindings(name: string, { jobQueues }: AwsEnvironment): EnvironmentFinding[] {
  if (jobQueues.some((queue) => queue.state === 'ENABLED')) return [];
  const disabled = jobQueues.map((queue) => queue.name);
  return [
    {
      severity: 'warning',
      code: 'no-enabled-queue',
      message:
        disabled.length === 0
          ? `No job queue names ${name}.`
          : `Every job queue of ${name} is DISABLED: ${list(disabled)}.`,
      why: 'No job can be submitted that runs there.',
      remedy: disabled.length === 0 ? 'Name the environment in a job queue.' : 'Enable one of the queues.',
    },
  ];
}

function capacityFindings(
  name: string,
  { managed, resourceType, allocationStrategy }: AwsEnvironment,
): EnvironmentFinding[] {
  if (!managed) return [];
  const found: EnvironmentFinding[] = [];
  if (resourceType === 'EC2') {
    found.push({
      severity: 'info',
      code: 'on-demand-instances',
      message: `${name} runs On-Demand instances (type EC2).`,
      why: 'Jobs are protected there too, but nothing is saved: a job that survives reclaims can run on Spot.',
      remedy: 'Use a compute environment of type SPOT.',
    });
  }
  // API reference, ComputeResource: where none is given it is BEST_FIT.
  if (allocationStrategy === null || allocationStrategy === 'BEST_FIT') {
    found.push({
      severity: 'warning',
      code: 'allocation-strategy-best-fit',
      message: `The allocation strategy of ${name} is BEST_FIT.`,
      why: 'Batch waits for one instance type however scarce it is, and cannot update the infrastructure of such an environment: a new version of the launch template is never taken up.',
      remedy:
        'Make the compute environment anew with SPOT_PRICE_CAPACITY_OPTIMIZED (BEST_FIT_PROGRESSIVE for On-Demand).',
    });
  } else if (resourceType === 'SPOT' && !FEW_INTERRUPTIONS.includes(allocationStrategy)) {
    found.push({
      severity: 'info',
      code: 'allocation-strategy-interrupted-often',
      message: `The allocation strategy of ${name} is ${allocationStrategy}.`,
      why: 'It picks Spot pools without regard to how soon AWS will want them back, so jobs are reclaimed and restored more often.',
      remedy: 'Set SPOT_PRICE_CAPACITY_OPTIMIZED or SPOT_CAPACITY_OPTIMIZED.',
    });
  }
  return found;
}
