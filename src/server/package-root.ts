import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The directory of our `package.json`: the same from the source tree and from the build. Throws where there is none above. */
export function packageRoot(): string {
  for (let directory = import.meta.dirname; ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'package.json'))) return directory;
    if (directory === dirname(directory))
      throw new Error(`no package.json above ${import.meta.dirname}: this installation of batchpoint is incomplete`);
  }
}
