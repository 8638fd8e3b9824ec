import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { embeddedFile } from './embedded-files.js';

/** The version in this package's package.json, from the sources, from `dist` and from the self-contained executable alike. */
export function productVersion(): string {
  const embedded = embeddedFile('package.json');
  if (embedded !== null) return (JSON.parse(embedded) as { version: string }).version;
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (existsSync(path)) return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  }
  return 'unknown';
}
