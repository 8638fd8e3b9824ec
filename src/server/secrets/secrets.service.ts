import { Injectable } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import { ServerConfig } from '../config/server-config.js';
import { seal, type SealedSecret, unseal } from './sealed-secret.js';
import { readSecretKeys, type SecretKey } from './secret-keys.js';

/**
 * Encrypts what must be kept and never shown. Keys are in a file outside the database (`BATCHPOINT_SECRET_KEY_FILE`), so
 * that a copy of the database gives nothing away.
 */
@Injectable()
export class SecretsService {
  private readonly keys: readonly SecretKey[];

  constructor(config: ServerConfig) {
    this.keys = config.secretKeyFile === undefined ? [] : readSecretKeys(config.secretKeyFile);
  }

  /** Whether there is a key at all. */
  get available(): boolean {
    return this.keys.length > 0;
  }

  /** `owner`: what it belongs to, such as a resource's id; the same is needed to open it. Throws `secret-key-missing`. */
  seal(value: unknown, owner: string): SealedSecret {
    const [key] = this.keys;
    if (key === undefined) throw missing('keep a secret');
    return seal(value, owner, key);
  }

  /** Throws `secret-key-missing`, `secret-key-wrong`. */
  open(secret: SealedSecret, owner: string): unknown {
    if (!this.available) throw missing('read a secret it keeps');
    const key = this.keys.find(({ id }) => id === secret.key);
    if (key === undefined) {
      const ours = this.keys.map(({ id }) => id).join(', ');
      throw new DomainError(
        'secret-key-wrong',
        `A secret of ${owner} was encrypted with key ${secret.key}, and the file of BATCHPOINT_SECRET_KEY_FILE holds ${ours}. Add the old key as a further line, or give the secret anew.`,
      );
    }
    try {
      return unseal(secret, owner, key);
    } catch (cause) {
      throw new DomainError(
        'secret-key-wrong',
        `A secret of ${owner} cannot be decrypted though its key ${key.id} is there: it was changed in the database. Give it anew.`,
        { cause },
      );
    }
  }

  /** Whether it would be encrypted otherwise today: in the clear still, or with a key that is no longer the first. */
  isCurrent(secret: SealedSecret): boolean {
    return secret.key === this.keys[0]?.id;
  }
}

function missing(what: string): DomainError {
  return new DomainError(
    'secret-key-missing',
    `The server has no key to ${what} with. Make one (\`openssl rand -base64 32\`), give its file as BATCHPOINT_SECRET_KEY_FILE to every replica, and start again.`,
  );
}
