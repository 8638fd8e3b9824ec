import type { AwsAccess } from '../aws/aws-access.js';
import type { AwsEnvironment } from './aws-environment.js';
import type { EnvironmentFinding } from './environment-finding.js';

/** An environment as checks see it. */
export interface CheckedEnvironment {
  id: string;
  name: string;
  storageId: string | null;
  /** AWS Batch's own list where AWS is asked, else the registered one. */
  instanceTypes: string[];
  /** null: AWS is not asked about it. */
  access: AwsAccess | null;
  /** As of the last look that succeeded; null: there was none, or AWS is not asked. */
  aws: AwsEnvironment | null;
  syncedAt: Date | null;
  syncFailure: string | null;
}

/**
 * Looks at one side of an environment. An `AwsError` it throws becomes a finding of its own (`aws-check-failed`) and leaves those of the
 * other checks alone. To add one: implement this in the feature that knows, and list it in `compute-environments.module.ts`.
 */
export interface EnvironmentCheck {
  /** What it looks at, in a few words: `the retry strategies of its jobs`. */
  readonly subject: string;
  findings(environment: CheckedEnvironment): Promise<EnvironmentFinding[]>;
}

/** Injects all of them. */
export const ENVIRONMENT_CHECKS = Symbol('environment checks');
