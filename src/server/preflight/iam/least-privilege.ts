import { FUNCTIONALITY_ACTIONS } from './functionality-actions.js';
import type { Functionality } from './functionality.js';
import { type PolicyScope, resourcesIn } from './policy-scope.js';

/** A policy document as this product writes it. */
export interface WrittenPolicy {
  Version: '2012-10-17';
  Statement: WrittenStatement[];
}
export interface WrittenStatement {
  Sid: string;
  Effect: 'Allow';
  Action: string[];
  Resource: string[] | '*';
}

/** Of a managed policy, in characters, white space not counted ("IAM and AWS STS quotas" in the IAM user guide). */
export const POLICY_LIMIT = 6_144;

/**
 * The policy that allows these functionalities and nothing else, or of them only the actions in `only`. Resources are as narrow as
 * AWS lets each action be, and as the scope says. Should the scope's names make it longer than a managed policy may be, `*` stands
 * for them.
 */
export function policyDocumentFor(
  functionalities: readonly Functionality[],
  scope: PolicyScope,
  only?: ReadonlySet<string>,
): WrittenPolicy {
  const policy = write(functionalities, scope, only);
  return policyLength(policy) <= POLICY_LIMIT ? policy : write(functionalities, { ...scope, names: {} }, only);
}

export function policyLength(policy: WrittenPolicy): number {
  return JSON.stringify(policy).length;
}

/** One statement for each functionality and set of resources; what an earlier one allows already is not repeated. */
function write(
  functionalities: readonly Functionality[],
  scope: PolicyScope,
  only?: ReadonlySet<string>,
): WrittenPolicy {
  const allowed = new Set<string>();
  const statements = new Map<string, WrittenStatement>();
  for (const functionality of new Set(functionalities)) {
    for (const { action, resources } of FUNCTIONALITY_ACTIONS[functionality]) {
      const arns = resources.flatMap((template) => resourcesIn(template, scope));
      const grant = `${action} ${arns.join(' ')}`;
      if (allowed.has(grant) || only?.has(action) === false) continue;
      allowed.add(grant);
      const key = `${functionality} ${arns.join(' ')}`;
      const statement = statements.get(key) ?? {
        Sid: sid(functionality, [...statements.keys()]),
        Effect: 'Allow',
        Action: [],
        Resource: arns.includes('*') ? '*' : arns,
      };
      statement.Action.push(action);
      statements.set(key, statement);
    }
  }
  return { Version: '2012-10-17', Statement: [...statements.values()] };
}

/** `AutoEbs`, `AutoEbs2` ...: unique in the document, letters and digits only. */
function sid(functionality: Functionality, before: readonly string[]): string {
  const number = before.filter((key) => key.startsWith(`${functionality} `)).length + 1;
  const name = functionality.replaceAll(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
  return number === 1 ? name : `${name}${number}`;
}
