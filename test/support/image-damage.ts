import { createHash } from 'node:crypto';
import { openSync, readFileSync, readSync, writeFileSync, writeSync, closeSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { xxhash128 } from 'hash-wasm';
import type { Manifest } from '../../src/protocol/manifest.js';

/** Changes one byte in the middle of a file, as a failing disk does. */
export function flipByte(path: string): void {
  const file = openSync(path, 'r+');
  const at = Math.floor(statSync(path).size / 2);
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  byte[0]! ^= 0xff;
  writeSync(file, byte, 0, 1, at);
  closeSync(file);
}

/** Rewrites an image's manifest; digests are made to fit whatever its files hold now, so that only the change tells. */
export async function reseal(directory: string, change: (manifest: Manifest) => void = () => undefined): Promise<void> {
  const manifest = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')) as Manifest;
  for (const file of manifest.files) {
    const content = readFileSync(join(directory, file.path));
    file.bytes = content.length;
    file.xxh128 = await xxhash128(content);
  }
  change(manifest);
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  writeFileSync(join(directory, 'manifest.json'), text);
  writeFileSync(
    join(directory, 'manifest.json.sha256'),
    `${createHash('sha256').update(text).digest('hex')}  manifest.json\n`,
  );
}
