import { Injectable } from '@nestjs/common';
import type { AwsAccess } from '../../aws/aws-access.js';
import { AwsError } from '../../aws/aws-error.js';
import { IamApi } from '../../aws/iam.api.js';
import { StsApi } from '../../aws/sts.api.js';
import { FUNCTIONALITY_ACTIONS } from './functionality-actions.js';
import type { Functionality } from './functionality.js';
import { iamFindings } from './iam-findings.js';
import { type IamPrincipal, parsePrincipal } from './iam-principal.js';
import type { IamActionReport, IamMethod, IamReport } from './iam-report.js';
import { policyDocumentFor } from './least-privilege.js';
import type { RequestContext } from './policy-condition.js';
import { evaluate } from './policy-evaluation.js';
import { partitionOf, type PolicyScope, resourcesIn } from './policy-scope.js';
import { type PlannedAction, PolicySimulationService } from './policy-simulation.service.js';
import { PrincipalPoliciesService, UnreadablePolicyError } from './principal-policies.service.js';
import { type Ruling, worstOf } from './ruling.js';

export interface IamQuestion {
  access: AwsAccess;
  /** null: whoever `access` makes the server. */
  principalArn: string | null;
  functionalities: readonly Functionality[];
  names: PolicyScope['names'];
}

type Known = Extract<IamPrincipal, { kind: 'role' | 'user' }>;
interface Outcome {
  method: IamMethod;
  reason: string | null;
  rulings: Ruling[][];
}

/** Whether the server may do in AWS what the product's functionalities need: by simulation, or else by reading policies. */
@Injectable()
export class IamCheckService {
  constructor(
    private readonly sts: StsApi,
    private readonly iam: IamApi,
    private readonly simulation: PolicySimulationService,
    private readonly policies: PrincipalPoliciesService,
  ) {}

  /** Throws `AwsError` only when AWS does not even say who we are. */
  async check({ access, principalArn, functionalities, names }: IamQuestion): Promise<IamReport> {
    const caller = await this.sts.callerIdentity(access);
    const principal = parsePrincipal(principalArn ?? caller.arn);
    const scope = {
      partition: partitionOf(access.region),
      region: access.region,
      accountId: principal.accountId,
      names,
    };
    const planned = plan(functionalities, scope);
    const { outcome, arn } = await this.outcome(access, caller.accountId, principal, planned);

    const actions = planned.map(({ resources, ...each }, i): IamActionReport => {
      const ruling = outcome.rulings[i]?.length ? worstOf(outcome.rulings[i]) : NOT_ASKED;
      return { ...each, resources: [...resources], ...ruling };
    });
    const denied = actions.filter(({ decision }) => decision === 'denied');
    const attachable = new Set(denied.filter(({ cause }) => cause === 'no-allow').map(({ action }) => action));
    const judged = {
      principalArn: arn,
      method: outcome.method,
      methodReason: outcome.reason,
      functionalities: [...functionalities],
      actions,
    };
    return {
      ...judged,
      missing: denied.map(({ action }) => action),
      missingPolicy: attachable.size === 0 ? null : policyDocumentFor(functionalities, scope, attachable),
      policy: policyDocumentFor(functionalities, scope),
      findings: iamFindings(judged),
    };
  }

  private async outcome(
    access: AwsAccess,
    callerAccount: string,
    principal: IamPrincipal,
    planned: readonly PlannedAction[],
  ): Promise<{ outcome: Outcome; arn: string }> {
    if (principal.kind === 'root') return { outcome: everything(planned), arn: principal.arn };
    if (principal.kind === 'other')
      return {
        outcome: nothing('it is neither a role nor a user, so IAM keeps no policies of it'),
        arn: principal.arn,
      };
    if (principal.accountId !== callerAccount) {
      const reason = `it is of account ${principal.accountId}, and the server asks in account ${callerAccount}`;
      return { outcome: nothing(reason), arn: principal.arn ?? principal.name };
    }
    const arn = principal.arn ?? (await this.roleArn(access, principal));
    return { outcome: await this.ask(access, principal, arn, planned), arn };
  }

  private async ask(
    access: AwsAccess,
    principal: Known,
    arn: string,
    planned: readonly PlannedAction[],
  ): Promise<Outcome> {
    const context = contextOf(access, principal, arn);
    let reason: string;
    try {
      return {
        method: 'simulation',
        reason: null,
        rulings: await this.simulation.rulings(access, arn, planned, context),
      };
    } catch (error) {
      reason = reasonOf(error);
    }
    try {
      const policies = await this.policies.read(access, principal);
      const rulings = planned.map(({ action, resources }) =>
        resources.map((resource) => evaluate(policies, { action, resource, context })),
      );
      return { method: 'policies', reason, rulings };
    } catch (error) {
      return nothing(`${reason}, and ${reasonOf(error)}`);
    }
  }

  /** With its path, which a session's ARN does not have. Not allowed to ask: as if it had none, as most roles. */
  private async roleArn(access: AwsAccess, { partition, accountId, name }: Known): Promise<string> {
    try {
      return (await this.iam.role(access, name)).arn;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return `arn:${partition}:iam::${accountId}:role/${name}`;
    }
  }
}

const NOT_ASKED: Ruling = { decision: 'unknown', cause: null, detail: 'it could not be found out' };

type Plan = PlannedAction & Pick<IamActionReport, 'why' | 'functionalities'>;

/** Each action once, with what any of the functionalities needs it on. */
export function plan(functionalities: readonly Functionality[], scope: PolicyScope): Plan[] {
  const plans = new Map<string, Plan>();
  for (const functionality of functionalities) {
    for (const { action, why, resources } of FUNCTIONALITY_ACTIONS[functionality]) {
      const arns = resources.flatMap((template) => resourcesIn(template, scope));
      const known = plans.get(action) ?? { action, why, functionalities: [], resources: [] };
      plans.set(action, {
        ...known,
        functionalities: [...known.functionalities, functionality],
        resources: [...new Set([...known.resources, ...arns])],
      });
    }
  }
  return [...plans.values()];
}

/** What is known of all our calls before they are made ("AWS global condition context keys" in the IAM user guide). */
function contextOf({ region }: AwsAccess, { kind, accountId, name }: Known, arn: string): RequestContext {
  return new Map([
    ['aws:requestedregion', [region]],
    ['aws:securetransport', ['true']],
    ['aws:principalaccount', [accountId]],
    ['aws:principalarn', [arn]],
    ['aws:principaltype', [kind === 'user' ? 'User' : 'AssumedRole']],
    ...(kind === 'user' ? [['aws:username', [name]] as const] : []),
  ]);
}

function everything(planned: readonly PlannedAction[]): Outcome {
  const ruling: Ruling = { decision: 'allowed', cause: null, detail: 'the root user may do everything' };
  return { method: 'root', reason: null, rulings: planned.map(() => [ruling]) };
}

function nothing(reason: string): Outcome {
  return { method: 'none', reason, rulings: [] };
}

/** Half a sentence, with the action that AWS did not allow. */
function reasonOf(error: unknown): string {
  if (error instanceof UnreadablePolicyError) return error.message;
  if (!(error instanceof AwsError)) throw error;
  if (error.code === 'aws-access-denied') return `AWS does not allow ${error.action} to the server`;
  if (error.code === 'aws-not-found') return `AWS answers ${error.action} that there is no such role or user`;
  return `${error.action} could not be asked (${error.code})`;
}
