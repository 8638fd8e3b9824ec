import { USER_DATA_MARKER } from '../../compute-environments/user-data-marker.js';
import { type MimePart, parseUserData, renderUserData } from './mime.js';

/** EC2: 16 KB before it is encoded in base64 (docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html). */
export const USER_DATA_LIMIT_BYTES = 16 * 1024;

/** Of any version, so that a later release replaces what an earlier one made. */
const MARKED = new RegExp(`^${USER_DATA_MARKER.replace(/\d+$/, '\\d+')}$`, 'm');

/**
 * The user's own parts, untouched and in their order, and ours: where ours were before, otherwise behind theirs. Throws
 * `UserDataError` when `existing` cannot be taken apart.
 */
export function mergeUserData(existing: string | null, ours: readonly MimePart[]): string {
  const parts = parseUserData(existing ?? '');
  const isOurs = ({ body }: MimePart): boolean => MARKED.test(body);
  const at = parts.findIndex(isOurs);
  const theirs = parts.filter((part) => !isOurs(part));
  const before = at < 0 ? theirs.length : at;
  return renderUserData([...theirs.slice(0, before), ...ours, ...theirs.slice(before)]);
}
