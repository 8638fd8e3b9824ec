import { describe, expect, it } from '@jest/globals';
import { tcpDecision } from './tcp-decision.js';

describe('tcpDecision', () => {
  const here = new Set(['10.0.0.7', 'fe80::1', '2001:db8::7']);

  it.each([
    ['no connections', [], false, 'keep'],
    ['loopback only', ['127.0.0.1', '::1', '127.8.9.1', '::ffff:127.0.0.1'], false, 'keep'],
    [
      "this host's addresses, in the host's network",
      ['10.0.0.7', '::ffff:10.0.0.7', '2001:DB8::7', 'fe80::1%eth0'],
      true,
      'keep',
    ],
    ["this host's address, but in a network of its own", ['10.0.0.7'], false, 'close'],
    ["another host's address", ['127.0.0.1', '10.0.0.8'], true, 'close'],
  ] as const)('%s', (_, addresses, hostNetwork, decision) => {
    expect(tcpDecision(addresses, hostNetwork, here)).toBe(decision);
  });
});
