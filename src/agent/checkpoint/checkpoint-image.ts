import { relative } from 'node:path';
import type { CheckpointImage } from '../../protocol/agent-api.js';
import type { ImageStore } from '../image-store/image-store.js';
import type { ReadableImage } from '../image-store/stored-image.js';

/** What the server is told of a committed image. */
export function toCheckpointImage(place: ReadableImage, store: ImageStore, storageId: string): CheckpointImage {
  const { manifest } = place;
  return {
    sequence: manifest.sequence,
    parentId: manifest.parentId,
    storageId,
    path: relative(store.location.mountPath, place.directory),
    totalBytes: manifest.totalBytes,
    residentBytes: manifest.residentBytes,
    writableLayerBytes: manifest.writableLayer?.bytes ?? null,
    ...(manifest.gpus === undefined ? {} : { gpus: manifest.gpus }),
    architecture: manifest.host.architecture,
    cpuFlags: manifest.host.cpu.flags,
    kernel: manifest.host.kernel,
    criuVersion: manifest.host.software.criu,
    runcVersion: manifest.host.software.runc,
    containerImage: manifest.container.image.name,
    containerImageId: manifest.container.image.id,
    ...manifest.measured,
  };
}
