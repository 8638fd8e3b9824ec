import type { HostFacts } from '../../protocol/host-facts.js';
import type { Runc } from '../engines/runc.js';
import type { ImageStore } from '../image-store/image-store.js';
import type { ReadableImage } from '../image-store/stored-image.js';
import type { Bundle } from './bundle.js';
import type { CreateCall } from './create-call.js';
import type { Deadline } from './deadline.js';
import type { RestoreJournal } from './restore-journal.js';
import type { RestoreLog } from './restore-log.js';
import type { RuntimeConf } from './runtime-conf.js';

/** What undoing needs: it must be possible from the disk alone, after this program was killed. */
export interface UndoContext {
  readonly conf: RuntimeConf;
  readonly call: CreateCall;
  readonly journal: RestoreJournal;
  readonly log: RestoreLog;
}

/** One try to continue a job from one image. */
export interface RestoreAttempt extends UndoContext {
  readonly restoreId: string;
  readonly jobId: string;
  readonly image: ReadableImage;
  readonly store: ImageStore;
  readonly bundle: Bundle;
  readonly runc: Runc;
  readonly deadline: Deadline;
  readonly hostFacts: () => Promise<HostFacts>;
  /** Directory of this try's logs. */
  readonly logDir: string;
  /** How long the steps took so far, seconds. */
  readonly seconds: { verify: number; restore: number };
}

export interface RestoreStep {
  readonly name: string;
  /** Throws FailureError to refuse the image. Records in the journal what it is about to change. */
  run(attempt: RestoreAttempt): Promise<void>;
  /** Puts back what `run` did, may have done, or half did. Steps are undone in reverse order; may be repeated. */
  undo?(context: UndoContext): Promise<void>;
}
