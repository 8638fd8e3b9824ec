import type { AwsAccess } from '../aws/aws-access.js';
import type { Storage } from './storage.entity.js';

/** Where settings say AWS has the storage; null: they do not, and AWS is not asked. */
export function regionOf(settings: object): string | null {
  const { region } = settings as { region?: unknown };
  return typeof region === 'string' ? region : null;
}

/** How AWS is asked about a storage; null when it is not. */
export function storageAccessOf({
  publicSettings,
  roleArn,
  externalId,
}: Pick<Storage, 'publicSettings' | 'roleArn' | 'externalId'>): AwsAccess | null {
  const region = regionOf(publicSettings);
  return region === null ? null : { region, roleArn, externalId };
}
