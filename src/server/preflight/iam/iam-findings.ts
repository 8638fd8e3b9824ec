import { bySeverity, type Finding, type FindingSeverity } from '../../common/finding.js';
import type { Functionality } from './functionality.js';
import type { IamActionReport, IamFindingCode, IamReport } from './iam-report.js';
import type { Ruling } from './ruling.js';

type Judged = Pick<IamReport, 'principalArn' | 'functionalities' | 'actions' | 'method' | 'methodReason'>;

interface Kind {
  code: IamFindingCode;
  severity: FindingSeverity;
  of: (ruling: Ruling) => boolean;
  /** "`dashboard` lacks ..." */
  verb: string;
  remedy: (principal: string, functionality: Functionality) => string;
}

const KINDS: readonly Kind[] = [
  {
    code: 'iam-action-missing',
    severity: 'error',
    of: ({ cause }) => cause === 'no-allow',
    verb: 'lacks',
    remedy: (principal, functionality) =>
      `Attach the report's missingPolicy to ${principal}, or what GET /api/v1/preflights/iam-policy?functionality=${functionality} gives.`,
  },
  {
    code: 'iam-action-denied',
    severity: 'error',
    of: ({ cause }) => cause === 'explicit-deny',
    verb: 'is denied',
    remedy: (principal) =>
      `No allow outweighs a deny: take ${principal} out of the statement that denies, or the actions.`,
  },
  {
    code: 'iam-boundary',
    severity: 'error',
    of: ({ cause }) => cause === 'boundary',
    verb: 'is not let through by the permissions boundary:',
    remedy: (principal) => `Allow the actions in the permissions boundary of ${principal} too.`,
  },
  {
    code: 'iam-organization',
    severity: 'error',
    of: ({ cause }) => cause === 'organization',
    verb: "is not let through by the organization's policies:",
    remedy: () =>
      "Have the organization's administrators allow the actions in the service control policies of this account.",
  },
  {
    code: 'iam-conditional',
    severity: 'warning',
    of: ({ decision }) => decision === 'conditional',
    verb: 'has on conditions only',
    remedy: (principal, functionality) =>
      `Make sure the conditions hold whenever the server calls, or allow the actions without: GET /api/v1/preflights/iam-policy?functionality=${functionality} has the policy for ${principal}.`,
  },
  {
    code: 'iam-cannot-tell',
    severity: 'error',
    of: ({ decision }) => decision === 'unknown',
    verb: 'may or may not have',
    remedy: () => 'Start the preflight again.',
  },
];

/** What to say of a report's actions: one finding for each functionality and cause, naming every action. */
export function iamFindings({
  principalArn,
  functionalities,
  actions,
  method,
  methodReason,
}: Judged): Finding<IamFindingCode>[] {
  if (method === 'none') return [cannotTell(principalArn, methodReason ?? '')];
  const found = functionalities.flatMap((functionality) => {
    const needed = actions.filter((each) => each.functionalities.includes(functionality));
    return KINDS.flatMap((kind) => {
      const hit = needed.filter(kind.of);
      return hit.length === 0 ? [] : [toFinding(kind, functionality, hit, principalArn)];
    });
  });
  if (method === 'root') found.push(rootUser(principalArn));
  if (method === 'policies') found.push(organizationUnread(methodReason ?? ''));
  return bySeverity(found);
}

function toFinding(
  { code, severity, verb, remedy }: Kind,
  functionality: Functionality,
  hit: readonly IamActionReport[],
  principal: string,
): Finding<IamFindingCode> {
  const named = hit.map(({ action, detail }) => `${action} (${detail})`).join(', ');
  return {
    severity,
    code,
    message: `${functionality} ${verb} ${named}.`,
    why: `Without ${hit.length === 1 ? 'it' : 'them'} the server cannot ${hit.map(({ why }) => why).join('; ')}.`,
    remedy: remedy(principal, functionality),
  };
}

function cannotTell(principal: string, reason: string): Finding<IamFindingCode> {
  return {
    severity: 'error',
    code: 'iam-cannot-tell',
    message: `What ${principal} may do cannot be told: ${reason}.`,
    why: 'A permission that is missing shows only when it is needed.',
    remedy:
      'Allow the server iam:SimulatePrincipalPolicy and iam:GetRole (GET /api/v1/preflights/iam-policy?functionality=iam-simulation), ' +
      'or else to read the policies (functionality=iam-policies), then start the preflight again.',
  };
}

function organizationUnread(reason: string): Finding<IamFindingCode> {
  return {
    severity: 'info',
    code: 'iam-organization-unread',
    message: `The policies were read and evaluated here, since ${reason}. Service control policies of an organization, session policies and policies of the resources themselves cannot be read.`,
    why: 'They may deny what is reported as allowed.',
    remedy:
      'Allow the server iam:SimulatePrincipalPolicy, by which AWS itself takes service control policies into account.',
  };
}

function rootUser(principal: string): Finding<IamFindingCode> {
  return {
    severity: 'warning',
    code: 'iam-root-user',
    message: `The server calls AWS as the account's root user (${principal}), who may do everything.`,
    why: 'Whoever gets hold of these credentials has the whole account.',
    remedy: "Give the server a role with the report's policy.",
  };
}
