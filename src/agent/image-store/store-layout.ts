import { createHash } from 'node:crypto';
import { join } from 'node:path';

/**
 * Names on the shared storage, the only thing that survives a host:
 *
 *   <mount>/batchpoint/store.json                                     marker: format and version
 *   <mount>/batchpoint/jobs/<job key>/<seq>-<checkpoint id>/          one committed image; its manifest.json lists the rest
 *   <mount>/batchpoint/jobs/<job key>/.staging-<checkpoint id>/       being written; never restored from
 *   <mount>/batchpoint/jobs/<job key>/.deleting-<name>/               being removed; never restored from
 *   <mount>/batchpoint/jobs/<job key>/owner.json, finished.json       who runs the job now; that it ended well
 *   <mount>/batchpoint/jobs/<job key> -> ../../<sub-path>/<job key>.checkpoints   of a job that names a sub-path
 *   <mount>/batchpoint/canaries/<nonce>/<host id>                     proof that hosts see the same storage
 */
export const STORE_DIRECTORY = 'batchpoint';
export const STORE_MARKER = 'store.json';
export const MANIFEST_FILE = 'manifest.json';
export const MANIFEST_DIGEST_FILE = 'manifest.json.sha256';
export const CRIU_DIRECTORY = 'criu';
export const LAYER_FILE = 'layer.tar';
/** Written into a staging directory so that a host can tell its own leftovers from another's work in progress. */
export const STAGING_HOST_FILE = '.host';

/**
 * Makes a job's directory outside the store unmistakable: it is removed as a whole when the job is done, and users name
 * directories of their own by job ids too.
 */
const LINKED_SUFFIX = '.checkpoints';
const STAGING_PREFIX = '.staging-';
const DELETING_PREFIX = '.deleting-';
const SEQUENCE_DIGITS = 8;

export function storeRoot(mountPath: string): string {
  return join(mountPath, STORE_DIRECTORY);
}

/** The job's directory name: its id where that is a safe file name (AWS Batch's always is), else a digest of it. */
export function jobKey(jobId: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/.test(jobId)
    ? jobId
    : `x-${createHash('sha256').update(jobId).digest('hex')}`;
}

export function jobsDirectory(root: string): string {
  return join(root, 'jobs');
}

export function jobDirectory(root: string, jobId: string): string {
  return join(jobsDirectory(root), jobKey(jobId));
}

/** Where the job's directory is when the job names a sub-path, relative to the mount path. */
export function linkedDirectory(subpath: string, jobId: string): string {
  return `${subpath}/${jobKey(jobId)}${LINKED_SUFFIX}`;
}

/** Relative, because each host may mount the storage elsewhere. */
export function jobLink(subpath: string, jobId: string): string {
  return `../../${linkedDirectory(subpath, jobId)}`;
}

/** The sub-path that a link made by {@link jobLink} names; null for any other. */
export function parseJobLink(link: string, jobId: string): string | null {
  const subpath = link.slice('../../'.length, -linkedDirectory('', jobId).length);
  return link === jobLink(subpath, jobId) && !`/${subpath}/`.includes('/../') ? subpath : null;
}

export function canariesDirectory(root: string): string {
  return join(root, 'canaries');
}

export function imageName(sequence: number, checkpointId: string): string {
  return `${String(sequence).padStart(SEQUENCE_DIGITS, '0')}-${checkpointId}`;
}

/** Only a name made by {@link imageName} is an image; anything else in a job's directory is not. */
export function parseImageName(name: string): { sequence: number; checkpointId: string } | null {
  const match = new RegExp(`^(\\d{${SEQUENCE_DIGITS},})-(.+)$`).exec(name);
  return match === null ? null : { sequence: Number(match[1]), checkpointId: match[2]! };
}

export function stagingName(checkpointId: string): string {
  return STAGING_PREFIX + checkpointId;
}

/** The checkpoint id of a staging directory's name, or null. */
export function parseStagingName(name: string): string | null {
  return name.startsWith(STAGING_PREFIX) ? name.slice(STAGING_PREFIX.length) : null;
}

export function deletingName(name: string): string {
  return DELETING_PREFIX + name;
}

export function isDeletingName(name: string): boolean {
  return name.startsWith(DELETING_PREFIX);
}
