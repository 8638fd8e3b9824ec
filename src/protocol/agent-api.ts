import type { CheckpointStatus, CheckpointTrigger, RestoreStatus } from './checkpoint-state.js';
import type { Failure } from './failure.js';
import type { Gpu } from './gpu.js';
import type { HostFacts, HostFinding } from './host-facts.js';
import type { Policy } from './policy.js';

/**
 * Server <-> agent messages. The agent always dials out. Every call but enrolment carries
 * `Authorization: Bearer <agent credential>` and, once a session is open, `Batchpoint-Session: <number>`.
 * A session number lower than the host's newest is a stale agent: 409 `stale-agent-session`, and that
 * process must stop acting on commands.
 */
export const AGENT_API = '/api/v1/agent';
export const SESSION_HEADER = 'batchpoint-session';

/** POST /agent/enrolments, authorised by the join token. 201. The same `machineId` enrols as the same host again. */
export interface EnrolmentRequest {
  /** Made once by the agent and kept in its state directory: what makes two agents on one machine two hosts. */
  machineId: string;
  facts: HostFacts;
  findings: HostFinding[];
}
export interface EnrolmentResponse {
  hostId: string;
  /** Shown once; valid for this host only; the one it replaces stops working. */
  credential: string;
}

/** POST /agent/sessions: once a process start. 201. */
export interface SessionRequest {
  facts: HostFacts;
  findings: HostFinding[];
}
export interface SessionResponse {
  session: number;
  config: AgentConfig;
}

/** What an agent must know to protect jobs without the server; kept on its disk. */
export interface AgentConfig {
  /** Changes whenever anything below does. */
  revision: string;
  hostId: string;
  heartbeatSeconds: number;
  /** Longest time the agent should hold its command poll open, seconds. */
  pollSeconds: number;
  computeEnvironment: { id: string; name: string } | null;
  storage: AgentStorage | null;
  policy: Policy;
  /** Checkpoints a user pinned: pruning, by count or at the job's end, leaves them. Absent: none. */
  pinnedCheckpoints?: string[];
}
export interface AgentStorage {
  id: string;
  kind: string;
  /** Where the storage is mounted on every host. */
  mountPath: string;
  /** File-system types (`/proc/mounts`) that prove the right thing is mounted; empty: any, and no mount point is required. */
  fileSystemTypes: string[];
}

/** POST /agent/heartbeats. 200. Repeats are harmless. */
export interface HeartbeatRequest {
  /** null until the agent has a storage. */
  storage: StorageHealth | null;
  runningJobs: number;
  /** Reports waiting on the agent's disk. */
  unsentReports: number;
  findings: HostFinding[];
}
export interface StorageHealth {
  storageId: string;
  ready: boolean;
  /** Why not. */
  reason: string | null;
  freeBytes: number | null;
  totalBytes: number | null;
  /** What the mount path lies on, links followed; absent from older agents, null where it is not known. */
  fileSystem?: StorageFileSystem | null;
  /**
   * Hosts whose canary, written in the last minutes, was read here, at most {@link MOST_SEEN_HOSTS}, those with the smallest ids, this
   * one left out. On shared storage all hosts read the same ones.
   */
  seesHosts?: string[];
}
export interface StorageFileSystem {
  /** As in `/proc/mounts`. */
  type: string;
  /** Device or server. */
  source: string;
}
export const MOST_SEEN_HOSTS = 16;
export interface HeartbeatResponse {
  /** Present when the agent's `revision` (header `If-None-Match`) is no longer current. */
  config: AgentConfig | null;
}

/**
 * GET /agent/commands?wait=25s. 200 with what is due, oldest first; empty on time-out.
 * Delivered at least once: whatever has no result yet is delivered again to the newest session. The agent
 * acts once: it journals a command's id before acting and answers a repeat from the journal.
 */
export interface CommandList {
  items: Command[];
}
export type Command = { id: string; expiresAt: string } & CommandBody;
export type CommandBody =
  | { type: 'checkpoint'; checkpointId: string; jobId: string; containerId: string | null }
  | { type: 'restore'; restoreId: string; checkpointId: string; jobId: string }
  | { type: 'verify-checkpoint'; checkpointId: string; jobId: string }
  | { type: 'delete-checkpoint'; checkpointId: string; jobId: string }
  | { type: 'verify-storage'; storageId: string; nonce: string };
