import { Injectable } from '@nestjs/common';
import {
  type EvaluationResult,
  GetGroupPolicyCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  IAMClient,
  paginateListAttachedGroupPolicies,
  paginateListAttachedRolePolicies,
  paginateListAttachedUserPolicies,
  paginateListGroupPolicies,
  paginateListGroupsForUser,
  paginateListRolePolicies,
  paginateListUserPolicies,
  paginateSimulatePrincipalPolicy,
} from '@aws-sdk/client-iam';
import type { AwsAccess } from './aws-access.js';
import { callAws, collectPages } from './aws-call.js';
import { AwsClients } from './aws-clients.js';

export interface IamSimulation {
  /** Of the user or role, with its path. */
  principalArn: string;
  actions: readonly string[];
  /** ARNs, each tried with each action; empty: `*`. */
  resources: readonly string[];
  /** What is known of the calls beforehand: condition key -> values. */
  context: ReadonlyMap<string, readonly string[]>;
}

/** What AWS would do with one action on one resource. */
export interface SimulatedAction {
  action: string;
  resource: string;
  decision: 'allowed' | 'explicitDeny' | 'implicitDeny';
  /** Condition keys some policy asks for and the simulation was not told of: the decision is made as if they were absent. */
  missingContext: string[];
  /** Policies with the statements that decided. */
  decidedBy: string[];
  allowedByBoundary: boolean;
  allowedByOrganization: boolean;
}

export interface IamEntity {
  arn: string;
  boundaryArn: string | null;
}

/** Whose policies: `name` is without path. */
export interface IamOwner {
  kind: 'role' | 'user' | 'group';
  name: string;
}

@Injectable()
export class IamApi {
  constructor(private readonly clients: AwsClients) {}

  async simulate(
    access: AwsAccess,
    { principalArn, actions, resources, context }: IamSimulation,
  ): Promise<SimulatedAction[]> {
    const input = {
      PolicySourceArn: principalArn,
      ActionNames: [...actions],
      ...(resources.length === 0 ? {} : { ResourceArns: [...resources] }),
      ContextEntries: [...context].map(([key, values]) => ({
        ContextKeyName: key,
        ContextKeyType: key === 'aws:securetransport' ? ('boolean' as const) : ('string' as const),
        ContextKeyValues: [...values],
      })),
    };
    const results = await collectPages(
      'iam:SimulatePrincipalPolicy',
      paginateSimulatePrincipalPolicy({ client: this.client(access) }, input),
      (page) => page.EvaluationResults,
    );
    return results.flatMap((result) => {
      const each = result.ResourceSpecificResults ?? [];
      if (each.length === 0) return [toSimulated(result, result.EvalResourceName, result.EvalDecision, result)];
      return each.map((one) => toSimulated(result, one.EvalResourceName, one.EvalResourceDecision, one));
    });
  }

  async role(access: AwsAccess, name: string): Promise<IamEntity> {
    const { Role } = await callAws('iam:GetRole', () =>
      this.client(access).send(new GetRoleCommand({ RoleName: name })),
    );
    return { arn: Role!.Arn!, boundaryArn: Role!.PermissionsBoundary?.PermissionsBoundaryArn ?? null };
  }

  async user(access: AwsAccess, name: string): Promise<IamEntity> {
    const { User } = await callAws('iam:GetUser', () =>
      this.client(access).send(new GetUserCommand({ UserName: name })),
    );
    return { arn: User!.Arn!, boundaryArn: User!.PermissionsBoundary?.PermissionsBoundaryArn ?? null };
  }

  /** Names of the groups a user is in. */
  async groupsOf(access: AwsAccess, userName: string): Promise<string[]> {
    const pages = paginateListGroupsForUser({ client: this.client(access) }, { UserName: userName });
    const groups = await collectPages('iam:ListGroupsForUser', pages, (page) => page.Groups);
    return groups.map(({ GroupName }) => GroupName!);
  }

