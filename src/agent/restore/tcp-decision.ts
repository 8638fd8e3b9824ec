import type { Manifest } from '../../protocol/manifest.js';

/**
 * Connections between processes of the job go on. To a peer outside none can, even from the same address: it has seen the
 * end of the job's process, or data since the image, and the job would wait for an answer for ever. CRIU restores all or none,
 * so with one that leads outside all are restored closed: reading gives the end of the stream, writing an error.
 */
export function tcpDecision(manifest: Pick<Manifest, 'tcpLocalAddresses' | 'tcpPeersOutside'>): 'keep' | 'close' {
  return !manifest.tcpPeersOutside && manifest.tcpLocalAddresses.every(isLoopback) ? 'keep' : 'close';
}

/** Other addresses are the host's, or given by Docker after this moment. */
function isLoopback(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
  return plain === '::1' || plain.startsWith('127.');
}
