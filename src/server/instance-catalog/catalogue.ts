import type { InstanceType } from './instance-type.js';

/**
 * Families AWS Batch chooses from for its own words. Source: `instanceTypes` of ComputeResource, AWS Batch API reference
 * (docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html). `optimal` meant c4, m4, r4, c5, m5 and r5 before
 * 2025-11-01 and means the same as `default_x86_64` since.
 */
const BATCH_CHOICES: Readonly<Record<string, readonly string[]>> = {
  optimal: ['m6i', 'c6i', 'r6i', 'c7i'],
  default_x86_64: ['m6i', 'c6i', 'r6i', 'c7i'],
  default_arm64: ['m6g', 'c6g', 'r6g', 'c7g'],
};

/** The instance types known, in memory: what rules look things up in. */
export class Catalogue {
  private readonly byName: ReadonlyMap<string, InstanceType>;
  private readonly byFamily: ReadonlyMap<string, readonly InstanceType[]>;

  constructor(types: readonly InstanceType[]) {
    const smallestFirst = types.toSorted((a, b) => a.vcpus - b.vcpus || (a.instanceType < b.instanceType ? -1 : 1));
    this.byName = new Map(smallestFirst.map((type) => [type.instanceType, type]));
    this.byFamily = Map.groupBy(smallestFirst, (type) => type.family);
  }

  get(instanceType: string): InstanceType | undefined {
    return this.byName.get(instanceType);
  }

  /** Smallest first; empty for a family that does not exist. */
  family(name: string): readonly InstanceType[] {
    return this.byFamily.get(name) ?? [];
  }

  /**
   * The types an environment may launch by its list, each once, in the list's order; `unknown`: entries that name none. A family, and
   * Batch's own words, stand for all virtual sizes: bare metal is launched only where it is named.
   */
  expand(allowed: readonly string[]): { types: InstanceType[]; unknown: string[] } {
    const types = new Map<string, InstanceType>();
    const unknown: string[] = [];
    for (const entry of allowed) {
      const named = this.get(entry);
      const families = BATCH_CHOICES[entry] ?? [entry];
      const found = named ? [named] : families.flatMap((family) => this.family(family).filter((t) => !t.bareMetal));
      if (found.length === 0) unknown.push(entry);
      for (const type of found) types.set(type.instanceType, type);
    }
    return { types: [...types.values()], unknown };
  }
}
