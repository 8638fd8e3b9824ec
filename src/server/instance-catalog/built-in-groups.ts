import type { Catalogue } from './catalogue.js';

/** Where a built-in group comes from. */
export interface GroupSource {
  document: string;
  section: string;
  /** The line, as it stands there. */
  listed: string;
  firstInstanceType: string;
  lastInstanceType: string;
  /** Of the two, those that the catalogue does not have: AWS does not sell them. */
  notSold: string[];
}

export interface BuiltInGroup {
  /** The same in every installation. */
  id: string;
  name: string;
  source: Omit<GroupSource, 'notSold'>;
}

const DOCUMENT = 'MMBatch, Prerequisites and Considerations';
const SECTION = 'AWS Approved CPU/GPU Matching Instance Types';
/** As the section lists them, in its order. */
const LISTED: readonly [first: string, last: string][] = [
  ['r5.large', 'r5.24xlarge'],
  ['r7i.large', 'r7i.24xlarge'],
  ['m5.large', 'm5.24xlarge'],
  ['m6i.large', 'm6i.32xlarge'],
  ['m7i.large', 'm7i.24xlarge'],
  ['c7i.large', 'c7i.24xlarge'],
  ['g4dn.2xlarge', 'g4dn.4xlarge'],
  ['g5.2xlarge', 'g5.4xlarge'],
  ['g6.2xlarge', 'g6.4xlarge'],
];

export const BUILT_IN_GROUPS: readonly BuiltInGroup[] = LISTED.map(([first, last], index) => ({
  id: `cgrp_00000000-0000-7000-8000-${String(index + 1).padStart(12, '0')}`,
  name: `${first}-${last}`,
  source: {
    document: DOCUMENT,
    section: SECTION,
    listed: `Group ${index + 1}: ${first} - ${last}`,
    firstInstanceType: first,
    lastInstanceType: last,
  },
}));

/**
 * The sizes of the family that AWS sells from the first named one to the last, by vCPUs, both included. Bare metal is none of them: it
 * shows programs more of the processor than a virtual instance does.
 */
export function membersOf({ source }: Pick<BuiltInGroup, 'source'>, catalogue: Catalogue): string[] {
  const { firstInstanceType: first, lastInstanceType: last } = source;
  const vcpus = (type: string): number => catalogue.get(type)?.vcpus ?? vcpusOfSize(type);
  const [from, to] = [vcpus(first), vcpus(last)];
  return catalogue
    .family(first.split('.')[0]!)
    .filter((type) => !type.bareMetal && type.vcpus >= from && type.vcpus <= to)
    .map((type) => type.instanceType);
}

export function notSold({ source }: Pick<BuiltInGroup, 'source'>, catalogue: Catalogue): string[] {
  return [source.firstInstanceType, source.lastInstanceType].filter((type) => catalogue.get(type) === undefined);
}

/** What a size has by its name, where AWS does not sell it: `large` 2, `xlarge` 4, `<n>xlarge` 4n (as in every family of the list). */
function vcpusOfSize(instanceType: string): number {
  const [, times, size] = /\.(\d*)(x?large)$/.exec(instanceType) ?? [];
  return size === 'large' ? 2 : 4 * Number(times === '' || times === undefined ? 1 : times);
}
