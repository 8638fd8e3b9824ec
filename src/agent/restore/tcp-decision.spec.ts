import { describe, expect, it } from '@jest/globals';
import { tcpDecision } from './tcp-decision.js';

describe('tcpDecision', () => {
  it.each([
    ['no connections', [], false, 'keep'],
    ['loopback inside the container', ['127.0.0.1', '::1', '127.8.9.1', '::ffff:127.0.0.1'], false, 'keep'],
    ['loopback to a program beside the container', ['127.0.0.1'], true, 'close'],
    ['another address', ['10.0.0.7'], true, 'close'],
    ['another address inside the container', ['127.0.0.1', '10.0.0.7'], false, 'close'],
  ] as const)('%s', (_, tcpLocalAddresses, tcpPeersOutside, decision) => {
    expect(tcpDecision({ tcpLocalAddresses: [...tcpLocalAddresses], tcpPeersOutside })).toBe(decision);
  });
});
