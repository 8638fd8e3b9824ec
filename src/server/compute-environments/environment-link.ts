import { Injectable } from '@nestjs/common';
import type { AwsAccess } from '../aws/aws-access.js';
import { invalidField } from '../common/domain-error.js';
import type { ComputeEnvironment } from './compute-environment.entity.js';
import { parseEnvironmentArn } from './environment-arn.js';
import { EnvironmentReader } from './environment-reader.js';
import { UnsuitableEnvironmentError } from './unsuitable-environment.error.js';

/** What an environment's row says of AWS. */
export type EnvironmentLink = Pick<
  ComputeEnvironment,
  'region' | 'roleArn' | 'externalId' | 'aws' | 'syncedAt' | 'syncFailure'
>;

/** Absent keeps, null clears. */
export interface AccessPatch {
  region?: string | null;
  roleArn?: string | null;
  externalId?: string | null;
}

/** Known by its name only. */
export const UNLINKED: EnvironmentLink = {
  region: null,
  roleArn: null,
  externalId: null,
  aws: null,
  syncedAt: null,
  syncFailure: null,
};

/** Ties an environment to AWS: how AWS is asked, and what it says. */
@Injectable()
export class EnvironmentLinks {
  constructor(private readonly reader: EnvironmentReader) {}

  /** `field`: the request's member that names it, `/name` or `/arn`. Throws `validation-failed`, or `AwsError` when AWS does not say. */
  async make(access: AwsAccess, nameOrArn: string, field: string): Promise<EnvironmentLink> {
    try {
      const aws = await this.reader.read(access, nameOrArn);
      return { ...access, aws, syncedAt: new Date(), syncFailure: null };
    } catch (error) {
      if (error instanceof UnsuitableEnvironmentError) throw invalidField(field, error.message, error.code);
      throw error;
    }
  }
}

export interface NamedEnvironment {
  name: string;
  /** null: AWS is not asked. */
  access: AwsAccess | null;
}

/** What a registration names, by name or ARN. Throws `validation-failed`. */
export function namedEnvironment(input: { name?: string; arn?: string } & AccessPatch): NamedEnvironment {
  const arn = input.arn === undefined ? null : parseEnvironmentArn(input.arn);
  const name = input.name ?? arn?.name;
  if (name === undefined) throw invalidField('/name', 'name is required, or arn.', 'required');
  if (arn !== null && arn.name !== name)
    throw invalidField('/name', `name is ${name}, but arn is that of ${arn.name}; leave one out.`, 'contradiction');
  const region = input.region ?? arn?.region ?? null;
  if (arn !== null && arn.region !== region)
    throw invalidField(
      '/region',
      `region is ${region}, but arn is in ${arn.region}; leave region out.`,
      'contradiction',
    );
  return { name, access: patchedAccess(UNLINKED, { ...input, region }) };
}

/** How AWS is asked after a patch; null: not at all, which forgets the role too. Throws `validation-failed`. */
export function patchedAccess(
  before: Pick<ComputeEnvironment, 'region' | 'roleArn' | 'externalId'>,
  patch: AccessPatch,
): AwsAccess | null {
  const region = patch.region === undefined ? before.region : patch.region;
  if (region === null) {
    for (const field of ['roleArn', 'externalId'] as const) {
      if (patch[field]) throw invalidField(`/${field}`, `${field} needs a region: without one AWS is not asked.`);
    }
    return null;
  }
  const roleArn = patch.roleArn === undefined ? before.roleArn : patch.roleArn;
  if (roleArn === null) {
    if (patch.externalId)
      throw invalidField('/externalId', 'externalId needs a roleArn: it is shown when that role is assumed.');
    return { region, roleArn, externalId: null };
  }
  return { region, roleArn, externalId: patch.externalId === undefined ? before.externalId : patch.externalId };
}
