/** A figure of someone else's, with where and when it was read. */
interface Sourced {
  source: string | null;
  /** Day on which it was looked up. */
  asOf: string | null;
  /** Why there is no figure, or what it is without. */
  note: string | null;
}

/** The most that all hosts together can write, before anything else is the limit. */
export interface ThroughputCeiling extends Sourced {
  writeMibPerSecond: number | null;
  readMibPerSecond: number | null;
}

/** List price of keeping one GiB for a month, before taxes, requests and transfers. */
export interface StorageCost extends Sourced {
  /** Decimal text, such as `0.30`. */
  perGibMonth: string | null;
  currency: string;
  /** For which region the price holds. */
  region: string | null;
}

export interface StorageEconomics {
  throughput: ThroughputCeiling;
  cost: StorageCost;
}

/** What AWS said of the storage when it was last asked; null where it was not, or where it does not apply. */
export interface StorageFacts {
  checkedAt: string;
  /** EFS: `bursting`, `provisioned` or `elastic`. */
  throughputMode?: string | null;
  provisionedMibPerSecond?: number | null;
  /** Of a One Zone file system of EFS. */
  availabilityZone?: string | null;
  /** FSx for Lustre. */
  deploymentType?: string | null;
  storageType?: string | null;
  capacityGib?: number | null;
  perUnitMbPerSecondPerTib?: number | null;
}

export const unknownThroughput = (note: string): ThroughputCeiling => ({
  writeMibPerSecond: null,
  readMibPerSecond: null,
  source: null,
  asOf: null,
  note,
});

export const unknownCost = (note: string, source: string | null = null): StorageCost => ({
  perGibMonth: null,
  currency: 'USD',
  region: null,
  source,
  asOf: null,
  note,
});

/** The region whose list prices are kept here; others are not far from them, and their source has them. */
const PRICED_REGION = 'us-east-1';

/** A list price of that region, for a storage there or one whose region is not known; null: none is kept. What AWS calls a GB is 2^30 bytes. */
export function listPrice(
  region: string | null,
  perGibMonth: string | null,
  { source, asOf, note }: { source: string; asOf: string; note: string },
): StorageCost {
  if (region !== null && region !== PRICED_REGION)
    return unknownCost(`No list price for ${region} is kept here; see the source.`, source);
  if (perGibMonth === null) return unknownCost('No list price of this kind is kept here; see the source.', source);
  return { perGibMonth, currency: 'USD', region: PRICED_REGION, source, asOf, note };
}
