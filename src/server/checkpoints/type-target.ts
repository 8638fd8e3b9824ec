import { type ImageNeeds, incompatibilities } from '../../protocol/compatibility.js';
import type { HostFacts } from '../../protocol/host-facts.js';
import type { InstanceType } from '../instance-catalog/instance-type.js';
import type { RestoreObstacle } from './restore-obstacles.js';

/** What a judgement of an instance type rests on. */
export const TARGET_BASES = ['measured', 'group', 'unknown'] as const;

/** Whether an image can restore on hosts of a type. */
export interface TypeTarget {
  instanceType: string;
  basis: (typeof TARGET_BASES)[number];
  /** null: nothing is known against it, and nothing for it. */
  suitable: boolean | null;
  /** All reasons why not. */
  obstacles: RestoreObstacle[];
}

/**
 * `measured`: facts of hosts of this type, the one heard of last first. They decide; while there are none the compatibility group
 * is the prior (`sharesGroup`: the image's host is of a type in the same group), and the catalogue tells architecture, GPU and memory.
 */
export function typeTarget(
  image: ImageNeeds,
  type: InstanceType,
  measured: readonly HostFacts[],
  sharesGroup: boolean,
): TypeTarget {
  const basis = measured.length > 0 ? 'measured' : sharesGroup ? 'group' : 'unknown';
  const facts = measured.length > 0 ? commonFacts(image, type, measured) : expectedFacts(image, type);
  const obstacles = incompatibilities(image, facts, type.instanceType);
  const suitable = obstacles.length > 0 ? false : basis === 'unknown' ? null : true;
  return { instanceType: type.instanceType, basis, suitable, obstacles };
}

/**
 * What any host of the type can be relied on to have: the CPU features that all had, since AWS sells one type with several
 * processors, and the software of the one heard of last, since hosts are replaced when the AMI is.
 */
function commonFacts(image: ImageNeeds, type: InstanceType, [newest, ...others]: readonly HostFacts[]): HostFacts {
  const flags = newest!.cpu.flags.filter((flag) => others.every((facts) => facts.cpu.flags.includes(flag)));
  const xsaves = [newest!, ...others].map((facts) => facts.cpu.xsaveBytes).filter((bytes) => bytes !== null);
  const cpu = { ...newest!.cpu, flags, xsaveBytes: xsaves.length === 0 ? null : Math.min(...xsaves) };
  // An agent that did not look for GPUs says nothing against what the catalogue says.
  const looked = newest!.gpus !== undefined;
  const expected = expectedFacts(image, type);
  const { gpus, nvidiaDriver } = looked ? newest! : expected;
  return { ...newest!, cpu, gpus, nvidiaDriver };
}

/** A host of the type as the catalogue describes it, as like the image's in all else as it can be. */
function expectedFacts({ host }: ImageNeeds, { architecture, memoryBytes, gpu }: InstanceType): HostFacts {
  const gpus = gpu === null ? [] : Array.from({ length: gpu.count }, () => ({ ...gpu }));
  return { ...host, architecture, memoryBytes, gpus };
}
