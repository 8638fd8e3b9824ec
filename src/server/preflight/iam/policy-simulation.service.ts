import { Injectable } from '@nestjs/common';
import type { AwsAccess } from '../../aws/aws-access.js';
import { IamApi, type SimulatedAction } from '../../aws/iam.api.js';
import type { RequestContext } from './policy-condition.js';
import type { Ruling } from './ruling.js';

/** An action and the resources it is planned on. */
export interface PlannedAction {
  action: string;
  resources: readonly string[];
}

/** Actions in one call: IAM documents no limit, and answers of a few dozen come on one page. */
const BATCH = 20;

/** Asks IAM's own policy simulator. */
@Injectable()
export class PolicySimulationService {
  constructor(private readonly iam: IamApi) {}

  /** For each action, one ruling a resource. Throws `AwsError`. */
  async rulings(
    access: AwsAccess,
    principalArn: string,
    planned: readonly PlannedAction[],
    context: RequestContext,
  ): Promise<Ruling[][]> {
    const answers = new Map<string, Ruling>();
    for (const { actions, resources } of batches(planned)) {
      for (const answer of await this.iam.simulate(access, { principalArn, actions, resources, context }))
        answers.set(key(answer.action, answer.resource), toRuling(answer));
    }
    return planned.map(({ action, resources }) =>
      resources.map((resource) => answers.get(key(action, resource)) ?? UNANSWERED),
    );
  }
}

const UNANSWERED: Ruling = { decision: 'unknown', cause: null, detail: 'the simulation gave no answer for it' };

const key = (action: string, resource: string): string => `${action.toLowerCase()} ${resource}`;

/** Every action of a call is tried on every resource of it, so those on the same resources go together. */
export function batches(planned: readonly PlannedAction[]): { actions: string[]; resources: string[] }[] {
  const alike = Map.groupBy(planned, ({ resources }) => resources.join(' '));
  return [...alike.values()].flatMap((group) => {
    const actions = [...new Set(group.map(({ action }) => action))];
    const resources = group[0]!.resources.filter((resource) => resource !== '*');
    return Array.from({ length: Math.ceil(actions.length / BATCH) }, (_, i) => ({
      actions: actions.slice(i * BATCH, (i + 1) * BATCH),
      resources,
    }));
  });
}

/**
 * What an answer means for calls to come. The simulator takes keys it was not told of for absent; in the call they may be there. So
 * what was decided with such keys in play is conditional, except that nothing at all allows it: then it is missing.
 */
export function toRuling(answer: SimulatedAction): Ruling {
  const { decision, missingContext, decidedBy, allowedByBoundary, allowedByOrganization } = answer;
  const by = decidedBy.length > 0 ? ` by ${[...new Set(decidedBy)].join(', ')}` : '';
  const open = missingContext.length > 0 ? `, depending on ${missingContext.join(', ')}` : '';
  if (decision !== 'allowed' && !allowedByOrganization)
    return {
      decision: 'denied',
      cause: 'organization',
      detail: "a policy of the account's organization does not allow it",
    };
  if (decision === 'implicitDeny' && !allowedByBoundary)
    return { decision: 'denied', cause: 'boundary', detail: `the permissions boundary does not allow it${open}` };
  if (decision === 'implicitDeny')
    return { decision: 'denied', cause: 'no-allow', detail: `no policy allows it${open}` };
  const verb = decision === 'allowed' ? 'allowed' : 'denied';
  if (open !== '') return { decision: 'conditional', cause: null, detail: `${verb}${by}${open}` };
  if (decision === 'allowed') return { decision: 'allowed', cause: null, detail: `allowed${by}` };
  return { decision: 'denied', cause: 'explicit-deny', detail: `denied${by}` };
}
