import { createHash, X509Certificate } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { invalidField } from '../common/domain-error.js';
import { readTls } from '../config/load-config.js';
import { ServerConfig } from '../config/server-config.js';

/** By what a host knows this server when it first calls. */
export interface ServerIdentity {
  /** Without a slash at its end. */
  url: string;
  /** False when it is only the address somebody's request came to, under which hosts may not find the server. */
  configured: boolean;
  /** null: the server speaks plain HTTP, or something in front of it has the certificate, which hosts' own authorities vouch for. */
  certificate: ServerCertificate | null;
}

export interface ServerCertificate {
  /** The chain as configured, public by nature. */
  pem: string;
  /** SHA-256 of the server's own, the first of the chain: colon-separated hex, as `openssl x509 -fingerprint` prints it. */
  fingerprint: string;
  /** Its public key as curl's --pinnedpubkey takes it; stays the same when a certificate is renewed with the same key. */
  pin: string;
}

const HOST = /^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/;

@Injectable()
export class ServerAddress {
  private readonly certificate: ServerCertificate | null;

  constructor(private readonly config: ServerConfig) {
    // Once, as the server itself does: what it serves is what it read at its start.
    this.certificate = config.usesTls ? describe(readTls(config).cert) : null;
  }

  /** `host`: the Host header of a request, used where no public address is configured. Throws `validation-failed` for one that is none. */
  identity(host: string | undefined): ServerIdentity {
    const { certificate, config } = this;
    if (config.publicUrl !== undefined)
      return {
        url: config.publicUrl,
        configured: true,
        certificate: config.publicUrl.startsWith('https:') ? certificate : null,
      };
    if (host === undefined || !HOST.test(host))
      throw invalidField('header:Host', 'The Host header must be a host name or address, with or without a port.');
    return { url: `${config.usesTls ? 'https' : 'http'}://${host}`, configured: false, certificate };
  }
}

function describe(chain: string): ServerCertificate {
  const leaf = new X509Certificate(chain);
  const key = leaf.publicKey.export({ type: 'spki', format: 'der' });
  return {
    pem: chain.trim(),
    fingerprint: leaf.fingerprint256,
    pin: `sha256//${createHash('sha256').update(key).digest('base64')}`,
  };
}
