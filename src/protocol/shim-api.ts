/**
 * Shim <-> agent. They meet on the host's disk, in the agent's state directory, not over a socket: a job must
 * restore while the agent is down, restarting or wedged, so nothing on the path of `create` may need a daemon
 * (docs/decisions/0003-shim-without-a-daemon.md).
 *
 *   <state>/bin/batchpoint-runc        the shim (POSIX sh), what Docker calls
 *   <state>/bin/batchpoint-runc.conf   KEY='value' lines the shim sources: see RUNTIME_CONF_KEYS
 *   <state>/agent.json                 the last AgentConfig, read by the restore program
 *   <state>/containers/<id>            one line: the `--root` runc was called with. Written by the shim on create of a
 *                                      job's container, removed on delete. Its presence means: runs under Batchpoint
 *   <state>/restoring/<id>             what a restore has changed so far; gone when it succeeded or was undone
 *   <state>/held/<id>                  restored and frozen, waiting for `start`
 *   <state>/restored/<id>              RestoredMarker: which checkpoint the container was continued from
 *   <state>/pins/<job>                 RestorePin: the next create of this job restores from this checkpoint
 *   <state>/outbox/<report id>.json    one Report each; anyone on the host may add, the agent sends in order of name
 *   <state>/log/                       shim.log, restore.log, and restores/<restore id>/ with runc's and CRIU's logs
 */
export const RUNTIME_CONF_KEYS = [
  /** absolute path of the real runc */
  'BATCHPOINT_RUNC',
  /** absolute path of the node that runs the restore program */
  'BATCHPOINT_NODE',
  /** absolute path of dist/main.js; the same as the node: a self-contained executable that is both */
  'BATCHPOINT_MAIN',
  /** the state directory above */
  'BATCHPOINT_STATE',
  /** directory that holds `criu`, put first in PATH; may be empty */
  'BATCHPOINT_CRIU_DIR',
  /** the image store's root on the shared storage (`<mountPath>/batchpoint`); empty until the server named a storage */
  'BATCHPOINT_STORE',
  /** seconds the start of a job waits for the storage to be mounted, and for the server to name one; then it starts fresh */
  'BATCHPOINT_STORAGE_WAIT_SECONDS',
  /** seconds after which restoring is given up and the job starts fresh; ECS allows 180 for the whole start */
  'BATCHPOINT_RESTORE_LIMIT_SECONDS',
] as const;

export interface RestoredMarker {
  restoreId: string;
  checkpointId: string;
}

export interface RestorePin {
  restoreId: string;
  checkpointId: string;
}
