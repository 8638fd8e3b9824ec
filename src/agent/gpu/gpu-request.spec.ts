import { describe, expect, it } from '@jest/globals';
import { type GpuSettings, givenGpus, gpuRequestOf, requestedCount } from './gpu-request.js';

const none: GpuSettings = { environment: {}, runtime: 'batchpoint', deviceRequests: [], devices: [] };
const visible = (value: string, runtime = 'nvidia'): GpuSettings => ({
  ...none,
  runtime,
  environment: { NVIDIA_VISIBLE_DEVICES: value },
});

describe('gpuRequestOf', () => {
  it.each<[string, GpuSettings, unknown]>([
    ['nothing', none, null],
    ['--gpus all', { ...none, deviceRequests: [{ Driver: '', Count: -1, Capabilities: [['gpu']] }] }, 'all'],
    ['--gpus 2', { ...none, deviceRequests: [{ Count: 2, Capabilities: [['gpu']] }] }, { count: 2 }],
    [
      '--gpus device=1',
      { ...none, deviceRequests: [{ Count: 0, DeviceIDs: ['1'], Capabilities: [['gpu']] }] },
      { ids: ['1'] },
    ],
    ['another device', { ...none, deviceRequests: [{ Driver: 'cdi', DeviceIDs: ['vendor.com/tpu=0'] }] }, null],
    [
      'a GPU as a device file',
      { ...none, devices: ['/dev/nvidia0', '/dev/nvidiactl', '/dev/nvidia-uvm'] },
      { ids: ['0'] },
    ],
    ['what ECS assigned', visible('GPU-1a,GPU-2b'), { ids: ['GPU-1a', 'GPU-2b'] }],
    ['what ECS assigned, under another runtime', visible('GPU-1a', 'batchpoint'), { ids: ['GPU-1a'] }],
    ['all by the variable', visible('all'), 'all'],
    ['an index by the variable', visible('0', 'nvidia-legacy'), { ids: ['0'] }],
    ["the variable of NVIDIA's images under a runtime that does not read it", visible('all', 'batchpoint'), null],
    ['none by the variable', visible('void'), null],
    ['none by the variable', visible('none'), null],
  ])('reads %s', (_, settings, request) => expect(gpuRequestOf(settings)).toEqual(request));
});

describe('givenGpus', () => {
  const present = ['GPU-1a2b', 'GPU-3c4d'].map((uuid) => ({ model: 'Tesla T4', memoryBytes: 1, uuid }));
  const [first, second] = present;

  it.each<[Parameters<typeof givenGpus>[0], unknown[], number]>([
    [null, [], 0],
    ['all', [first, second], 2],
    [{ count: 1 }, [first], 1],
    [{ ids: ['1'] }, [second], 1],
    [{ ids: ['GPU-3c'] }, [second], 1],
    [{ ids: ['GPU-gone'] }, [], 1],
  ])('of %j are %j', (request, gpus, count) => {
    expect(givenGpus(request, present)).toEqual(gpus);
    expect(requestedCount(request, present)).toBe(count);
  });
});
