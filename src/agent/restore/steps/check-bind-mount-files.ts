import { findBindMountFile } from '../bind-mount-file.js';
import type { RestoreStep } from '../restore-step.js';

/** Before anything is touched: are all files the job was writing on bind mounts here, and at least as long as then? */
export const checkBindMountFiles: RestoreStep = {
  name: 'check-bind-mount-files',
  async run({ image, bundle }) {
    for (const file of image.manifest.bindMountFiles) findBindMountFile(file, bundle.bindMounts);
  },
};
