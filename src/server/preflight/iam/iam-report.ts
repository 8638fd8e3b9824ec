import type { Finding } from '../../common/finding.js';
import type { Functionality } from './functionality.js';
import type { WrittenPolicy } from './least-privilege.js';
import type { Ruling } from './ruling.js';

/** How it was found out: IAM's simulator, the policies themselves, without asking (root), or not at all. */
export const IAM_METHODS = ['simulation', 'policies', 'root', 'none'] as const;
export type IamMethod = (typeof IAM_METHODS)[number];

export interface IamActionReport extends Ruling {
  action: string;
  why: string;
  functionalities: Functionality[];
  /** What it was tried on. */
  resources: string[];
}

export const IAM_FINDING_CODES = [
  'iam-action-missing',
  'iam-action-denied',
  'iam-boundary',
  'iam-organization',
  'iam-conditional',
  'iam-cannot-tell',
  'iam-organization-unread',
  'iam-root-user',
] as const;
export type IamFindingCode = (typeof IAM_FINDING_CODES)[number];

/** What a principal may do of what the functionalities need. Plain data, kept with the preflight. */
export interface IamReport {
  principalArn: string;
  method: IamMethod;
  /** Why not by the better method; null where that worked. */
  methodReason: string | null;
  functionalities: Functionality[];
  actions: IamActionReport[];
  /** Actions that are denied, by name. */
  missing: string[];
  /** What to attach so that nothing is missing; null when nothing is, or attaching does not help. */
  missingPolicy: WrittenPolicy | null;
  /** All that the functionalities need. */
  policy: WrittenPolicy;
  findings: Finding<IamFindingCode>[];
}
