import { InvalidDurationError, parseDuration } from './duration.js';

export const CHECKPOINT_MODES = ['periodic', 'manual', 'off'] as const;
export type CheckpointMode = (typeof CHECKPOINT_MODES)[number];

/** When to checkpoint, what to carry, what to keep. */
export interface Policy {
  /** `periodic`: every `interval` and on demand; `manual`: on demand only; `off`: the job is left alone. */
  mode: CheckpointMode;
  /** Time between the end of one periodic checkpoint and the start of the next, Go style, at least 1s. */
  interval: string;
  /** Committed checkpoints kept for each job, 1 to 100. Two or more let a damaged image fall back to the one before. */
  keep: number;
  /** A checkpoint that has not finished dumping after this long is given up and the job runs on. */
  timeout: string;
  /** Carry the container's writable layer. Without it, files the job wrote there are not in the image. */
  writableLayer: boolean;
  /** Keep images when the job ends, and CRIU's logs beside them. */
  diagnosis: boolean;
  /** Images of a job that failed are deleted this long after its end. Those of one that succeeded go at once. */
  failureRetention: string;
}

/** What an environment or a job may override: absent inherits. */
export type PolicyOverride = Partial<Policy>;

export const DEFAULT_POLICY: Readonly<Policy> = {
  mode: 'periodic',
  interval: '15m',
  keep: 2,
  timeout: '10m',
  writableLayer: true,
  diagnosis: false,
  failureRetention: '168h',
};

/** Merge order: system < environment < job variables. `undefined` inherits. */
export function mergePolicy(system: Policy, ...overrides: (PolicyOverride | null | undefined)[]): Policy {
  const merged: Policy = { ...system };
  for (const override of overrides) {
    for (const [key, value] of Object.entries(override ?? {})) {
      if (value !== undefined && value !== null) Object.assign(merged, { [key]: value });
    }
  }
  return merged;
}

/** A job variable that is not followed; the job goes on as it would without it. */
export interface PolicyProblem {
  variable: string;
  value: string;
  reason: string;
}

/** A Map: `constructor` and its like, which every object has, are no modes. */
const MODES = new Map<string, CheckpointMode>([
  ['iterative', 'periodic'],
  ['periodic', 'periodic'],
  ['true', 'periodic'],
  ['on', 'periodic'],
  ['manual', 'manual'],
  ['none', 'off'],
  ['off', 'off'],
  ['false', 'off'],
]);

/**
 * Reads the job-level variables, which are the incumbent's (`MMC_CHECKPOINT_MODE`, `MMC_CHECKPOINT_INTERVAL`,
 * `MMC_CHECKPOINT_DIAGNOSIS`) so that job definitions written for it keep working. Where the images go is read by
 * `imageSubpath`.
 */
export function jobPolicy(env: Readonly<Record<string, string>>): {
  override: PolicyOverride;
  problems: PolicyProblem[];
} {
  const override: PolicyOverride = {};
  const problems: PolicyProblem[] = [];
  const read = (variable: string, accept: (value: string) => string | undefined): void => {
    const value = env[variable];
    if (value === undefined || value === '') return;
    const reason = accept(value);
    if (reason !== undefined) problems.push({ variable, value, reason });
  };
  read('MMC_CHECKPOINT_MODE', (value) => {
    const mode = MODES.get(value.toLowerCase());
    if (mode === undefined) return `not one of ${[...MODES.keys()].join(', ')}`;
    override.mode = mode;
    return undefined;
  });
  read('MMC_CHECKPOINT_INTERVAL', (value) => {
    try {
      if (parseDuration(value) < 1000) return 'shorter than 1s';
    } catch (error) {
      if (error instanceof InvalidDurationError) return error.message;
      throw error;
    }
    override.interval = value;
    return undefined;
  });
  read('MMC_CHECKPOINT_DIAGNOSIS', (value) => {
    if (value !== 'true' && value !== 'false') return 'not true or false';
    override.diagnosis = value === 'true';
    return undefined;
  });
  return { override, problems };
}
