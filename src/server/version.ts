import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

let known: string | undefined;

/** The package's version, from the `package.json` nearest above: the same file from the source tree and from the build. */
export function version(): string {
  return (known ??= read());
}

function read(): string {
  for (let directory = import.meta.dirname; ; directory = dirname(directory)) {
    const file = join(directory, 'package.json');
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
    if (directory === dirname(directory)) return '0.0.0';
  }
}
