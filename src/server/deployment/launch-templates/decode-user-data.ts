import { gunzipSync } from 'node:zlib';
import { USER_DATA_LIMIT_BYTES } from '../user-data/merge-user-data.js';
import { UserDataError } from '../user-data/mime.js';

/** Far above what 16 KiB of text pack into. */
const UNPACKED_LIMIT_BYTES = 64 * USER_DATA_LIMIT_BYTES;

/** A launch template's user data as the text it is, secrets and all; cloud-init takes it packed with gzip, too. Throws {@link UserDataError}. */
export function decodeForMerge(base64: string | null): string | null {
  if (base64 === null || base64 === '') return null;
  const bytes = Buffer.from(base64, 'base64');
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString('utf8');
  try {
    return gunzipSync(bytes, { maxOutputLength: UNPACKED_LIMIT_BYTES }).toString('utf8');
  } catch (error) {
    throw new UserDataError(`it begins as a gzip archive does and cannot be unpacked (${(error as Error).message})`);
  }
}
