import { realpath } from 'node:fs/promises';
import type { HostFinding } from '../../protocol/host-facts.js';
import { fileSystemOf } from '../image-store/storage-mount.js';
import { LocalState } from '../local-state.js';
import { error, ok, type HostExamination } from './finding.js';

/** Where job definitions and scripts written for MMBatch expect the checkpoint storage. */
const COMPATIBILITY_PATH = '/mmc-checkpoint';

/**
 * Whoever writes to that directory expects it to be the shared storage. One that leads to this host's own disk takes what is
 * written there with it. Not there: nobody expects it.
 */
export async function checkCompatibilityPath(
  { stateDir }: HostExamination,
  path = COMPATIBILITY_PATH,
): Promise<HostFinding[]> {
  const fileSystem = await fileSystemOf(path);
  const mountPath = (await LocalState.readConfig(stateDir))?.storage?.mountPath;
  if (fileSystem === null || mountPath === undefined) return [];
  const [real, storage] = [await realpath(path), await realpath(mountPath).catch(() => mountPath)];
  if (real === storage || real.startsWith(`${storage}/`))
    return [ok('mmc-checkpoint', `${path} leads to the checkpoint storage at ${mountPath}`)];
  return [
    error(
      'mmc-checkpoint',
      `${path}${real === path ? '' : ` (a link to ${real})`} lies on ${fileSystem.source} (${fileSystem.type}), not on the checkpoint storage at ${mountPath}`,
      `what is written there is lost with this host: move it to ${mountPath}, remove ${path}, and set compatibilityLink in the storage's settings so that its mount script makes the link`,
    ),
  ];
}
