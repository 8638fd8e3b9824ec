import type { AwsAccess } from '../../aws/aws-access.js';
import type { SettingsProblem } from '../storage-driver.js';
import type { StorageFacts } from '../storage-economics.js';
import type { StorageFinding } from '../storage-finding.js';
import type { StorageKind } from '../storage-kind.js';

/** Where hosts are that are to use a storage. */
export interface HostsNetwork {
  /** How the hosts' account is asked about its subnets and security groups. */
  access: AwsAccess;
  subnets: { id: string; vpcId: string; availabilityZone: string }[];
  securityGroupIds: string[];
}

export interface StorageInspection {
  /** The setting that names something AWS does not have; null: all of it is there. */
  missing: SettingsProblem | null;
  facts: Omit<StorageFacts, 'checkedAt'> | null;
  /** What is wrong with what is there. Empty where something is missing. */
  findings: StorageFinding[];
}

/**
 * What AWS is asked about storages of one kind. Settings are complete and without problems. Throws `AwsError` when AWS cannot
 * be asked; what it says is in the answer.
 */
export interface StorageCheck<P extends object = object> {
  readonly kind: StorageKind;
  /** The storage by itself. */
  inspect(settings: P, access: AwsAccess): Promise<StorageInspection>;
  /** Whether hosts there reach it. Nothing is said where the storage is missing: `inspect` does. */
  reachability(settings: P, access: AwsAccess, hosts: HostsNetwork): Promise<StorageFinding[]>;
}