export type CommandType = CommandBody['type'];

/** PUT /agent/commands/{id}/result. 204; the same again is 204 too. */
export type CommandResult = { status: 'succeeded'; output: CommandOutput } | { status: 'failed'; failure: Failure };
/** Per type; checkpoint and restore carry their outcome in reports, so theirs is empty. */
export interface CommandOutput {
  /** verify-checkpoint, verify-storage: what was read back. */
  bytesRead?: number;
  /** verify-storage: hosts whose canary (written with the same nonce) was read here. */
  canariesSeen?: string[];
  seconds?: number;
}

/** POST /agent/reports. 200. In order, at least once; the server drops ids it has seen. At most 200 a call. */
export interface ReportBatch {
  items: Report[];
}
export interface ReportResult {
  accepted: number;
  duplicates: number;
  /** Reports that can never be taken (malformed, or about another host's things), by id. The agent logs and drops them. */
  rejected: { id: string; detail: string }[];
}
export type Report = { id: string; at: string } & ReportBody;
export type ReportBody = ContainerReport | CheckpointReport | RestoreReport | JobEventReport;

export const CONTAINER_STATUSES = ['created', 'running', 'exited', 'lost'] as const;
/** A job's container as seen on this host. */
export interface ContainerReport {
  type: 'container';
  jobId: string;
  attempt: number | null;
  jobQueue: string | null;
  computeEnvironment: string | null;
  containerId: string;
  containerName: string;
  image: string;
  /** Of all its layers unpacked, as Docker counts it; absent: not known, as when the image is gone. */
  imageBytes?: number;
  command: string[];
  status: (typeof CONTAINER_STATUSES)[number];
  exitCode: number | null;
  startedAt: string | null;
  finishedAt: string | null;
  /** May be checkpointed, and if not, why. */
  protected: boolean;
  unprotectedReason: Failure | null;
  /** The policy in force for this job, after its own variables. */
  policy: Policy;
}

export interface CheckpointReport {
  type: 'checkpoint';
  checkpointId: string;
  jobId: string;
  containerId: string;
  trigger: CheckpointTrigger;
  status: Extract<CheckpointStatus, 'running' | 'committed' | 'failed' | 'deleted'>;
  /** While running: the pipeline step. */
  step?: string;
  failure?: Failure;
  /** When committed. */
  image?: CheckpointImage;
}
export interface CheckpointImage {
  sequence: number;
  parentId: string | null;
  storageId: string;
  /** Relative to the storage's mount path. */
  path: string;
  totalBytes: number;
  residentBytes: number;
  writableLayerBytes: number | null;
  /** GPUs the job was given, whose memory is in the image; absent: none. */
  gpus?: Gpu[];
  architecture: string;
  cpuFlags: string[];
  kernel: string;
  criuVersion: string | null;
  runcVersion: string | null;
  containerImage: string;
  containerImageId: string;
  freezeSeconds: number;
  dumpSeconds: number;
  totalSeconds: number;
}

export interface RestoreReport {
  type: 'restore';
  restoreId: string;
  jobId: string;
  checkpointId: string;
  containerId: string;
  status: Exclude<RestoreStatus, 'pending'>;
  step?: string;
  failure?: Failure;
  /** When succeeded. */
  restoreSeconds?: number;
  verifySeconds?: number;
}

/** Something worth a line in the job's history that is not a change of the things above. */
export interface JobEventReport {
  type: 'job-event';
  jobId: string;
  containerId: string | null;
  event: JobEventType;
  message: string;
  failure?: Failure;
}
export const JOB_EVENT_TYPES = [
  'job-created',
  'job-running',
  'job-checkpointing',
  'job-checkpoint-succeeded',
  'job-checkpoint-failed',
  'job-restoring',
  'job-restore-succeeded',
  'job-restore-failed',
  'job-started-fresh',
  'job-policy-ignored',
  'job-succeeded',
  'job-failed',
  'job-lost',
  'job-retried',
  'spot-interruption-warning',
  'rebalance-recommendation',
] as const;
export type JobEventType = (typeof JOB_EVENT_TYPES)[number];
