import { readFileSync } from 'node:fs';
import type { InstanceGpu, InstanceType } from './instance-type.js';

/**
 * The instance types as EC2 described them when this release was made: what the catalogue holds until AWS was asked. Made by
 * `npm run instance-types` (scripts/instance-type-snapshot.js).
 */
export interface InstanceTypeSnapshot {
  /** Where it comes from, in words. */
  source: string;
  asOf: Date;
  types: InstanceType[];
}

/** One type a row: size after the family's dot, vCPUs, MiB of memory, letters of {@link FLAGS}, index into `gpus` or null. */
export type SnapshotRow = [size: string, vcpus: number, memoryMiB: number, flags: string, gpu: number | null];
export interface SnapshotFile {
  source: string;
  asOf: string;
  gpus: InstanceGpu[];
  families: Record<string, SnapshotRow[]>;
}

/** `a`: aarch64 (else x86_64), `c`: current generation, `s`: sold as Spot, `m`: bare metal. */
const FLAGS = { arm: 'a', current: 'c', spot: 's', metal: 'm' };
const MIB = 1024 ** 2;
const FILE = new URL('snapshot/instance-types.json', import.meta.url);

export function readSnapshot(): InstanceTypeSnapshot {
  const { source, asOf, gpus, families } = JSON.parse(readFileSync(FILE, 'utf8')) as SnapshotFile;
  const types = Object.entries(families).flatMap(([family, rows]) =>
    rows.map(([size, vcpus, memoryMiB, flags, gpu]): InstanceType => {
      const has = (flag: string): boolean => flags.includes(flag);
      return {
        instanceType: `${family}.${size}`,
        family,
        architecture: has(FLAGS.arm) ? 'aarch64' : 'x86_64',
        vcpus,
        memoryBytes: memoryMiB * MIB,
        gpu: gpu === null ? null : gpus[gpu]!,
        currentGeneration: has(FLAGS.current),
        spot: has(FLAGS.spot),
        bareMetal: has(FLAGS.metal),
      };
    }),
  );
  return { source, asOf: new Date(asOf), types };
}

/** The text of the file: one type a line, so that a change of AWS's shows as a change of lines. */
export function writeSnapshot(source: string, asOf: string, types: readonly InstanceType[]): string {
  const gpus: string[] = [];
  const indexOf = (gpu: InstanceGpu): number => {
    const text = JSON.stringify(gpu);
    return gpus.includes(text) ? gpus.indexOf(text) : gpus.push(text) - 1;
  };
  const sorted = types.toSorted((a, b) =>
    a.family === b.family ? a.vcpus - b.vcpus || compare(a.instanceType, b.instanceType) : compare(a.family, b.family),
  );
  const families = [...Map.groupBy(sorted, (type) => type.family)].map(([family, members]) => {
    const rows = members.map((type) => {
      const flags =
        (type.architecture === 'aarch64' ? FLAGS.arm : '') +
        (type.currentGeneration ? FLAGS.current : '') +
        (type.spot ? FLAGS.spot : '') +
        (type.bareMetal ? FLAGS.metal : '');
      const size = type.instanceType.slice(family.length + 1);
      const row: SnapshotRow = [size, type.vcpus, type.memoryBytes / MIB, flags, type.gpu && indexOf(type.gpu)];
      return JSON.stringify(row);
    });
    return `${JSON.stringify(family)}:[\n${rows.join(',\n')}]`;
  });
  return `{"source":${JSON.stringify(source)},\n"asOf":${JSON.stringify(asOf)},\n"gpus":[\n${gpus.join(',\n')}],\n"families":{\n${families.join(',\n')}}}\n`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
