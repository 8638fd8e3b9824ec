import { driverOf } from './storage-drivers.js';
import { listPrice } from './storage-economics.js';

const SOURCE = { source: 'https://aws.amazon.com/x/pricing/', asOf: '2026-11-26', note: 'of something' };

describe('a list price', () => {
  it('holds in its region, and where the region is not known', () => {
    const price = { ...SOURCE, perGibMonth: '0.08', currency: 'USD', region: 'us-east-1' };
    expect(listPrice('us-east-1', '0.08', SOURCE)).toEqual(price);
    expect(listPrice(null, '0.08', SOURCE)).toEqual(price);
  });

  it('is not said of another region, nor where none is kept; the source is', () => {
    for (const [region, price] of [
      ['eu-west-1', '0.08'],
      ['us-east-1', null],
    ] as const) {
      const { perGibMonth, source, note } = listPrice(region, price, SOURCE);
      expect([perGibMonth, source, note]).toEqual([null, SOURCE.source, expect.stringMatching(/see the source/)]);
    }
  });

  it.each([
    ['SCRATCH_2', 'SSD', null, '0.140'],
    ['PERSISTENT_2', 'SSD', 125, '0.145'],
    ['PERSISTENT_2', 'SSD', 500, null],
    ['PERSISTENT_1', 'HDD', 12, null],
  ])('of FSx for Lustre is that of %s, %s, %s MB/s/TiB: %s', (deploymentType, storageType, unit, price) => {
    const facts = { checkedAt: '', deploymentType, storageType, perUnitMbPerSecondPerTib: unit, capacityGib: 1200 };
    expect(driverOf('fsx-lustre').economics({ region: 'us-east-1' }, facts).cost.perGibMonth).toBe(price);
  });

  it.each([
    ['gp3', '0.08'],
    ['st1', null],
  ])('of an EBS volume of type %s is %s', (volumeType, price) => {
    expect(driverOf('ebs').economics({ volumeType }, null).cost.perGibMonth).toBe(price);
  });

  it('of JuiceFS is that of its bucket', () => {
    expect(driverOf('juicefs').economics({ region: null }, null).cost.perGibMonth).toBe('0.023');
  });
});
