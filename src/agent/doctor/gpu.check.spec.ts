import { describe, expect, it } from '@jest/globals';
import { hostProblem } from '../doctor.js';
import { gpuHostFindings } from './gpu.check.js';

const GIB = 1024 ** 3;
const T4 = { model: 'Tesla T4', memoryBytes: 15 * GIB };
const one = { gpus: [T4], driver: '570.86.15', problem: null };
const severities = (findings: ReturnType<typeof gpuHostFindings>): Record<string, string> =>
  Object.fromEntries(findings.map(({ check, severity }) => [check, severity]));

describe('gpuHostFindings', () => {
  it('has nothing to say of a machine without GPU', () => {
    expect(gpuHostFindings({ gpus: [], driver: null, problem: null }, ['x'], GIB)).toEqual([]);
  });

  it('is content with one GPU, a driver from 570.86 on, the tools, and memory to spare', () => {
    const findings = gpuHostFindings(one, [], 31 * GIB);
    expect(severities(findings)).toEqual({ gpu: 'ok', 'gpu-driver': 'ok', 'gpu-tools': 'ok', 'gpu-memory': 'ok' });
    expect(findings.at(-1)?.message).toContain('16 GiB of memory beside');
  });

  it.each([
    ['an old driver', { ...one, driver: '550.54.14' }, [], 31, 'gpu-driver', 'error', '550.54.14'],
    ['several GPUs', { ...one, gpus: [T4, T4] }, [], 31, 'gpu', 'warning', '2 GPUs'],
    ['tools that are missing', one, ["NVIDIA's cuda-checkpoint"], 31, 'gpu-tools', 'info', 'cuda-checkpoint'],
    ['too little memory', one, [], 15, 'gpu-memory', 'error', '15 GiB'],
    ['nvidia-smi failing', { gpus: [], driver: null, problem: 'no driver' }, [], 31, 'gpu', 'warning', 'no driver'],
  ])('names %s', (_, measured, missing, gib, check, severity, word) => {
    const finding = gpuHostFindings(measured, missing, gib * GIB).find((candidate) => candidate.check === check);
    expect(finding?.severity).toBe(severity);
    expect(finding?.message).toContain(word);
  });

  it('does not keep jobs without a GPU from being protected', () => {
    expect(hostProblem(gpuHostFindings({ ...one, driver: '470.1' }, ['all'], GIB))).toBeNull();
  });
});
