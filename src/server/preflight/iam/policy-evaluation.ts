import { conditionHolds, type RequestContext, type Tristate, unknownKeys } from './policy-condition.js';
import { listed, type NamedPolicy, type PolicyDocument, type PolicyStatement } from './policy-document.js';
import { arnParts, covers, overlaps, parsePattern, type Pattern } from './policy-pattern.js';
import type { Ruling } from './ruling.js';

/** All policies that decide what a principal may do, as far as IAM shows them: SCPs and session policies it does not. */
export interface PrincipalPolicies {
  /** Attached, inline, and of groups. */
  identity: readonly NamedPolicy[];
  /** null: none is set. */
  boundary: NamedPolicy | null;
}

/** One call that is to be made: `ec2:DeleteVolume` of `arn:aws:ec2:us-east-1:123456789012:volume/*`, say. */
export interface PlannedCall {
  action: string;
  /** An ARN; with wildcards, all that fit are meant; `*`: the action takes no resource. */
  resource: string;
  context: RequestContext;
}

/**
 * What the policies make of a call, by the rules of "Policy evaluation logic" in the IAM user guide: an explicit deny wins, then
 * some statement must allow it, and the boundary must too. What depends on conditions that cannot be known beforehand, or
 * holds for some of the resources only, is `conditional`.
 */
export function evaluate({ identity, boundary }: PrincipalPolicies, call: PlannedCall): Ruling {
  const byIdentity = ruling(identity, call, 'policy');
  if (boundary === null) return byIdentity;
  const byBoundary = ruling([boundary], call, 'boundary');
  if (byIdentity.cause === 'explicit-deny') return byIdentity;
  if (byBoundary.cause === 'explicit-deny') return byBoundary;
  if (byIdentity.decision === 'denied') return byIdentity;
  if (byBoundary.decision === 'denied')
    return {
      decision: 'denied',
      cause: 'boundary',
      detail: `the permissions boundary (${boundary.name}) does not allow it`,
    };
  return byIdentity.decision === 'conditional' ? byIdentity : byBoundary;
}

function ruling(policies: readonly NamedPolicy[], call: PlannedCall, of: 'policy' | 'boundary'): Ruling {
  const found = policies
    .flatMap(({ name, document }) =>
      document.Statement.map((statement) => ({
        allows: statement.Effect === 'Allow',
        ...applies(statement, document, call),
        where: `${of === 'boundary' ? 'permissions boundary, ' : ''}${name}${statement.Sid ? `, statement ${statement.Sid}` : ''}`,
      })),
    )
    .filter(({ match }) => match !== 'no');

  const deny = found.find(({ allows, match }) => !allows && match === 'yes');
  if (deny) return { decision: 'denied', cause: 'explicit-deny', detail: `denied by ${deny.where}` };
  const mayDeny = found.find(({ allows }) => !allows);
  const allow = found.find(({ allows, match }) => allows && match === 'yes');
  if (allow && !mayDeny) return { decision: 'allowed', cause: null, detail: `allowed by ${allow.where}` };
  const mayAllow = allow ?? found.find(({ allows }) => allows);
  if (mayAllow === undefined) return { decision: 'denied', cause: 'no-allow', detail: 'no policy allows it' };
  const decisive = allow ? mayDeny! : mayAllow;
  return {
    decision: 'conditional',
    cause: null,
    detail: `${allow ? 'may be denied' : 'allowed'} by ${decisive.where}, ${decisive.proviso}`,
  };
}

/** Does a statement speak of the call? `proviso`: what an `unknown` depends on. */
function applies(
  statement: PolicyStatement,
  { Version }: PolicyDocument,
  { action, resource, context }: PlannedCall,
): { match: Tristate; proviso: string } {
  if (!namesAction(statement, action)) return { match: 'no', proviso: '' };
  const onResource = namesResource(statement, resource, Version === '2012-10-17' ? context : new Map());
  const condition = conditionHolds(statement.Condition, context);
  if (onResource === 'no' || condition === 'no') return { match: 'no', proviso: '' };
  if (onResource === 'yes' && condition === 'yes') return { match: 'yes', proviso: '' };
  const keys = unknownKeys(statement.Condition, context);
  const provisos = [
    ...(onResource === 'unknown' ? ['for some resources only'] : []),
    ...(condition === 'unknown'
      ? [
          `on a condition that only the call itself decides${keys.length > 0 ? ` (${[...new Set(keys)].join(', ')})` : ''}`,
        ]
      : []),
  ];
  return { match: 'unknown', proviso: provisos.join(' and ') };
}

/** Actions are compared without regard to case. */
function namesAction({ Action, NotAction }: PolicyStatement, action: string): boolean {
  const asked = parsePattern(action.toLowerCase());
  const named = (list: readonly string[]): boolean =>
    list.some((each) => covers(parsePattern(each.toLowerCase()), asked));
  return NotAction === undefined ? named(listed(Action)) : !named(listed(NotAction));
}

/** `unknown`: some of the resources asked for. */
function namesResource(
  { Resource, NotResource }: PolicyStatement,
  resource: string,
  context: RequestContext,
): Tristate {
  const valueOf = (variable: string): string | undefined => {
    const values = context.get(variable.toLowerCase());
    return values?.length === 1 ? values[0] : undefined;
  };
  const asked = resource === '*' ? { tokens: ['*'], certain: true } : parsePattern(resource);
  const match = listed(NotResource ?? Resource).map((each) => relation(parsePattern(each, valueOf), asked));
  const named = match.includes('yes') ? 'yes' : match.includes('unknown') ? 'unknown' : 'no';
  if (NotResource === undefined) return named;
  return named === 'yes' ? 'no' : named === 'no' ? 'yes' : 'unknown';
}

/** Wildcards reach no further than their part of an ARN, as in IAM; what has no parts is compared as a whole. */
function relation(pattern: Pattern, asked: Pattern): Tristate {
  const [own, other] = [arnParts(pattern), arnParts(asked)];
  const pairs = own && other ? own.map((part, i) => [part, other[i]!] as const) : [[pattern, asked] as const];
  if (!pairs.every(([one, two]) => overlaps(one, two))) return 'no';
  return pattern.certain && pairs.every(([one, two]) => covers(one, two)) ? 'yes' : 'unknown';
}
