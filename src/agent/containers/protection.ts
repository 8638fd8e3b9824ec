import type { Failure } from '../../protocol/failure.js';
import type { Policy } from '../../protocol/policy.js';

/** What of a container decides whether it may be checkpointed. */
export interface ProtectionFacts {
  policy: Policy;
  /** Docker runs (or will run) it with our shim. */
  underOurRuntime: boolean;
  privileged: boolean;
  /** Devices asked of Docker, but GPUs. */
  devices: string[];
  usernsMode: string;
  /** Why its GPU keeps it from being checkpointed; null when it has none, or that is no obstacle. */
  gpuProblem: Failure | null;
  /** Of a multi-node parallel job; null: not one. */
  nodes: number | null;
  /** Other containers of the job's task, running or ended, by name. */
  siblings: string[];
  /** Why no job of this host can be checkpointed; null when the host is fit. */
  hostProblem: Failure | null;
}

/** Why this container cannot be checkpointed, in words for the user; null when it can. The most basic reason first. */
export function unprotectedReason(facts: ProtectionFacts): Failure | null {
  if (!facts.underOurRuntime) {
    return {
      code: 'not-under-batchpoint-runtime',
      message: 'the container was not started by the runtime `batchpoint`',
      remedy: "make `batchpoint` Docker's default runtime (or pass `--runtime batchpoint`) and start the job again",
    };
  }
  if (facts.policy.mode === 'off') {
    return {
      code: 'checkpointing-off',
      message: 'checkpointing is off for this job by policy',
      remedy: 'set the policy mode to periodic or manual, or MMC_CHECKPOINT_MODE in the job definition',
    };
  }
  if (facts.nodes !== null) {
    return {
      code: 'multi-node-job',
      message: `the job is a multi-node parallel job${facts.nodes > 0 ? ` of ${facts.nodes} nodes` : ''}: one node alone cannot go back in time`,
      remedy: 'run it as an array, or as single-node jobs',
    };
  }
  if (facts.siblings.length > 0) {
    return {
      code: 'several-containers',
      message: `the job's task has other containers (${facts.siblings.join(', ')}), which share the job's id`,
      remedy: 'run its programs in one container, or as jobs of their own',
    };
  }
  const unsupported = unsupportedResource(facts);
  if (unsupported !== null) {
    return {
      code: 'unsupported-resource',
      message: unsupported,
      remedy: 'run the job without it, or without checkpoints',
    };
  }
  return facts.gpuProblem ?? facts.hostProblem;
}

function unsupportedResource(facts: ProtectionFacts): string | null {
  if (facts.privileged)
    return 'the container is privileged: it may hold devices and kernel state that no image can carry';
  if (facts.devices.length > 0)
    return `the container uses devices (${facts.devices.join(', ')}), whose state no image carries`;
  if (facts.usernsMode !== '' && facts.usernsMode !== 'host')
    return `the container has a user namespace of its own (${facts.usernsMode})`;
  return null;
}
