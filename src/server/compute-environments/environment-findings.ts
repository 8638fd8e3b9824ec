import { parseDuration } from '../../protocol/duration.js';
import type { Policy } from '../../protocol/policy.js';
import { bySeverity } from '../common/finding.js';
import { type SharedStorage, sharingFindings } from '../storage/storage-sharing.js';
import type { EnvironmentFinding } from './environment-finding.js';
import { type EnvironmentHost, hostFindings } from './environment-host-findings.js';

/** Everything the rules look at, already read. */
export interface EnvironmentSituation {
  storage: SharedStorage | null;
  /** System policy with the environment's overrides. */
  policy: Policy;
  instanceTypes: string[];
  /** Every host registered in the environment. */
  hosts: EnvironmentHost[];
}

/** A Spot instance is told two minutes before it goes (docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html). */
const SPOT_NOTICE_MS = 120_000;

/** All findings, the most severe first. Nothing here asks AWS: only what is configured and what hosts measured. */
export function findingsOf(situation: EnvironmentSituation): EnvironmentFinding[] {
  return bySeverity([
    ...storageFindings(situation),
    ...policyFindings(situation.policy),
    ...instanceTypeFindings(situation.instanceTypes),
    ...hostFindings(situation.hosts, situation.instanceTypes),
  ]);
}

function storageFindings({ storage, hosts }: EnvironmentSituation): EnvironmentFinding[] {
  if (storage === null) {
    return [
      {
        severity: 'error',
        code: 'no-storage',
        message: 'The environment has no storage.',
        why: 'Checkpoints have nowhere to go, so no job here is protected.',
        remedy: 'Set storageId to a storage that holds checkpoints: efs, juicefs, fsx-lustre, nfs or local.',
      },
    ];
  }
  const online = hosts.filter((host) => host.online);
  return sharingFindings(
    storage,
    online.map(({ id, name, facts, storageHealth: health }) => ({
      id,
      name,
      health,
      isInstance: facts.instance !== null,
    })),
  );
}

function policyFindings(policy: Policy): EnvironmentFinding[] {
  if (policy.mode === 'off') {
    return [
      {
        severity: 'warning',
        code: 'checkpointing-off',
        message: 'The policy in force has mode off.',
        why: 'Jobs are left alone unless their own MMC_CHECKPOINT_MODE says otherwise: a reclaim loses all their work.',
        remedy: 'Set mode to periodic here, or in the system policy.',
      },
    ];
  }
  const found: EnvironmentFinding[] = [];
  if (policy.mode === 'manual') {
    found.push({
      severity: 'info',
      code: 'checkpointing-manual',
      message: 'The policy in force has mode manual.',
      why: 'Only checkpoints somebody asks for are taken; a job nobody looked after starts from the beginning.',
      remedy: 'Set mode to periodic unless a program triggers checkpoints.',
    });
  } else if (parseDuration(policy.interval) < SPOT_NOTICE_MS) {
    found.push({
      severity: 'warning',
      code: 'interval-shorter-than-notice',
      message: `The interval in force is ${policy.interval}, shorter than the two minutes' notice of a Spot reclaim.`,
      why: 'A job that is frozen this often loses more time than the notice, in which a last checkpoint is taken anyway, would save.',
      remedy: 'Use 15m, or at least several times what one checkpoint takes.',
    });
  }
  if (policy.keep === 1) {
    found.push({
      severity: 'warning',
      code: 'single-checkpoint-kept',
      message: 'The policy in force keeps one checkpoint of each job.',
      why: 'If that image turns out damaged there is none before it to fall back to.',
      remedy: 'Set keep to 2 or more.',
    });
  }
  return found;
}

function instanceTypeFindings(instanceTypes: string[]): EnvironmentFinding[] {
  if (instanceTypes.length > 0) return [];
  return [
    {
      severity: 'info',
      code: 'no-instance-types',
      message: 'The instance types the environment may use are not registered.',
      why: 'Whether an image of one type restores on another can only be checked on hosts that have enrolled.',
      remedy: "Set instanceTypes to the compute environment's own list.",
    },
  ];
}
