import type { CheckpointImage } from '../../protocol/agent-api.js';
import type { CheckpointTrigger } from '../../protocol/checkpoint-state.js';
import type { Failure } from '../../protocol/failure.js';
import type { Gpu } from '../../protocol/gpu.js';
import type { HostFacts } from '../../protocol/host-facts.js';
import type { Policy } from '../../protocol/policy.js';
import type { FreezeGuard } from '../engines/freeze-guard.js';
import type { Freezer } from '../engines/freezer.js';
import type { ProcessFacts } from '../engines/process-facts.js';
import type { Runc } from '../engines/runc.js';
import type { ToolProcess } from '../engines/tool-process.js';
import type { SealedFile } from '../image-store/file-digests.js';
import type { ImageStore, ManifestDraft, Staging } from '../image-store/image-store.js';
import type { CheckpointJournal } from './checkpoint-journal.js';
import type { ContainerDescription, ContainerSource } from './container-description.js';

export interface CheckpointRequest {
  checkpointId: string;
  jobId: string;
  containerId: string;
  trigger: CheckpointTrigger;
  /** The one in force for this job, after its own variables. */
  policy: Policy;
  storageId: string;
  store: ImageStore;
  /** Checkpoints that pruning leaves; absent: none. */
  pinned?: ReadonlySet<string>;
}

export interface CheckpointDependencies {
  /** The agent's; journals and logs go to `checkpoints/` in it. */
  stateDir: string;
  runc: Runc;
  containers: ContainerSource;
  hostFacts(): Promise<HostFacts>;
}

/** What the steps of one checkpoint hand on to each other. Each field names the step that sets it. */
export interface CheckpointContext {
  readonly request: CheckpointRequest;
  readonly deps: CheckpointDependencies;
  readonly journal: CheckpointJournal;
  /** `performance.now()` at the trigger. */
  readonly startedAt: number;
  /** ISO time of the trigger. */
  readonly createdAt: string;
  /** Aborted when a step that runs beside others fails. */
  readonly abandoned: AbortController;
  /** What did not go right but does not spoil the image. */
  readonly warnings: Failure[];
  /** Set by inspect. */
  inspected?: {
    description: ContainerDescription;
    runcRoot: string;
    freezer: Freezer;
    host: HostFacts;
    processes: ProcessFacts[];
    residentBytes: number;
    /** Those the job was started with, whose memory goes into the image. */
    gpus: Gpu[];
    /** null when policy leaves the writable layer out. */
    upperDir: string | null;
  };
  /** Set by freeze, field by field. */
  staging?: Staging;
  guard?: FreezeGuard;
  dumpTool?: ToolProcess;
  layerTool?: ToolProcess;
  frozenAt?: number;
  /** Set by observe. */
  observed?: Pick<ManifestDraft, 'tcpLocalAddresses' | 'tcpPeersOutside' | 'bindMountFiles'>;
  /** Set by dump. */
  dumpSeconds?: number;
  /** Set by capture-layer. */
  writableLayer?: ManifestDraft['writableLayer'];
  /** Set by thaw. */
  freezeSeconds?: number;
  /** Set by seal. */
  files?: SealedFile[];
  /** Set by commit. */
  image?: CheckpointImage;
  /** Set by prune: ids of the checkpoints removed. */
  pruned?: string[];
}

/** A field that an earlier step has set. */
export function settled<K extends keyof CheckpointContext>(
  context: CheckpointContext,
  field: K,
): NonNullable<CheckpointContext[K]> {
  const value = context[field];
  if (value === undefined || value === null) throw new Error(`no step has set ${field} yet`);
  return value;
}
