import { Injectable } from '@nestjs/common';
import type { AwsAccess } from '../../aws/aws-access.js';
import { IamApi, type IamOwner } from '../../aws/iam.api.js';
import type { IamPrincipal } from './iam-principal.js';
import { type NamedPolicy, parsePolicyDocument, PolicyDocumentError } from './policy-document.js';
import type { PrincipalPolicies } from './policy-evaluation.js';

/** A policy that no one can make sense of: nothing may be concluded from the others alone. */
export class UnreadablePolicyError extends Error {}

/** Reads what IAM keeps of a role's or user's policies: attached, inline, of its groups, and the boundary. */
@Injectable()
export class PrincipalPoliciesService {
  constructor(private readonly iam: IamApi) {}

  /** Throws `AwsError` when any of it may not be read, {@link UnreadablePolicyError}. */
  async read(
    access: AwsAccess,
    { kind, name }: Extract<IamPrincipal, { kind: 'role' | 'user' }>,
  ): Promise<PrincipalPolicies> {
    const { boundaryArn } = await (kind === 'role' ? this.iam.role(access, name) : this.iam.user(access, name));
    const groups = kind === 'user' ? await this.iam.groupsOf(access, name) : [];
    const owners: IamOwner[] = [{ kind, name }, ...groups.map((group) => ({ kind: 'group' as const, name: group }))];
    const identity: NamedPolicy[] = [];
    for (const owner of owners) identity.push(...(await this.ofOwner(access, owner)));
    const boundary = boundaryArn === null ? null : await this.managed(access, boundaryArn, boundaryArn);
    return { identity, boundary };
  }

  private async ofOwner(access: AwsAccess, owner: IamOwner): Promise<NamedPolicy[]> {
    const of = owner.kind === 'group' ? ` of group ${owner.name}` : '';
    const found: NamedPolicy[] = [];
    for (const arn of await this.iam.attachedPolicies(access, owner))
      found.push(await this.managed(access, arn, `managed policy ${arn}${of}`));
    for (const policy of await this.iam.inlinePolicies(access, owner)) {
      const name = `inline policy ${policy}${of}`;
      found.push(named(name, await this.iam.inlinePolicy(access, owner, policy)));
    }
    return found;
  }

  private async managed(access: AwsAccess, arn: string, name: string): Promise<NamedPolicy> {
    return named(name, await this.iam.managedPolicy(access, arn));
  }
}

function named(name: string, text: string): NamedPolicy {
  try {
    return { name, document: parsePolicyDocument(text) };
  } catch (error) {
    if (!(error instanceof PolicyDocumentError)) throw error;
    throw new UnreadablePolicyError(`${name} cannot be read: ${error.message}`);
  }
}
