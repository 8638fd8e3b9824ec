import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The directory of our package.json: the same whether this runs from `src` or from `dist/src`. */
export function packageRoot(): string {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory)
      throw new Error(`no package.json above ${import.meta.dirname}: this installation of batchpoint is incomplete`);
    directory = parent;
  }
  return directory;
}
