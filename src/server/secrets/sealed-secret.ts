import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { SecretKey } from './secret-keys.js';

/** A secret as it is stored: AES-256-GCM. Fields are base64 but for `key`, the id of the key. */
export interface SealedSecret {
  sealed: 1;
  key: string;
  iv: string;
  data: string;
  tag: string;
}

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;

export function isSealed(value: unknown): value is SealedSecret {
  return typeof value === 'object' && value !== null && (value as { sealed?: unknown }).sealed === 1;
}

/** `owner` names what the secret belongs to: it cannot be opened as another's. */
export function seal(value: unknown, owner: string, key: SecretKey): SealedSecret {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key.bytes, iv).setAAD(Buffer.from(owner));
  const data = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return {
    sealed: 1,
    key: key.id,
    iv: iv.toString('base64'),
    data: data.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
  };
}

/** Throws where anything of it was changed, or it is another's. `key` is the one it names. */
export function unseal(secret: SealedSecret, owner: string, key: SecretKey): unknown {
  const decipher = createDecipheriv(CIPHER, key.bytes, Buffer.from(secret.iv, 'base64'), { authTagLength: 16 })
    .setAAD(Buffer.from(owner))
    .setAuthTag(Buffer.from(secret.tag, 'base64'));
  const text = Buffer.concat([decipher.update(Buffer.from(secret.data, 'base64')), decipher.final()]).toString('utf8');
  return JSON.parse(text) as unknown;
}
