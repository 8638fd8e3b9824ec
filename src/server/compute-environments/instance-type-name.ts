/**
 * What an EC2 instance type's name tells. Source: "Amazon EC2 instance type naming conventions"
 * (docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html): series, generation, then options, of which `g` is
 * AWS Graviton (as in m7g, c6gn, x2gd, p6-gb200) and `a` AMD. A hint to be checked early; what decides is what hosts measure.
 */
export interface InstanceTypeName {
  /** `m6i` of `m6i.2xlarge`. */
  family: string;
  architecture: 'x86_64' | 'aarch64';
}

/** What AWS Batch takes in `instanceTypes`: a type, a family, or one of its own groups. */
export const INSTANCE_TYPE_PATTERN = /^(optimal|default_x86_64|default_arm64|[a-z]+\d+[a-z0-9-]*(\.[a-z0-9-]+)?)$/;

/** null for what names no type: `optimal` and the defaults are many families, all of one architecture. */
export function parseInstanceType(name: string): InstanceTypeName | null {
  const match = /^(([a-z]+)(\d+)([a-z0-9-]*))(\.[a-z0-9-]+)?$/.exec(name);
  if (match === null) return null;
  const [, family, series, , options] = match;
  const arm = series === 'a' || options!.includes('g');
  return { family: family!, architecture: arm ? 'aarch64' : 'x86_64' };
}

/** Is this type among the allowed ones? Families allow all their sizes; Batch's own groups are not spelled out here: they allow any. */
export function isAllowed(instanceType: string, allowed: readonly string[]): boolean {
  return allowed.some(
    (entry) => entry === instanceType || parseInstanceType(entry) === null || instanceType.startsWith(`${entry}.`),
  );
}
