import { Injectable } from '@nestjs/common';
import type { AwsAccess } from '../aws/aws-access.js';
import { IamCheckService } from './iam/iam-check.service.js';
import { DEFAULT_FUNCTIONALITIES, type Functionality, STORAGE_FUNCTIONALITY } from './iam/functionality.js';
import { type PolicyScope, SCOPE_NAMES } from './iam/policy-scope.js';
import type { PreflightRequest } from './preflight-request.js';
import type { PreflightEnvironment, PreflightSection } from './preflight-section.js';
import { statusOf } from './preflight-source.js';

/** Environments about which AWS is asked in the same way: the server has the same permissions in all of them. */
export interface IamGroup {
  /** null: AWS is not asked. */
  access: AwsAccess | null;
  environments: PreflightEnvironment[];
}

@Injectable()
export class IamSectionsService {
  constructor(private readonly iam: IamCheckService) {}

  /** Throws `AwsError` when AWS does not even say who the server is. */
  async section({ access, environments }: IamGroup, request: PreflightRequest): Promise<PreflightSection> {
    const base = { check: 'iam' as const, computeEnvironments: environments.map(({ id, name }) => ({ id, name })) };
    if (access === null) {
      const reason =
        environments.length === 0
          ? "No compute environment is registered. Name a region to have the server's own permissions looked at."
          : 'AWS is not asked about environments without a region.';
      return { ...base, status: 'skipped', reason, findings: [], iam: null };
    }
    const { findings, ...iam } = await this.iam.check({
      access,
      principalArn: request.principalArn,
      functionalities: request.functionalities ?? usualFunctionalities(environments),
      names: namesOf(environments),
    });
    return { ...base, status: statusOf(findings), reason: null, findings, iam };
  }
}

/** Groups of environments with the same access; `region`: the server's own there, whether or not an environment is. */
export function iamGroups(environments: readonly PreflightEnvironment[], region: string | null): IamGroup[] {
  const own = region === null ? null : { region, roleArn: null, externalId: null };
  const key = (access: AwsAccess | null): string =>
    JSON.stringify(access && [access.region, access.roleArn, access.externalId]);
  const groups = new Map<string, IamGroup>();
  for (const environment of environments) {
    const group = groups.get(key(environment.access)) ?? { access: environment.access, environments: [] };
    group.environments.push(environment);
    groups.set(key(environment.access), group);
  }
  if (own !== null && !groups.has(key(own))) groups.set(key(own), { access: own, environments: [] });
  return groups.size > 0 ? [...groups.values()] : [{ access: null, environments: [] }];
}

function usualFunctionalities(environments: readonly PreflightEnvironment[]): Functionality[] {
  const ofStorage = environments.flatMap(({ storageKind }) =>
    storageKind === null ? [] : (STORAGE_FUNCTIONALITY[storageKind] ?? []),
  );
  return [...DEFAULT_FUNCTIONALITIES, ...new Set(ofStorage)];
}

/** A name that one of them does not tell may be any. */
function namesOf(environments: readonly PreflightEnvironment[]): PolicyScope['names'] {
  const names: PolicyScope['names'] = {};
  for (const name of SCOPE_NAMES) {
    const values = environments.map((environment) => environment.names[name]);
    if (values.length > 0 && values.every((each) => each !== undefined)) names[name] = [...new Set(values.flat())];
  }
  return names;
}
