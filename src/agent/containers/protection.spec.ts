import { describe, expect, it } from '@jest/globals';
import { DEFAULT_POLICY } from '../../protocol/policy.js';
import { unprotectedReason, type ProtectionFacts } from './protection.js';

const fit: ProtectionFacts = {
  policy: DEFAULT_POLICY,
  underOurRuntime: true,
  privileged: false,
  devices: [],
  usernsMode: '',
  gpuProblem: null,
  nodes: null,
  siblings: [],
  hostProblem: null,
};

describe('unprotectedReason', () => {
  it('is null for a container that can be checkpointed', () => expect(unprotectedReason(fit)).toBeNull());

  it.each([
    [{ underOurRuntime: false }, 'not-under-batchpoint-runtime', 'batchpoint'],
    [{ policy: { ...DEFAULT_POLICY, mode: 'off' as const } }, 'checkpointing-off', 'policy'],
    [{ nodes: 4 }, 'multi-node-job', '4 nodes'],
    [{ siblings: ['log'] }, 'several-containers', 'log'],
    [{ privileged: true }, 'unsupported-resource', 'privileged'],
    [{ devices: ['tpu', '/dev/fuse'] }, 'unsupported-resource', 'tpu, /dev/fuse'],
    [{ usernsMode: 'private' }, 'unsupported-resource', 'user namespace'],
    [{ gpuProblem: { code: 'several-gpus' as const, message: '2 GPUs' } }, 'several-gpus', '2 GPUs'],
    [{ hostProblem: { code: 'host-not-ready' as const, message: 'no CRIU' } }, 'host-not-ready', 'no CRIU'],
  ])('says why for %j', (facts, code, word) => {
    const reason = unprotectedReason({ ...fit, ...facts });
    expect(reason?.code).toBe(code);
    expect(reason?.message).toContain(word);
  });

  it('names the most basic reason when there are several', () => {
    expect(unprotectedReason({ ...fit, underOurRuntime: false, privileged: true })?.code).toBe(
      'not-under-batchpoint-runtime',
    );
  });
});
