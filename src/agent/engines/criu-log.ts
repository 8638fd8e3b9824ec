import { open } from 'node:fs/promises';
import { isMissing } from '../image-store/storage-failure.js';

/** Logged as errors but no reason for a failure: probes of what the kernel can do, and a limit CRIU can do without. */
const HARMLESS = /criu\/(kerndat|libnetlink|cgroup-props|apparmor|lsm)\.c|rlimit: Can't setup RLIMIT_NOFILE for self/;
const TAIL_BYTES = 256 * 1024;

/**
 * The line of CRIU's log that names the cause: the first error; those after it are its consequences. Without the time
 * stamp. undefined when there is none.
 */
export function rootLine(log: string): string | undefined {
  const errors = log.split('\n').filter((line) => line.includes('Error (') && !HARMLESS.test(line));
  return errors[0]?.replace(/^\(\d+\.\d+\)\s*/, '').trim();
}

/** {@link rootLine} of a log file; undefined when the file is not there. */
export async function rootLineOf(path: string): Promise<string | undefined> {
  const text = await tailOf(path);
  return text === null ? undefined : rootLine(text);
}

/** Errors stand at the end of a log that can be many MiB long. null when the file is not there. */
export async function tailOf(path: string): Promise<string | null> {
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const length = Math.min(size, TAIL_BYTES);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
