import { Injectable } from '@nestjs/common';
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  type ServiceQuota as AwsServiceQuota,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import type { AwsAccess } from './aws-access.js';
import { callAws } from './aws-call.js';
import { AwsClients } from './aws-clients.js';
import { AwsError } from './aws-error.js';

export interface ServiceQuota {
  /** `L-3819A6DF` */
  code: string;
  /** `All G and VT Spot Instance Requests` */
  name: string;
  /** In the quota's own unit; of EC2's instance quotas that is vCPUs. */
  value: number;
  /** Whether more can be asked for. */
  adjustable: boolean;
}

@Injectable()
export class ServiceQuotasApi {
  constructor(private readonly clients: AwsClients) {}

  /**
   * The value in force, or AWS's default where none was ever set for the account (then `GetServiceQuota` knows no such
   * quota). null: the region has no quota of this code. Throws {@link AwsError}.
   */
  async quota(access: AwsAccess, serviceCode: string, quotaCode: string): Promise<ServiceQuota | null> {
    const client = this.clients.get(ServiceQuotasClient, access);
    const which = { ServiceCode: serviceCode, QuotaCode: quotaCode };
    const applied = await ifThere(
      callAws('servicequotas:GetServiceQuota', () => client.send(new GetServiceQuotaCommand(which))),
    );
    if (applied?.Quota !== undefined) return toServiceQuota(applied.Quota);
    const preset = await ifThere(
      callAws('servicequotas:GetAWSDefaultServiceQuota', () =>
        client.send(new GetAWSDefaultServiceQuotaCommand(which)),
      ),
    );
    return preset?.Quota === undefined ? null : toServiceQuota(preset.Quota);
  }
}

async function ifThere<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AwsError && error.code === 'aws-not-found') return null;
    throw error;
  }
}

function toServiceQuota({ QuotaCode, QuotaName, Value, Adjustable }: AwsServiceQuota): ServiceQuota {
  return { code: QuotaCode!, name: QuotaName ?? QuotaCode!, value: Value!, adjustable: Adjustable ?? false };
}
