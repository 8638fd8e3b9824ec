import type { CheckpointReport } from '../../protocol/agent-api.js';
import { CHECKPOINT_TRANSITIONS, type CheckpointStatus } from '../../protocol/checkpoint-state.js';
import type { HostFacts } from '../../protocol/host-facts.js';
import type { Checkpoint } from './checkpoint.entity.js';

/** What reports change of a checkpoint. */
export type ReportedCheckpoint = Pick<
  Checkpoint,
  | 'status'
  | 'containerId'
  | 'step'
  | 'failure'
  | 'storageId'
  | 'image'
  | 'sequence'
  | 'totalBytes'
  | 'hostFacts'
  | 'reportedAt'
  | 'startedAt'
  | 'finishedAt'
  | 'deletedAt'
>;

export const UNREPORTED: ReportedCheckpoint = {
  status: 'pending',
  containerId: null,
  step: null,
  failure: null,
  storageId: null,
  image: null,
  sequence: null,
  totalBytes: null,
  hostFacts: null,
  reportedAt: null,
  startedAt: null,
  finishedAt: null,
  deletedAt: null,
};

/**
 * A checkpoint with one more report of it. The order in which reports arrive, and how often, makes no difference: a status only
 * moves as the transition table allows, and what a report tells is kept whether or not it still moves the status.
 */
export function mergeCheckpoint(
  known: ReportedCheckpoint,
  report: CheckpointReport,
  at: Date,
  hostFacts: HostFacts,
): ReportedCheckpoint {
  const merged = { ...known, status: next(known.status, report.status) };
  // An image may be deleted by another host, from another container than the one it is of.
  if (report.status !== 'deleted') merged.containerId ??= report.containerId;
  if (report.status === 'running') {
    if (known.startedAt === null || at < known.startedAt) merged.startedAt = at;
    if (known.reportedAt === null || at >= known.reportedAt)
      Object.assign(merged, { step: report.step ?? null, reportedAt: at });
  }
  if (report.status === 'failed' && merged.image === null) {
    merged.failure = report.failure ?? { code: 'internal', message: 'The agent gave no reason.' };
    merged.finishedAt = at;
  }
  if (report.status === 'committed') {
    const image = report.image!;
    merged.failure = null;
    merged.finishedAt = at;
    merged.image = image;
    merged.storageId = image.storageId;
    merged.sequence = image.sequence;
    merged.totalBytes = image.totalBytes;
    merged.hostFacts = {
      ...hostFacts,
      architecture: image.architecture,
      kernel: image.kernel,
      cpu: { ...hostFacts.cpu, flags: image.cpuFlags },
      software: { ...hostFacts.software, criu: image.criuVersion, runc: image.runcVersion },
    };
  }
  if (report.status === 'deleted' && (known.deletedAt === null || at < known.deletedAt)) merged.deletedAt = at;
  if (merged.status !== 'running') merged.step = null;
  return merged;
}

function next(from: CheckpointStatus, to: CheckpointStatus): CheckpointStatus {
  return CHECKPOINT_TRANSITIONS[from].includes(to) ? to : from;
}
