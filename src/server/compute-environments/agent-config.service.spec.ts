import type { AgentConfig } from '../../protocol/agent-api.js';
import { DEFAULT_POLICY } from '../../protocol/policy.js';
import { withRevision } from './agent-config.service.js';

const config: Omit<AgentConfig, 'revision'> = {
  hostId: 'host_1',
  heartbeatSeconds: 15,
  pollSeconds: 25,
  computeEnvironment: { id: 'ce_1', name: 'spot' },
  storage: { id: 'stor_1', kind: 'nfs', mountPath: '/mnt/batchpoint', fileSystemTypes: ['nfs', 'nfs4'] },
  policy: { ...DEFAULT_POLICY },
};

describe('the revision of an agent’s configuration', () => {
  it('is the same for the same content, in whatever order it was put together', () => {
    const { policy, storage, ...rest } = config;
    const reversed = Object.fromEntries(Object.entries(policy).reverse()) as unknown as typeof policy;
    expect(withRevision({ policy: reversed, storage, ...rest }).revision).toBe(withRevision(config).revision);
  });

  it('does not change for a member that is not there', () => {
    expect(withRevision({ ...config, pinnedCheckpoints: undefined }).revision).toBe(withRevision(config).revision);
  });

  it.each<[string, Partial<AgentConfig>]>([
    ['policy', { policy: { ...DEFAULT_POLICY, keep: 3 } }],
    ['storage', { storage: null }],
    ['a file-system type', { storage: { ...config.storage!, fileSystemTypes: ['nfs4', 'nfs'] } }],
    ['heartbeat', { heartbeatSeconds: 16 }],
    ['environment', { computeEnvironment: null }],
    ['pins', { pinnedCheckpoints: ['ckpt_1'] }],
  ])('changes with %s', (_, change) => {
    expect(withRevision({ ...config, ...change }).revision).not.toBe(withRevision(config).revision);
  });
});
