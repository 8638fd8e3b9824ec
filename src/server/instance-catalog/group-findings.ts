import { type Finding, list } from '../common/finding.js';
import type { Catalogue } from './catalogue.js';
import { architecturesAmong, describeGpu, gpusAmong, type InstanceType } from './instance-type.js';

/** What a compatibility group is to the rules. */
export interface Group {
  id: string;
  name: string;
  instanceTypes: readonly string[];
}

export const GROUP_FINDING_CODES = [
  'unknown-instance-type',
  'mixed-architectures',
  'mixed-gpu-models',
  'several-compatibility-groups',
  'no-compatibility-group',
] as const;
export type GroupFinding = Finding<(typeof GROUP_FINDING_CODES)[number]>;

/**
 * Do the types that an environment may launch form one compatibility group? Types, families (`m6i`) and Batch's own words (`optimal`,
 * `default_x86_64`, `default_arm64`) are looked up in the catalogue. Empty: they do, or there is nothing to mix.
 */
export function groupFindings(
  instanceTypes: readonly string[],
  groups: readonly Group[],
  catalogue: Catalogue,
): GroupFinding[] {
  const { types, unknown } = catalogue.expand(instanceTypes);
  const found: GroupFinding[] = [];
  if (unknown.length > 0) found.push(unknownTypes(unknown));
  const architectures = architecturesAmong(types);
  if (architectures.length > 1) found.push(mixedArchitectures(types, architectures));
  if (gpusAmong(types).length > 1) found.push(mixedGpus(types));
  // Types that differ this much are in different groups, which need not be said as well.
  if (found.length > (unknown.length > 0 ? 1 : 0) || types.length < 2) return found;
  const outside = outsideOfOneGroup(types, groups);
  return outside === undefined ? found : [...found, outside];
}

function unknownTypes(unknown: string[]): GroupFinding {
  const several = unknown.length > 1;
  return {
    severity: 'warning',
    code: 'unknown-instance-type',
    message: `${list(unknown)} ${several ? 'are no instance types or families' : 'is no instance type or family'} in the catalogue.`,
    why: 'AWS does not sell it, or not yet when the catalogue was read: nothing can be said of where its images restore.',
    remedy: 'Correct the name; GET /api/v1/instance-types lists what there is.',
  };
}

function mixedArchitectures(types: InstanceType[], architectures: string[]): GroupFinding {
  const each = architectures.map(
    (architecture) => `${architecture}: ${list(names(types.filter((type) => type.architecture === architecture)))}`,
  );
  return {
    severity: 'error',
    code: 'mixed-architectures',
    message: `The allowed instance types are of ${list(architectures)} (${each.join('; ')}).`,
    why: 'An image taken on one architecture never restores on another: a job retried there starts from the beginning.',
    remedy: 'Allow instance types of one architecture; use a second compute environment for the other.',
  };
}

function mixedGpus(types: InstanceType[]): GroupFinding {
  const each = [...Map.groupBy(types, (type) => describeGpu(type.gpu))].map(
    ([gpu, members]) => `${gpu}: ${list(names(members))}`,
  );
  return {
    severity: 'error',
    code: 'mixed-gpu-models',
    message: `The allowed instance types have different GPUs (${each.join('; ')}).`,
    why: 'GPU memory restores on the same model only: a job retried on another starts from the beginning.',
    remedy: 'Allow instance types with one GPU model; use a second compute environment for the others.',
  };
}

function outsideOfOneGroup(types: InstanceType[], groups: readonly Group[]): GroupFinding | undefined {
  const counted = groups.map((group) => {
    const members = new Set(group.instanceTypes);
    return { group, outside: types.filter((type) => !members.has(type.instanceType)) };
  });
  const [best] = counted.toSorted((a, b) => a.outside.length - b.outside.length);
  if (best !== undefined && best.outside.length === 0) return undefined;
  const grouped = new Set(groups.flatMap((group) => group.instanceTypes));
  const ungrouped = types.filter((type) => !grouped.has(type.instanceType));
  return ungrouped.length === 0 ? severalGroups(types, counted) : ungroupedTypes(types, ungrouped, best);
}

type Counted = { group: Group; outside: InstanceType[] };

function severalGroups(types: InstanceType[], counted: Counted[]): GroupFinding {
  const [best, ...others] = counted
    .filter(({ outside }) => outside.length < types.length)
    .toSorted((a, b) => a.outside.length - b.outside.length);
  return {
    severity: 'warning',
    code: 'several-compatibility-groups',
    message:
      `The allowed instance types are of several compatibility groups, ${list([best!, ...others].map(({ group }) => group.name))}; ` +
      `outside of ${best!.group.name}: ${list(names(best!.outside))}.`,
    why: WHY,
    remedy: `Allow only types of one group, such as ${best!.group.name} (GET /api/v1/compatibility-groups/${best!.group.id}).`,
  };
}

function ungroupedTypes(types: InstanceType[], ungrouped: InstanceType[], best: Counted | undefined): GroupFinding {
  const families = new Set(types.map((type) => type.family));
  const none = best === undefined || best.outside.length === types.length;
  const what = none
    ? `None of the allowed instance types (${list(names(types))}) is in a compatibility group.`
    : `${list(names(ungrouped))} ${ungrouped.length > 1 ? 'are' : 'is'} in no compatibility group; most of the others are of ${best.group.name}.`;
  return {
    // Sizes of one family mostly have one processor; of several, mostly not.
    severity: none && families.size === 1 ? 'info' : 'warning',
    code: 'no-compatibility-group',
    message: what,
    why: WHY,
    remedy: none
      ? 'Allow types of one group (GET /api/v1/compatibility-groups), or, once hosts of these types have restored from each other, make them one: POST /api/v1/compatibility-groups.'
      : `Allow only types of ${best.group.name}, or make a group of your own: POST /api/v1/compatibility-groups.`,
  };
}

const WHY =
  'Their processors may differ, and a job that used a feature of one cannot restore on a processor without it: it starts from the beginning.';

function names(types: readonly InstanceType[]): string[] {
  return types.map((type) => type.instanceType);
}
