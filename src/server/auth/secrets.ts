import { createHash, randomBytes } from 'node:crypto';

/** The prefix tells a reader, and a secret scanner, what was leaked. */
const PREFIXES = { apiToken: 'bp', joinToken: 'bpj', agentCredential: 'bpa' } as const;

/** 256 random bits. Shown once, stored only as {@link hashSecret}. */
export function newSecret(kind: keyof typeof PREFIXES): string {
  return `${PREFIXES[kind]}_${randomBytes(32).toString('base64url')}`;
}

/** A plain digest is enough for random secrets of this length (no dictionary to try), and lets an index find the row. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
