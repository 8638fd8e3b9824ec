import { normalize } from 'node:path';
import { FailureError } from '../../../protocol/failure.js';
import type { Manifest } from '../../../protocol/manifest.js';
import type { BindMount } from '../bundle.js';
import type { RestoreStep } from '../restore-step.js';

/** The new container must stand on the same image and have the same mounts; CRIU maps files and mounts by path. */
export const checkContainer: RestoreStep = {
  name: 'check-container',
  async run({ image, bundle }) {
    const then = image.manifest.container;
    const imageId = bundle.dockerImageId();
    if (imageId !== null && imageId !== then.image.id) {
      throw new FailureError({
        code: 'container-image-mismatch',
        message: `the checkpoint is of image ${then.image.name} (${then.image.id}), the container's image is ${imageId}`,
        remedy: 'name the image by digest in the job definition, so that every attempt gets the same one',
      });
    }
    const differences = mountDifferences(then.mounts, bundle.bindMounts);
    if (differences.length > 0) {
      throw new FailureError({
        code: 'mounts-mismatch',
        message: `the container's mounts are not those of the checkpoint: ${differences.join('; ')}`,
        remedy: 'start the job with the same volumes and mount points as when the checkpoint was made',
      });
    }
  },
};

/**
 * Sources may differ (each host's volumes have their own place); what must be alike is what the job sees. Mounts of
 * type tmpfs travel inside the image and are checked by CRIU.
 */
export function mountDifferences(then: Manifest['container']['mounts'], now: readonly BindMount[]): string[] {
  const key = (mount: { destination: string; readOnly: boolean }): string =>
    `${normalize(`${mount.destination}/`)} ${mount.readOnly ? 'read-only' : 'writable'}`;
  const before = new Set(then.filter(({ type }) => type === 'bind' || type === 'volume').map(key));
  const present = new Set(now.map(key));
  return [
    ...[...before].filter((mount) => !present.has(mount)).map((mount) => `missing: ${mount}`),
    ...[...present].filter((mount) => !before.has(mount)).map((mount) => `new: ${mount}`),
  ];
}
