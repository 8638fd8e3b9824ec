import type { FastifyReply } from 'fastify';

/** `sha256` in hex. RFC 9530's header, and the same in the form `sha256sum` prints. */
export function setChecksum(reply: FastifyReply, sha256: string): void {
  reply.header('repr-digest', `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`);
  reply.header('x-checksum-sha256', sha256);
}
