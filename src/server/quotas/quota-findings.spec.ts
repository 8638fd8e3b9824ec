import { describe, expect, it } from '@jest/globals';
import type { InstanceType } from '../instance-catalog/instance-type.js';
import { quotaFindings, quotaNeeds } from './quota-findings.js';
import { spotQuotaOf } from './spot-quota.js';

const GIB = 1024 ** 3;

function type(instanceType: string, vcpus: number, changes: Partial<InstanceType> = {}): InstanceType {
  return {
    instanceType,
    family: instanceType.split('.')[0]!,
    architecture: 'x86_64',
    vcpus,
    memoryBytes: 4 * vcpus * GIB,
    gpu: null,
    currentGeneration: true,
    spot: true,
    bareMetal: false,
    ...changes,
  };
}

describe('spotQuotaOf', () => {
  it.each([
    ['g4dn', 'L-3819A6DF'],
    ['gr6', 'L-3819A6DF'],
    ['vt1', 'L-3819A6DF'],
    ['p3dn', 'L-7212CCBC'],
    ['p4d', 'L-7212CCBC'],
    ['p5en', 'L-C4BD4855'],
    ['m6i', 'L-34B43A08'],
    ['im4gn', 'L-34B43A08'],
    ['is4gen', 'L-34B43A08'],
    ['d3en', 'L-34B43A08'],
    ['dl1', 'L-85EED4F7'],
    ['inf2', 'L-B5D1601B'],
    ['i4i', 'L-34B43A08'],
    ['x2gd', 'L-E3A00192'],
    ['trn1n', 'L-6B0D517C'],
    ['t3', 'L-34B43A08'],
    ['f2', 'L-88CF9481'],
  ])('%s counts against %s', (family, code) => expect(spotQuotaOf(family)?.code).toBe(code));

  it.each(['hpc7g', 'mac2', 'u7i-12tb', 'p6-b200'])('%s has none', (family) => expect(spotQuotaOf(family)).toBeNull());
});

describe('quotaNeeds', () => {
  it('asks for two of the largest allowed type of each quota', () => {
    const needs = quotaNeeds([
      type('g4dn.xlarge', 4),
      type('g4dn.4xlarge', 16),
      type('g5.xlarge', 4),
      type('m6i.large', 2),
    ]);
    expect(needs.map(({ quota, largest, neededVcpus }) => [quota.code, largest.instanceType, neededVcpus])).toEqual([
      ['L-34B43A08', 'm6i.large', 4],
      ['L-3819A6DF', 'g4dn.4xlarge', 32],
    ]);
  });

  it('asks nothing for what Spot does not sell', () => {
    expect(quotaNeeds([type('hpc7g.16xlarge', 64), type('m6i.metal', 128, { spot: false })])).toEqual([]);
  });
});

describe('quotaFindings', () => {
  const needs = quotaNeeds([type('g4dn.4xlarge', 16)]);
  const found = (value: number) => quotaFindings(needs, new Map([['L-3819A6DF', { value }]]), 'us-east-1');

  it('is content with room for two', () => {
    expect(found(32)).toEqual([]);
    expect(found(768)).toEqual([]);
  });

  it('warns where one fits and two do not, with all numbers and the call that asks for more', () => {
    const [finding] = found(31);
    expect(finding).toMatchObject({ severity: 'warning', code: 'spot-quota-too-low' });
    expect(finding!.message).toBe(
      'The quota "All G and VT Spot Instance Requests" (L-3819A6DF) is 31 vCPUs in us-east-1; two g4dn.4xlarge of 16 vCPUs need 32.',
    );
    expect(finding!.remedy).toContain('--quota-code L-3819A6DF --desired-value 32 --region us-east-1');
  });

  it('is an error where not even one fits, as with the default of 0', () => {
    expect(found(0)[0]).toMatchObject({ severity: 'error', code: 'spot-quota-too-low' });
    expect(found(15)[0]?.severity).toBe('error');
    expect(found(16)[0]?.severity).toBe('warning');
  });

  it('says so where the region has no such quota', () => {
    expect(quotaFindings(needs, new Map(), 'xx-west-9')[0]).toMatchObject({
      severity: 'info',
      code: 'spot-quota-unknown',
    });
  });
});
