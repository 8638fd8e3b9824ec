import { createServer, connect, type AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { openFiles } from './process-files.js';
import { classify, connections, tcpConnections } from './tcp-connections.js';

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
    [
      ['192.168.0.2:8080', '01'],
      ['192.168.0.2:8080', '01'],
      ['::1:8080', '08'],
    ].map(([local, state]) => ({ inode: '4242', state, local, remote: '127.0.0.1:80' })),
  );
});

it('lists the addresses of connections a process really has', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const own = (): string[] => tcpConnections(openFiles([process.pid])).localAddresses;
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await new Promise((resolve) => client.once('connect', resolve));
  expect(own()).toContain('127.0.0.1');
  client.destroy();
  server.close();
});

describe('classify', () => {
  const [here, there] = ['127.0.0.1:1000', '127.0.0.1:2000'];
  const pair = (states: string[], inode: string) => [
    { inode: '1', state: states[0]!, local: here, remote: there },
    { inode, state: states[1]!, local: there, remote: here },
  ];

  it.each([
    ['between processes of the job', pair(['01', '01'], '2'), false, false],
    ['to a program beside the job', pair(['01', '01'], '3'), true, false],
    ['to a host outside', pair(['01', '01'], '2').slice(0, 1), true, false],
    ['to an end closed with data still to send', pair(['01', '04'], '0'), true, true],
    ['to an end that is closed, all it sent being here', pair(['08', '05'], '0'), false, false],
    ['to an end that is gone, all it sent being here', pair(['08', '01'], '0').slice(0, 1), false, false],
  ])('%s', (_, table, peersOutside, dataOnItsWay) => {
    expect(classify(table, new Set(['1', '2']))).toMatchObject({ peersOutside, dataOnItsWay });
  });
});
