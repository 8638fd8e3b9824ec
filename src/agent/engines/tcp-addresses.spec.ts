import { createServer, connect, type AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { openFiles } from './process-files.js';
import { connections, tcpLocalAddresses } from './tcp-addresses.js';

it('decodes IPv4, IPv6 and mapped addresses, and leaves listeners out', () => {
  const row = (local: string, state: string): string =>
    `   0: ${local} 0100007F:0050 ${state} 00000000:00000000 00:00000000 00000000     0        0 4242 1 0 20 4 30 10 -1`;
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    row('0200A8C0:1F90', '01'),
    row('00000000:1F90', '0A'),
    row('0000000000000000FFFF00000200A8C0:1F90', '01'),
    row('00000000000000000000000001000000:1F90', '08'),
  ].join('\n');
  expect(connections(table)).toEqual(
    ['192.168.0.2', '192.168.0.2', '::1'].map((address) => ({ inode: '4242', address })),
  );
});

it('lists the addresses of connections a process really has', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const own = (): string[] => tcpLocalAddresses(openFiles([process.pid]));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await new Promise((resolve) => client.once('connect', resolve));
  expect(own()).toContain('127.0.0.1');
  client.destroy();
  server.close();
});
