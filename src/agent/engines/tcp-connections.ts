import { readFileSync, readlinkSync } from 'node:fs';
import { present, type OpenFile } from './process-files.js';

/** States of include/net/tcp_states.h: those that have no peer (closed, listening), and others by name. */
const WITHOUT_PEER = new Set(['07', '0A']);
const ESTABLISHED = '01';
const CLOSE_WAIT = '08';
/** Of a socket that no process has open. */
const NOBODYS = '0';

export interface TcpConnections {
  /** Sorted, each once. */
  localAddresses: string[];
  /** Whether one leads to a program that is not among the given: such a connection cannot go on later. */
  peersOutside: boolean;
  /** Whether data is on its way that a process sent before it ended or closed its end: it is in no process's image. */
  dataOnItsWay: boolean;
}

interface Connection {
  inode: string;
  state: string;
  /** Address and port. */
  local: string;
  remote: string;
}

/** The TCP connections that the given open files are ends of. */
export function tcpConnections(files: readonly OpenFile[]): TcpConnections {
  const sockets = new Map<number, Set<string>>();
  for (const { pid, target } of files) {
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined) sockets.set(pid, (sockets.get(pid) ?? new Set()).add(inode));
  }
  const networks = new Map<string, { table: Connection[]; inodes: Set<string> }>();
  for (const [pid, inodes] of sockets) {
    const name = present(() => readlinkSync(`/proc/${pid}/ns/net`));
    if (name === undefined) continue;
    const network = networks.get(name) ?? { table: tableOf(pid), inodes: new Set() };
    networks.set(name, { ...network, inodes: new Set([...network.inodes, ...inodes]) });
  }
  const found = [...networks.values()].map(({ table, inodes }) => classify(table, inodes));
  return {
    localAddresses: [...new Set(found.flatMap(({ localAddresses }) => localAddresses))].sort(),
    peersOutside: found.some(({ peersOutside }) => peersOutside),
    dataOnItsWay: found.some(({ dataOnItsWay }) => dataOnItsWay),
  };
}

/** The connections in one network's table that the sockets of the given inodes are ends of. */
export function classify(table: readonly Connection[], inodes: ReadonlySet<string>): TcpConnections {
  const ends = new Map(table.map((end) => [`${end.local} ${end.remote}`, end]));
  const own = table.filter(({ inode }) => inodes.has(inode));
  const peers = own.map(({ local, remote, state }) => ({ state, peer: ends.get(`${remote} ${local}`) }));
  return {
    localAddresses: own.map(({ local }) => local.slice(0, local.lastIndexOf(':'))),
    // One whose peer has sent its last, and it is here, goes on by itself.
    peersOutside: peers.some(({ state, peer }) => state !== CLOSE_WAIT && !(peer && inodes.has(peer.inode))),
    dataOnItsWay: peers.some(
      ({ state, peer }) => state === ESTABLISHED && peer?.inode === NOBODYS && peer.state !== ESTABLISHED,
    ),
  };
}

function tableOf(pid: number): Connection[] {
  return ['tcp', 'tcp6'].flatMap((name) =>
    connections(present(() => readFileSync(`/proc/${pid}/net/${name}`, 'utf8')) ?? ''),
  );
}

/** Rows of /proc/net/tcp or tcp6 that have a peer. */
export function connections(table: string): Connection[] {
  return table.split('\n').flatMap((line) => {
    const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/);
    if (local === undefined || remote === undefined || state === undefined || inode === undefined) return [];
    if (!/^[0-9A-F]+:[0-9A-F]{4}$/.test(local) || WITHOUT_PEER.has(state)) return [];
    return [{ inode, state, local: decodeEnd(local), remote: decodeEnd(remote) }];
  });
}

function decodeEnd(end: string): string {
  const [address, port] = end.split(':');
  return `${decodeAddress(address!)}:${parseInt(port!, 16)}`;
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
