import type { Finding } from '../common/finding.js';
import type { InstanceType } from '../instance-catalog/instance-type.js';
import { type SpotQuota, spotQuotaOf } from './spot-quota.js';

export const QUOTA_FINDING_CODES = ['spot-quota-too-low', 'spot-quota-unknown'] as const;
export type QuotaFindingCode = (typeof QUOTA_FINDING_CODES)[number];
export type QuotaFinding = Finding<QuotaFindingCode>;

/** The old instance and the one the job continues on: Batch starts the second before the first is gone. */
const INSTANCES = 2;

/** What the allowed types ask of one quota. */
export interface QuotaNeed {
  quota: SpotQuota;
  /** The largest allowed type that counts against it. */
  largest: InstanceType;
  /** Two of those, vCPUs. */
  neededVcpus: number;
}

/** A quota as AWS told it. */
export interface KnownQuota {
  /** vCPUs. */
  value: number;
}

/** The quotas that Spot instances of these types count against, one need each, by the quota's code. Types that Spot does not sell need none. */
export function quotaNeeds(instanceTypes: readonly InstanceType[]): QuotaNeed[] {
  const needs = new Map<string, QuotaNeed>();
  for (const type of instanceTypes) {
    const quota = type.spot ? spotQuotaOf(type.family) : null;
    if (quota === null || (needs.get(quota.code)?.largest.vcpus ?? 0) >= type.vcpus) continue;
    needs.set(quota.code, { quota, largest: type, neededVcpus: INSTANCES * type.vcpus });
  }
  return [...needs.values()].sort((a, b) => (a.quota.code < b.quota.code ? -1 : 1));
}

/** Needs against what AWS grants in the region. `known` lacks a code where the region has no such quota. */
export function quotaFindings(
  needs: readonly QuotaNeed[],
  known: ReadonlyMap<string, KnownQuota>,
  region: string,
): QuotaFinding[] {
  return needs.flatMap((need) => {
    const quota = known.get(need.quota.code);
    if (quota === undefined) return [unknown(need, region)];
    return quota.value >= need.neededVcpus ? [] : [tooLow(need, quota.value, region)];
  });
}

function tooLow({ quota, largest, neededVcpus }: QuotaNeed, value: number, region: string): QuotaFinding {
  const { instanceType, vcpus } = largest;
  const none = value < vcpus;
  return {
    severity: none ? 'error' : 'warning',
    code: 'spot-quota-too-low',
    message: `The quota "${quota.name}" (${quota.code}) is ${value} vCPUs in ${region}; two ${instanceType} of ${vcpus} vCPUs need ${neededVcpus}.`,
    why: none
      ? `Not one ${instanceType} can start there as a Spot instance.`
      : 'A job that is reclaimed needs a second instance while the first still counts; without room for two it waits, or does not continue.',
    remedy: `Ask for ${neededVcpus} vCPUs or more: aws service-quotas request-service-quota-increase --service-code ec2 --quota-code ${quota.code} --desired-value ${neededVcpus} --region ${region}`,
  };
}

function unknown({ quota, largest, neededVcpus }: QuotaNeed, region: string): QuotaFinding {
  return {
    severity: 'info',
    code: 'spot-quota-unknown',
    message: `AWS knows no quota "${quota.name}" (${quota.code}) in ${region}.`,
    why: `Whether two ${largest.instanceType} (${neededVcpus} vCPUs) can run there at a time could not be checked.`,
    remedy: `Look at the EC2 quotas of ${region} in the Service Quotas console, and whether the region has ${largest.family} instances.`,
  };
}
