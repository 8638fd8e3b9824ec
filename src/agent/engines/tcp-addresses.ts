import { readFileSync, readlinkSync } from 'node:fs';
import { present, type OpenFile } from './process-files.js';

/** States of include/net/tcp_states.h that have no peer: closed, listening. */
const WITHOUT_PEER = new Set(['07', '0A']);

/** Local addresses of the TCP connections that the given open files are ends of, sorted, each once. */
export function tcpLocalAddresses(files: readonly OpenFile[]): string[] {
  const sockets = new Map<number, Set<string>>();
  for (const { pid, target } of files) {
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined) sockets.set(pid, (sockets.get(pid) ?? new Set()).add(inode));
  }
  const tables = new Map<string, { inode: string; address: string }[]>();
  const addresses = new Set<string>();
  for (const [pid, inodes] of sockets) {
    const network = present(() => readlinkSync(`/proc/${pid}/ns/net`));
    if (network === undefined) continue;
    const table =
      tables.get(network) ??
      ['tcp', 'tcp6'].flatMap((name) =>
        connections(present(() => readFileSync(`/proc/${pid}/net/${name}`, 'utf8')) ?? ''),
      );
    tables.set(network, table);
    for (const { inode, address } of table) if (inodes.has(inode)) addresses.add(address);
  }
  return [...addresses].sort();
}

/** Rows of /proc/net/tcp or tcp6 that have a peer. */
export function connections(table: string): { inode: string; address: string }[] {
  return table.split('\n').flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (local === undefined || state === undefined || inode === undefined) return [];
    if (!/^[0-9A-F]+:[0-9A-F]{4}$/.test(local) || WITHOUT_PEER.has(state)) return [];
    return [{ inode, address: decodeAddress(local.split(':')[0]!) }];
  });
}

/** The kernel prints an address as 32-bit words in the machine's byte order, little-endian on x86-64 and aarch64. */
function decodeAddress(hex: string): string {
  const bytes = hex.match(/.{8}/g)!.flatMap((word) =>
    word
      .match(/../g)!
      .map((pair) => parseInt(pair, 16))
      .reverse(),
  );
  if (bytes.length === 4) return bytes.join('.');
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (mapped) return bytes.slice(12).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
