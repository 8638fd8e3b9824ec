import { join } from 'node:path';
import { FailureError } from '../../../protocol/failure.js';
import { runTool } from '../../engines/tool-process.js';
import { findOverlay, mountOverlay, putUpperBack, setUpperAside, unmountOverlay } from '../overlay-swap.js';
import type { RestoreStep } from '../restore-step.js';

/** Puts the image's upper directory in place of the container's new one (docs/decisions/0001). */
export const applyWritableLayer: RestoreStep = {
  name: 'apply-writable-layer',
  async run({ image, bundle, journal, deadline }) {
    const layer = image.manifest.writableLayer;
    if (layer === null) return;
    const overlay = findOverlay(bundle.rootPath);
    if (overlay === null) {
      throw failed(`${bundle.rootPath} is not an overlay mount`, "use Docker's overlay2 storage driver on this host");
    }
    await journal.record({ layer: overlay });
    try {
      await unmountOverlay(overlay);
    } catch (error) {
      await journal.record({ layer: null });
      throw failed(
        `the container's root could not be unmounted: ${words(error)}`,
        'find what uses it with `fuser -vm`',
        error,
      );
    }
    setUpperAside(overlay);
    await extract(join(image.directory, layer.file), overlay.upperDir, deadline.remainingMs);
    try {
      await mountOverlay(overlay);
    } catch (error) {
      throw failed(
        `the container's root could not be mounted again: ${words(error)}`,
        'see the kernel log (dmesg)',
        error,
      );
    }
  },

  async undo({ journal }) {
    const { layer } = journal.changes;
    if (layer !== null) await putUpperBack(layer);
  },
};

/** Whiteouts, extended attributes, owners by number, hard links and holes: exactly what was captured. */
async function extract(archive: string, into: string, limitMs: number): Promise<void> {
  const args = ['--extract', `--file=${archive}`, `--directory=${into}`];
  args.push('--xattrs', '--xattrs-include=*', '--numeric-owner', '--same-permissions');
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' };
  const { code, signal, output } = await runTool({ command: 'tar', args, env }, limitMs);
  if (code === 0) return;
  const logLine = output.split('\n')[0];
  throw new FailureError({
    code: 'layer-apply-failed',
    message: `tar could not extract the writable layer (${code ?? signal})`,
    remedy: "check free space and inodes of Docker's data directory",
    ...(logLine ? { logLine } : {}),
  });
}

function failed(message: string, remedy: string, cause?: unknown): FailureError {
  return new FailureError({ code: 'layer-apply-failed', message, remedy }, { cause });
}

function words(error: unknown): string {
  const stderr = (error as { stderr?: string }).stderr?.trim();
  return stderr || (error instanceof Error ? error.message : String(error));
}
