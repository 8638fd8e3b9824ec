import { getAsset, isSea } from 'node:sea';

/** Files that the self-contained executable carries (`scripts/packaging/executable.js` puts them in). */
export type EmbeddedFile = 'batchpoint-runc' | 'package.json';

/** Whether this program is the self-contained executable, which has no files beside it. */
export const isExecutable: boolean = isSea();

/** null when this program runs from files: then it is among them. */
export function embeddedFile(name: EmbeddedFile): string | null {
  return isExecutable ? getAsset(name, 'utf8') : null;
}
