import type { AwsAccess } from '../aws/aws-access.js';
import type { Finding } from '../common/finding.js';
import type { StorageKind } from '../storage/storage-kind.js';
import type { IamReport } from './iam/iam-report.js';
import type { PolicyScope } from './iam/policy-scope.js';

/** What a preflight looks at. `configuration`: what an environment's findings say that belongs to none of the others. */
export const PREFLIGHT_CHECKS = [
  'iam',
  'quotas',
  'storage',
  'drivers',
  'network',
  'memory',
  'root-volume',
  'configuration',
] as const;
export type PreflightCheck = (typeof PREFLIGHT_CHECKS)[number];

/** `skipped`: it could not be looked at, for the reason given. */
export const SECTION_STATUSES = ['passed', 'failed', 'skipped'] as const;
export type SectionStatus = (typeof SECTION_STATUSES)[number];

export interface EnvironmentReference {
  id: string;
  name: string;
}

/** One check's part of a report. Plain data, kept with the preflight. */
export interface PreflightSection {
  check: PreflightCheck;
  /** `failed` as soon as one finding is an error. */
  status: SectionStatus;
  /** Why it was skipped; null otherwise. */
  reason: string | null;
  /** What it is about; none: the server itself. */
  computeEnvironments: EnvironmentReference[];
  findings: Finding[];
  /** Of `iam` only, unless skipped. */
  iam: Omit<IamReport, 'findings'> | null;
}

/** A compute environment as far as checks need to know it. */
export interface PreflightEnvironment extends EnvironmentReference {
  /** null: AWS is not asked about it. */
  access: AwsAccess | null;
  /** Whether AWS has described it. */
  read: boolean;
  storageKind: StorageKind | null;
  /** Of its resources, for IAM. */
  names: PolicyScope['names'];
}
