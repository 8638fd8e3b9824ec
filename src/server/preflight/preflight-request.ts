import type { Functionality } from './iam/functionality.js';
import type { PreflightCheck } from './preflight-section.js';

/** What was asked for. Kept with the preflight. */
export interface PreflightRequest {
  /** null: all environments. */
  computeEnvironmentId: string | null;
  checks: PreflightCheck[];
  /** null: whoever the server is to AWS. */
  principalArn: string | null;
  /** null: the usual ones, and the kinds of storage in use. */
  functionalities: Functionality[] | null;
  /** Where the server's own permissions are looked at besides; null: nowhere else. */
  region: string | null;
}
