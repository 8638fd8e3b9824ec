/** Whose permissions are looked at. */
export type IamPrincipal =
  | { kind: 'root'; accountId: string; arn: string }
  /** `arn` is null where only the name is known: a session of a role does not tell the role's path. */
  | { kind: 'role'; accountId: string; name: string; arn: string | null; partition: string }
  | { kind: 'user'; accountId: string; name: string; arn: string; partition: string }
  /** One whose policies IAM does not keep, such as a federated user. */
  | { kind: 'other'; accountId: string; arn: string };

/** What may be asked about: a role or user. */
export const PRINCIPAL_ARN_PATTERN =
  /^arn:aws[a-z-]*:(iam::\d{12}:(root|(user|role)\/[!-~]{1,512})|sts::\d{12}:assumed-role\/[\w+=,.@-]{1,64}\/[\w+=,.@-]{1,64})$/;

/** Reads the ARN of `sts:GetCallerIdentity`, or one that a user gave. */
export function parsePrincipal(arn: string): IamPrincipal {
  const [, partition = 'aws', service, , accountId = '', ...rest] = arn.split(':');
  const resource = rest.join(':');
  if (service === 'iam' && resource === 'root') return { kind: 'root', accountId, arn };
  const [type, ...path] = resource.split('/');
  if (service === 'sts' && type === 'assumed-role' && path.length > 1)
    return { kind: 'role', accountId, name: path[0]!, arn: null, partition };
  const name = path.at(-1);
  if (service === 'iam' && (type === 'role' || type === 'user') && name)
    return { kind: type, accountId, name, arn, partition };
  return { kind: 'other', accountId, arn };
}
