import { gunzipSync } from 'node:zlib';

/** EC2 takes at most 16 KB of user data; packed ones grow, though not without end. */
const UNPACKED_LIMIT_BYTES = 1024 * 1024;

/**
 * A launch template's user data as text: cloud-init takes it packed with gzip too. What no text column can hold is left out, and so are
 * this server's own tokens, which are worth something to whoever reads them. null: there is none, or none that can be read.
 */
export function decodeUserData(base64: string | null): string | null {
  if (base64 === null || base64 === '') return null;
  let bytes: Buffer = Buffer.from(base64, 'base64');
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = gunzipSync(bytes, { maxOutputLength: UNPACKED_LIMIT_BYTES });
    } catch {
      return null;
    }
  }
  return bytes
    .toString('utf8')
    .replaceAll('\0', '')
    .replaceAll(/\bbpj?_[\w-]{16,}/g, (token) => `${token.slice(0, token.indexOf('_') + 1)}...`);
}

/** What `/etc/ecs/ecs.config` will hold, as far as the user data writes it in plain words; the last word on a setting counts. */
export function ecsSetting(userData: string, name: string): string | null {
  const found = [...userData.matchAll(new RegExp(`^[^#\\n]*?\\b${name}\\s*=\\s*["']?([\\w.]+)`, 'gm'))];
  return found.at(-1)?.[1] ?? null;
}
