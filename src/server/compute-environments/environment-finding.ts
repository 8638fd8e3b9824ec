import type { Finding } from '../common/finding.js';
import { GPU_FINDING_CODES } from '../gpu/gpu-findings.js';
import { GROUP_FINDING_CODES } from '../instance-catalog/group-findings.js';
import { QUOTA_FINDING_CODES } from '../quotas/quota-findings.js';
import { STORAGE_FINDING_CODES } from '../storage/storage-finding.js';

/** From the configuration here and from what hosts measured (`environment-findings.ts`). */
export const CONFIGURATION_FINDING_CODES = [
  'no-storage',
  'no-hosts-online',
  'checkpointing-off',
  'checkpointing-manual',
  'interval-shorter-than-notice',
  'single-checkpoint-kept',
  'no-instance-types',
  'instance-type-not-allowed',
  'host-storage-not-ready',
  'host-check-failed',
  'image-not-portable',
] as const;

/** From what AWS says of it (`checks/`). */
export const AWS_FINDING_CODES = [
  'aws-sync-stale',
  'aws-check-failed',
  'job-sync-failed',
  'environment-invalid',
  'environment-disabled',
  'no-enabled-queue',
  'on-demand-instances',
  'allocation-strategy-best-fit',
  'allocation-strategy-interrupted-often',
  'launch-template-missing',
  'launch-template-without-agent',
  'spot-draining-off',
  'ecs-stop-timeout-short',
  'host-loss-not-retried',
  'root-volume-too-small',
] as const;

/** `docs/environment-findings.md` explains each. */
export const ENVIRONMENT_FINDING_CODES = [
  ...CONFIGURATION_FINDING_CODES,
  ...AWS_FINDING_CODES,
  ...GROUP_FINDING_CODES,
  ...STORAGE_FINDING_CODES,
  ...GPU_FINDING_CODES,
  ...QUOTA_FINDING_CODES,
] as const;
export type EnvironmentFindingCode = (typeof ENVIRONMENT_FINDING_CODES)[number];

export type EnvironmentFinding = Finding<EnvironmentFindingCode>;
