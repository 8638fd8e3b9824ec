import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A key for AES-256. `id` tells keys apart and gives nothing of the key away. */
export interface SecretKey {
  id: string;
  bytes: Buffer;
}

/** Says what is wrong with the file and how to make a good one. */
export class SecretKeyFileError extends Error {
  override readonly name = 'SecretKeyFileError';
}

const BYTES = 32;
const HOW = 'Make one with `openssl rand -base64 32`.';

/** One key a line, 32 bytes as base64 or hexadecimal: the first encrypts, all decrypt. Throws {@link SecretKeyFileError}. */
export function parseSecretKeys(text: string, source: string): SecretKey[] {
  const lines = text.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => parseKey(line, source));
  if (keys.length === 0) throw new SecretKeyFileError(`${source} holds no key. ${HOW}`);
  return keys;
}

export function readSecretKeys(path: string): SecretKey[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new SecretKeyFileError(`cannot read ${path}: ${(error as Error).message}`);
  }
  return parseSecretKeys(text, path);
}

/** The key file of a server with an embedded database, beside it: made once, for its owner only. */
export function ownSecretKeyFile(dataDir: string): string {
  const path = join(dataDir, 'secret-key');
  try {
    writeFileSync(path, `${randomBytes(BYTES).toString('base64')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    chmodSync(path, 0o600);
  }
  return path;
}

function parseKey(line: string, source: string): SecretKey {
  const bytes = /^[0-9a-f]{64}$/i.test(line)
    ? Buffer.from(line, 'hex')
    : /^[A-Za-z0-9+/_-]{43}=?$/.test(line)
      ? Buffer.from(line, 'base64')
      : Buffer.alloc(0);
  if (bytes.length !== BYTES)
    throw new SecretKeyFileError(
      `${source} holds a line that is not a key of 32 bytes in base64 or hexadecimal. ${HOW}`,
    );
  const id = createHash('sha256').update('batchpoint secret key').update(bytes).digest('hex').slice(0, 12);
  return { id, bytes };
}
