import { Injectable } from '@nestjs/common';
import type { AwsAccess } from '../aws/aws-access.js';
import { ServiceQuotasApi } from '../aws/service-quotas.api.js';
import type { InstanceType } from '../instance-catalog/instance-type.js';
import { type KnownQuota, type QuotaFinding, quotaFindings, quotaNeeds } from './quota-findings.js';

/** Quotas change by request, in hours or days; Service Quotas allows few calls a second. */
const KEPT_MS = 10 * 60_000;

export interface QuotaReport {
  /** When AWS told the oldest of the values used, RFC 3339; null: no quota was needed. */
  toldAt: string | null;
  findings: QuotaFinding[];
}

interface KeptQuota {
  /** null: the region has none of this code. */
  quota: KnownQuota | null;
  toldAt: number;
}

/** Whether an account's Spot quotas have room for two of the largest allowed instance. */
@Injectable()
export class QuotaCheck {
  private readonly kept = new Map<string, KeptQuota>();

  constructor(private readonly quotas: ServiceQuotasApi) {}

  /** Throws AwsError. AWS's answers are kept for ten minutes, unless `fresh`. */
  async findings(
    access: AwsAccess,
    instanceTypes: readonly InstanceType[],
    options: { fresh?: boolean } = {},
  ): Promise<QuotaFinding[]> {
    return (await this.report(access, instanceTypes, options)).findings;
  }

  /** The same, with the time of AWS's answers. */
  async report(
    access: AwsAccess,
    instanceTypes: readonly InstanceType[],
    { fresh = false }: { fresh?: boolean } = {},
  ): Promise<QuotaReport> {
    const needs = quotaNeeds(instanceTypes);
    const known = new Map<string, KnownQuota>();
    let oldest: number | null = null;
    // One after the other: the service allows few calls a second.
    for (const { quota } of needs) {
      const { quota: found, toldAt } = await this.ask(access, quota.code, fresh);
      if (found !== null) known.set(quota.code, found);
      oldest = Math.min(oldest ?? toldAt, toldAt);
    }
    const toldAt = oldest === null ? null : new Date(oldest).toISOString();
    return { toldAt, findings: quotaFindings(needs, known, access.region) };
  }

  private async ask(access: AwsAccess, code: string, fresh: boolean): Promise<KeptQuota> {
    const key = JSON.stringify([access.region, access.roleArn, access.externalId, code]);
    const kept = this.kept.get(key);
    if (!fresh && kept !== undefined && Date.now() - kept.toldAt < KEPT_MS) return kept;
    const quota = await this.quotas.quota(access, 'ec2', code);
    const told = { quota, toldAt: Date.now() };
    this.kept.set(key, told);
    return told;
  }
}
