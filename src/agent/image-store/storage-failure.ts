import { FailureError, type Failure } from '../../protocol/failure.js';
import { formatBytes } from '../format-bytes.js';

const FULL = new Set(['ENOSPC', 'EDQUOT']);
/** The file system is not there any more: unmounted, its server gone, or its FUSE process dead. */
const GONE = new Set(['ENOTCONN', 'ESTALE', 'ENODEV', 'ENXIO', 'EHOSTDOWN', 'ESHUTDOWN']);

/** Not by `instanceof Error`: under Jest the file system's errors are of another realm. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

export function isMissing(error: unknown): boolean {
  return errorCode(error) === 'ENOENT';
}

/** What a failed call on the storage means, in words; a {@link FailureError} passes through. */
export function storageFailure(error: unknown, doing: string, path: string): FailureError {
  if (error instanceof FailureError) return error;
  const code = errorCode(error);
  const message = error instanceof Error ? error.message : String(error);
  if (code !== undefined && FULL.has(code)) return storageFull(`no space left while ${doing} (${message})`, error);
  const failure: Failure =
    code !== undefined && GONE.has(code)
      ? {
          code: 'storage-not-mounted',
          message: `the storage stopped answering while ${doing}: ${message}`,
          remedy: `mount the storage again and check that \`ls ${path}\` works on this host`,
        }
      : {
          code: 'storage-write-failed',
          message: `${doing} failed: ${message}`,
          remedy: `check the file system that holds ${path} (mount options, permissions, server) and this host's kernel log`,
        };
  return new FailureError(failure, { cause: error });
}

export function storageFull(message: string, cause?: unknown): FailureError {
  return new FailureError(
    {
      code: 'storage-full',
      message,
      remedy:
        'delete old checkpoints, lower `keep`, or enlarge the storage; the job runs on and the previous checkpoint stands',
    },
    { cause },
  );
}

export function freeSpaceWords(free: { freeBytes: number; totalBytes: number }): string {
  return `${formatBytes(free.freeBytes)} free of ${formatBytes(free.totalBytes)}`;
}

/** Runs one storage operation; whatever it throws comes out as a {@link FailureError}. */
export async function onStorage<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageFailure(error, doing, path);
  }
}
