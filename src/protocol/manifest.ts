import { z } from 'zod';
import { CHECKPOINT_TRIGGERS } from './checkpoint-state.js';
import { FULL_IMAGE_RULE, gpuSchema, isFullImage } from './gpu.js';
import { hostFactsSchema } from './host-facts.js';

/**
 * The manifest of one checkpoint image: an open, versioned JSON document, described for other programs in
 * `docs/manifest.md`. It stands beside the files it describes and is written last; `manifest.json.sha256`
 * (sha256sum format) guards the manifest itself.
 */
export const MANIFEST_FORMAT = 'batchpoint.checkpoint';
export const MANIFEST_VERSION = 1;

const xxh128 = z.string().regex(/^[0-9a-f]{32}$/);
const size = z.number().int().nonnegative();
const seconds = z.number().nonnegative();

export const manifestSchema = z
  .object({
    format: z.literal(MANIFEST_FORMAT),
    version: z.literal(MANIFEST_VERSION),
    checkpointId: z.string(),
    /** Rises by one with each committed checkpoint of the job, over all hosts. */
    sequence: z.number().int().positive(),
    /** The checkpoint this one's pages refer to; null for a full image, which one with the memory of a GPU always is. */
    parentId: z.string().nullable(),
    /** The checkpoint this container was itself restored from; null in a first attempt. */
    restoredFrom: z.string().nullable(),
    createdAt: z.iso.datetime(),
    trigger: z.enum(CHECKPOINT_TRIGGERS),
    job: z.object({
      /** AWS Batch's own id (`AWS_BATCH_JOB_ID`). */
      jobId: z.string(),
      attempt: z.number().int().nullable(),
      jobQueue: z.string().nullable(),
      computeEnvironment: z.string().nullable(),
    }),
    host: hostFactsSchema.extend({ hostId: z.string() }),
    container: z.object({
      containerId: z.string(),
      /** `id` is the image's content digest: the same id is the same image on every host. */
      image: z.object({ name: z.string(), id: z.string() }),
      command: z.array(z.string()),
      tty: z.boolean(),
      networkMode: z.string(),
      /** Mount set of the container, in order of destination: it must be the same at restore. */
      mounts: z.array(
        z.object({ destination: z.string(), source: z.string(), type: z.string(), readOnly: z.boolean() }),
      ),
      /** Docker's own description (`Config`, `HostConfig`), enough to create the container again. */
      docker: z.object({ config: z.record(z.string(), z.unknown()), hostConfig: z.record(z.string(), z.unknown()) }),
    }),
    /** Local addresses of the established TCP connections in the image; empty when there were none. */
    tcpLocalAddresses: z.array(z.string()),
    /** Whether one of them leads out of the container. Not in images of before this was noted. */
    tcpPeersOutside: z.boolean().default(false),
    residentBytes: size,
    /** GPUs the job was given, whose memory is in the image; empty or absent: none. */
    gpus: z.array(gpuSchema).optional(),
    /** The container's writable layer as a tar of the overlay's upper directory; null when policy leaves it out. */
    writableLayer: z.object({ file: z.string(), bytes: size }).nullable(),
    /** Files on bind mounts the job had open for writing, with their length at the moment of the image. */
    bindMountFiles: z.array(z.object({ destination: z.string(), path: z.string(), bytes: size })),
    /** Every file of the image but the manifest itself; paths relative to the image directory. */
    files: z.array(z.object({ path: z.string(), bytes: size, xxh128 })),
    totalBytes: size,
    measured: z.object({ freezeSeconds: seconds, dumpSeconds: seconds, totalSeconds: seconds }),
  })
  .refine(isFullImage, FULL_IMAGE_RULE);
export type Manifest = z.infer<typeof manifestSchema>;

export class ManifestError extends Error {
  constructor(readonly reason: string) {
    super(`unreadable checkpoint manifest: ${reason}`);
    this.name = 'ManifestError';
  }
}

/** Throws {@link ManifestError}: not JSON, another format, a newer version, or a field missing or of the wrong type. */
export function parseManifest(text: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new ManifestError('not JSON');
  }
  const head = z.object({ format: z.string(), version: z.number() }).safeParse(json);
  if (!head.success || head.data.format !== MANIFEST_FORMAT)
    throw new ManifestError(`"format" is not ${MANIFEST_FORMAT}`);
  if (head.data.version !== MANIFEST_VERSION) {
    throw new ManifestError(
      `version ${head.data.version} (this program reads ${MANIFEST_VERSION}); upgrade batchpoint on this host`,
    );
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new ManifestError(`${issue.path.join('.') || '(top)'}: ${issue.message}`);
}
