import { z } from 'zod';
import { CONTAINER_STATUSES, JOB_EVENT_TYPES, type Report } from '../../protocol/agent-api.js';
import { CHECKPOINT_TRIGGERS } from '../../protocol/checkpoint-state.js';
import { FAILURE_CODES } from '../../protocol/failure.js';
import { FULL_IMAGE_RULE, gpuSchema, isFullImage } from '../../protocol/gpu.js';
import { FINDING_SEVERITIES } from '../../protocol/host-facts.js';
import { idPattern } from '../../protocol/ids.js';
import { CHECKPOINT_MODES } from '../../protocol/policy.js';

/** What fits an index row and a path segment. */
const name = z.string().min(1).max(255);
const text = z.string();
const time = z.iso.datetime({ offset: true });
const bytes = z.number().int().nonnegative();
const seconds = z.number().nonnegative();

export const failureSchema = z.object({
  code: z.enum(FAILURE_CODES),
  message: text,
  remedy: text.optional(),
  logLine: text.optional(),
  step: text.optional(),
});

export const findingSchema = z.object({
  check: name,
  severity: z.enum(FINDING_SEVERITIES),
  message: text,
  remedy: text.optional(),
});

const policySchema = z.object({
  mode: z.enum(CHECKPOINT_MODES),
  interval: name,
  keep: z.number().int(),
  timeout: name,
  writableLayer: z.boolean(),
  diagnosis: z.boolean(),
  failureRetention: name,
});

const imageSchema = z
  .object({
    sequence: z.number().int().positive(),
    parentId: text.nullable(),
    storageId: name,
    path: text,
    totalBytes: bytes,
    residentBytes: bytes,
    writableLayerBytes: bytes.nullable(),
    gpus: z.array(gpuSchema).optional(),
    architecture: name,
    cpuFlags: z.array(text),
    kernel: name,
    criuVersion: text.nullable(),
    runcVersion: text.nullable(),
    containerImage: text,
    containerImageId: text,
    freezeSeconds: seconds,
    dumpSeconds: seconds,
    totalSeconds: seconds,
  })
  .refine(isFullImage, FULL_IMAGE_RULE);

const envelope = { id: z.string().min(1).max(128), at: time, jobId: name };
const checkpointId = z.string().regex(new RegExp(idPattern('checkpoint')));

const containerReport = z.object({
  ...envelope,
  type: z.literal('container'),
  attempt: z.number().int().nullable(),
  jobQueue: name.nullable(),
  computeEnvironment: name.nullable(),
  containerId: name,
  containerName: text,
  image: text,
  imageBytes: bytes.optional(),
  command: z.array(text),
  status: z.enum(CONTAINER_STATUSES),
  exitCode: z.number().int().nullable(),
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
  protected: z.boolean(),
  unprotectedReason: failureSchema.nullable(),
  policy: policySchema,
});

const checkpointReport = z
  .object({
    ...envelope,
    type: z.literal('checkpoint'),
    checkpointId,
    containerId: name,
    trigger: z.enum(CHECKPOINT_TRIGGERS),
    status: z.enum(['running', 'committed', 'failed', 'deleted']),
    step: text.optional(),
    failure: failureSchema.optional(),
    image: imageSchema.optional(),
  })
  .refine((report) => report.status !== 'committed' || report.image !== undefined, {
    error: 'a committed checkpoint has an image',
    path: ['image'],
  });

const restoreReport = z.object({
  ...envelope,
  type: z.literal('restore'),
  restoreId: z.string().regex(new RegExp(idPattern('restore'))),
  checkpointId,
  containerId: name,
  status: z.enum(['running', 'succeeded', 'failed']),
  step: text.optional(),
  failure: failureSchema.optional(),
  restoreSeconds: seconds.optional(),
  verifySeconds: seconds.optional(),
});

const jobEventReport = z.object({
  ...envelope,
  type: z.literal('job-event'),
  containerId: name.nullable(),
  event: z.enum(JOB_EVENT_TYPES),
  message: text,
  failure: failureSchema.optional(),
});

export const reportSchema: z.ZodType<Report> = z.discriminatedUnion('type', [
  containerReport,
  checkpointReport,
  restoreReport,
  jobEventReport,
]);

/** Enough to name a report, be the rest of it as it may: what else is wrong is answered for it alone. */
export const reportEnvelopeSchema = z.array(z.looseObject({ id: envelope.id })).max(200);
