import { networkInterfaces } from 'node:os';

/**
 * Connections go on when every local address of theirs exists where the job continues; else they are restored closed and
 * the job sees a reset, as after any network failure. A container's own address is given by Docker after this
 * moment and is not known; only its loopback is.
 */
export function tcpDecision(
  localAddresses: readonly string[],
  hostNetwork: boolean,
  hostAddresses: ReadonlySet<string> = addressesOfThisHost(),
): 'keep' | 'close' {
  const present = (address: string): boolean =>
    isLoopback(address) || (hostNetwork && hostAddresses.has(plain(address)));
  return localAddresses.every(present) ? 'keep' : 'close';
}

/** An IPv4 address inside IPv6 is that IPv4 address. */
function plain(address: string): string {
  return address
    .toLowerCase()
    .replace(/^::ffff:(?=\d+\.)/, '')
    .replace(/%.*$/, '');
}

function isLoopback(address: string): boolean {
  return plain(address) === '::1' || plain(address).startsWith('127.');
}

function addressesOfThisHost(): Set<string> {
  return new Set(
    Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => plain(address))),
  );
}
