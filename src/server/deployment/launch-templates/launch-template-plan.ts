import { unifiedDiff } from '../text-diff.js';

/** A launch template as an environment names it, and the version that stands for. */
export interface NamedLaunchTemplate {
  id: string;
  name: string;
  /** A number, `$Latest` or `$Default`. */
  named: string;
  versionNumber: number;
  /** Decoded. */
  userData: string | null;
}

/** What a new version changes, as operations show it. No secret is in it. */
export interface LaunchTemplateChange extends Record<string, unknown> {
  launchTemplateId: string;
  launchTemplateName: string;
  /** The version the new one is made from; all but its user data stays. */
  sourceVersion: number;
  /** What the environment names; `after` null until the version has its number. */
  environmentVersion: { before: string; after: string | null };
  /** What of the launch template and the environment changes. */
  changedFields: string[];
  userDataBytes: number;
  /** Lines that change and no others, join tokens left out. */
  userDataDiff: string;
  message: string;
}

/** What the environment is to name, once the new version is `number`. */
export function versionToName(named: string, number: number): string {
  return named.startsWith('$') ? named : String(number);
}

export function describeChange(template: NamedLaunchTemplate, userData: string): LaunchTemplateChange {
  const { id, name, named, versionNumber } = template;
  return {
    launchTemplateId: id,
    launchTemplateName: name,
    sourceVersion: versionNumber,
    environmentVersion: { before: named, after: named.startsWith('$') ? named : null },
    changedFields: [
      'launchTemplate.userData',
      ...(named === '$Default' ? ['launchTemplate.defaultVersion'] : []),
      ...(named.startsWith('$') ? [] : ['computeEnvironment.launchTemplate.version']),
    ],
    userDataBytes: Buffer.byteLength(userData),
    userDataDiff: unifiedDiff(withoutTokens(template.userData ?? ''), withoutTokens(userData), {
      before: `${name} version ${versionNumber}`,
      after: `${name} new version`,
    }),
    message: explain(named),
  };
}

function explain(named: string): string {
  if (named === '$Default')
    return 'The environment names $Default: the new version is made the default one. AWS Batch looks anew at what $Default stands for with its next infrastructure update of the environment; instances it has already started stay as they are.';
  if (named === '$Latest')
    return 'The environment names $Latest, which the new version is. AWS Batch looks anew at what $Latest stands for with its next infrastructure update of the environment; instances it has already started stay as they are.';
  return 'The environment is pointed at the new version: AWS Batch replaces its instances by its own update policy.';
}

/** A join token is worth something to whoever reads it. */
function withoutTokens(text: string): string {
  return text.replaceAll(/\bbpj_[\w*-]+/g, 'bpj_...');
}