  /** ARNs of the managed policies. */
  async attachedPolicies(access: AwsAccess, { kind, name }: IamOwner): Promise<string[]> {
    const config = { client: this.client(access) };
    const attached =
      kind === 'role'
        ? collectPages(
            'iam:ListAttachedRolePolicies',
            paginateListAttachedRolePolicies(config, { RoleName: name }),
            policiesOf,
          )
        : kind === 'user'
          ? collectPages(
              'iam:ListAttachedUserPolicies',
              paginateListAttachedUserPolicies(config, { UserName: name }),
              policiesOf,
            )
          : collectPages(
              'iam:ListAttachedGroupPolicies',
              paginateListAttachedGroupPolicies(config, { GroupName: name }),
              policiesOf,
            );
    return (await attached).map(({ PolicyArn }) => PolicyArn!);
  }

  /** Names of the inline policies. */
  async inlinePolicies(access: AwsAccess, { kind, name }: IamOwner): Promise<string[]> {
    const config = { client: this.client(access) };
    if (kind === 'role')
      return collectPages('iam:ListRolePolicies', paginateListRolePolicies(config, { RoleName: name }), namesOf);
    if (kind === 'user')
      return collectPages('iam:ListUserPolicies', paginateListUserPolicies(config, { UserName: name }), namesOf);
    return collectPages('iam:ListGroupPolicies', paginateListGroupPolicies(config, { GroupName: name }), namesOf);
  }

  /** The text of an inline policy. */
  async inlinePolicy(access: AwsAccess, { kind, name }: IamOwner, policy: string): Promise<string> {
    const client = this.client(access);
    const PolicyName = policy;
    const answer =
      kind === 'role'
        ? callAws('iam:GetRolePolicy', () => client.send(new GetRolePolicyCommand({ RoleName: name, PolicyName })))
        : kind === 'user'
          ? callAws('iam:GetUserPolicy', () => client.send(new GetUserPolicyCommand({ UserName: name, PolicyName })))
          : callAws('iam:GetGroupPolicy', () =>
              client.send(new GetGroupPolicyCommand({ GroupName: name, PolicyName })),
            );
    return decoded((await answer).PolicyDocument!);
  }

  /** The text of a managed policy in the version that is in force. */
  async managedPolicy(access: AwsAccess, arn: string): Promise<string> {
    const client = this.client(access);
    const { Policy } = await callAws('iam:GetPolicy', () => client.send(new GetPolicyCommand({ PolicyArn: arn })));
    const version = new GetPolicyVersionCommand({ PolicyArn: arn, VersionId: Policy!.DefaultVersionId });
    const { PolicyVersion } = await callAws('iam:GetPolicyVersion', () => client.send(version));
    return decoded(PolicyVersion!.Document!);
  }

  private client(access: AwsAccess): IAMClient {
    return this.clients.get(IAMClient, access);
  }
}

interface Details {
  MissingContextValues?: string[];
  MatchedStatements?: { SourcePolicyId?: string }[];
  PermissionsBoundaryDecisionDetail?: { AllowedByPermissionsBoundary?: boolean };
}

/** `details`: of the resource, where the answer has them apart; what it lacks there it may have for the action as a whole. */
function toSimulated(
  whole: EvaluationResult,
  resource: string | undefined,
  decision: string | undefined,
  details: Details,
): SimulatedAction {
  const boundary = details.PermissionsBoundaryDecisionDetail ?? whole.PermissionsBoundaryDecisionDetail;
  return {
    action: whole.EvalActionName!,
    resource: resource ?? '*',
    decision: decision as SimulatedAction['decision'],
    missingContext: [...new Set([...(details.MissingContextValues ?? []), ...(whole.MissingContextValues ?? [])])],
    decidedBy: (details.MatchedStatements ?? []).flatMap(({ SourcePolicyId }) => SourcePolicyId ?? []),
    allowedByBoundary: boundary?.AllowedByPermissionsBoundary ?? true,
    allowedByOrganization: whole.OrganizationsDecisionDetail?.AllowedByOrganizations ?? true,
  };
}

const policiesOf = (page: { AttachedPolicies?: { PolicyArn?: string }[] }) => page.AttachedPolicies;
const namesOf = (page: { PolicyNames?: string[] }) => page.PolicyNames;

/** IAM answers with documents encoded as in a URL (RFC 3986). */
function decoded(document: string): string {
  return document.trimStart().startsWith('{') ? document : decodeURIComponent(document);
}
