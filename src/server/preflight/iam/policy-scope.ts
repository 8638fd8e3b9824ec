/**
 * To what a policy is narrowed. Any text goes, `${AWS::Region}` of a template too; `*` is what is not known. A name may be given
 * more than once: the policy then names each.
 */
export interface PolicyScope {
  partition: string;
  region: string;
  accountId: string;
  names: Partial<Record<ScopeName, readonly string[]>>;
}

/** Names that narrow a resource. */
export const SCOPE_NAMES = [
  'bucket',
  'fileSystemId',
  'cacheName',
  'launchTemplateId',
  'computeEnvironmentName',
  'queueName',
  'roleName',
] as const;
export type ScopeName = (typeof SCOPE_NAMES)[number];

export const ANYWHERE: PolicyScope = { partition: 'aws', region: '*', accountId: '*', names: {} };

/** In which partition a region is: its names begin with it. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** The ARNs a template of `functionality-actions.ts` stands for: one for each value of its name. */
export function resourcesIn(template: string, { partition, region, accountId, names }: PolicyScope): string[] {
  const place = template
    .replace('{partition}', () => partition)
    .replace('{region}', () => region)
    .replace('{account}', () => accountId);
  const name = SCOPE_NAMES.find((each) => place.includes(`{${each}}`));
  if (name === undefined) return [place];
  const values = names[name]?.length ? names[name] : ['*'];
  return values.map((value) => place.replace(`{${name}}`, () => value));
}
