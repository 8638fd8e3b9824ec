/** Of a policy as AWS keeps it: every list may also be a single text. */
type OneOrMany = string | readonly string[];

/** One statement of an identity policy or permissions boundary. */
export interface PolicyStatement {
  Sid?: string;
  Effect: 'Allow' | 'Deny';
  Action?: OneOrMany;
  NotAction?: OneOrMany;
  Resource?: OneOrMany;
  NotResource?: OneOrMany;
  /** Operator -> key -> values. */
  Condition?: Record<string, Record<string, unknown>>;
}

export interface PolicyDocument {
  Version: string;
  Statement: readonly PolicyStatement[];
}

/** A document and where it was found, in words for people. */
export interface NamedPolicy {
  /** `managed policy arn:aws:iam::...`, `inline policy x of role y` ... */
  name: string;
  document: PolicyDocument;
}

/** Text that is not a policy. AWS keeps none such, so something else answered. */
export class PolicyDocumentError extends Error {}

/** Reads what IAM keeps as text; a single statement becomes a list of one. Throws {@link PolicyDocumentError}. */
export function parsePolicyDocument(text: string): PolicyDocument {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new PolicyDocumentError('it is not JSON');
  }
  if (!isObject(document)) throw new PolicyDocumentError('it is not an object');
  const statements: unknown[] = [document['Statement'] ?? []].flat();
  for (const statement of statements) {
    if (!isObject(statement) || (statement['Effect'] !== 'Allow' && statement['Effect'] !== 'Deny'))
      throw new PolicyDocumentError('a statement neither allows nor denies');
  }
  // Without a version AWS reads it as of 2008, which knows no policy variables.
  const version = typeof document['Version'] === 'string' ? document['Version'] : '2008-10-17';
  return { Version: version, Statement: statements as PolicyStatement[] };
}

/** One or many, as many. */
export function listed(value: OneOrMany | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
