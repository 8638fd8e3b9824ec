import type { RestoreReport } from '../../protocol/agent-api.js';
import { RESTORE_TRANSITIONS } from '../../protocol/checkpoint-state.js';
import type { Restore } from './restore.entity.js';

/** What reports change of a restore. */
export type ReportedRestore = Pick<
  Restore,
  | 'status'
  | 'containerId'
  | 'step'
  | 'failure'
  | 'restoreSeconds'
  | 'verifySeconds'
  | 'reportedAt'
  | 'startedAt'
  | 'finishedAt'
>;

export const UNREPORTED: ReportedRestore = {
  status: 'pending',
  containerId: null,
  step: null,
  failure: null,
  restoreSeconds: null,
  verifySeconds: null,
  reportedAt: null,
  startedAt: null,
  finishedAt: null,
};

/** A restore with one more report of it; the order in which reports arrive, and how often, makes no difference. */
export function mergeRestore(known: ReportedRestore, report: RestoreReport, at: Date): ReportedRestore {
  const moves = RESTORE_TRANSITIONS[known.status].includes(report.status);
  const merged = { ...known, status: moves ? report.status : known.status };
  merged.containerId ??= report.containerId;
  if (report.status === 'running') {
    if (known.startedAt === null || at < known.startedAt) merged.startedAt = at;
    if (known.reportedAt === null || at >= known.reportedAt)
      Object.assign(merged, { step: report.step ?? null, reportedAt: at });
  } else if (moves) {
    merged.finishedAt = at;
    merged.failure =
      report.status === 'failed'
        ? (report.failure ?? { code: 'internal', message: 'The agent gave no reason.' })
        : null;
    merged.restoreSeconds = report.restoreSeconds ?? null;
    merged.verifySeconds = report.verifySeconds ?? null;
  }
  if (merged.status !== 'running') merged.step = null;
  return merged;
}
