import { isId } from '../../protocol/ids.js';
import { BUILT_IN_GROUPS, type BuiltInGroup, membersOf, notSold } from './built-in-groups.js';
import { Catalogue } from './catalogue.js';
import { readSnapshot } from './instance-type-snapshot.js';

const catalogue = new Catalogue(readSnapshot().types);
const SIZES = ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge', '24xlarge'];

describe('Built-in compatibility groups', () => {
  it.each([
    [1, 'r5', SIZES],
    [2, 'r7i', SIZES],
    [3, 'm5', SIZES],
    [4, 'm6i', [...SIZES, '32xlarge']],
    [5, 'm7i', SIZES],
    [6, 'c7i', SIZES],
    [7, 'g4dn', ['2xlarge', '4xlarge']],
    [8, 'g5', ['2xlarge', '4xlarge']],
    [9, 'g6', ['2xlarge', '4xlarge']],
  ])('group %i: of %s the sizes %j, and no others', (number, family, sizes) => {
    const group = BUILT_IN_GROUPS[number - 1]!;
    expect(group.source.listed).toMatch(new RegExp(`^Group ${number}: ${family}\\.`));
    expect(membersOf(group, catalogue)).toEqual(sizes.map((size) => `${family}.${size}`));
    expect(notSold(group, catalogue)).toEqual([]);
  });

  it.each([
    ['r5.metal', 'r5.large-r5.24xlarge'],
    ['r7i.48xlarge', 'r7i.large-r7i.24xlarge'],
    ['r7i.metal-24xl', 'r7i.large-r7i.24xlarge'],
    ['m5.metal', 'm5.large-m5.24xlarge'],
    ['m6i.metal', 'm6i.large-m6i.32xlarge'],
    ['m7i.48xlarge', 'm7i.large-m7i.24xlarge'],
    ['c7i.metal-24xl', 'c7i.large-c7i.24xlarge'],
    ['g4dn.xlarge', 'g4dn.2xlarge-g4dn.4xlarge'],
    ['g4dn.8xlarge', 'g4dn.2xlarge-g4dn.4xlarge'],
    ['g5.xlarge', 'g5.2xlarge-g5.4xlarge'],
    ['g6.8xlarge', 'g6.2xlarge-g6.4xlarge'],
    ['m7i-flex.large', 'm7i.large-m7i.24xlarge'],
    ['r5d.large', 'r5.large-r5.24xlarge'],
  ])('%s, which AWS sells, is not in %s', (instanceType, name) => {
    expect(catalogue.get(instanceType)).toBeDefined();
    const group = BUILT_IN_GROUPS.find((one) => one.name === name)!;
    expect(membersOf(group, catalogue)).not.toContain(instanceType);
  });

  it('have ids and names that stay', () => {
    expect(BUILT_IN_GROUPS.map(({ id }) => isId('compatibilityGroup', id))).toEqual(Array(9).fill(true));
    expect(new Set(BUILT_IN_GROUPS.map(({ id }) => id)).size).toBe(9);
    expect(BUILT_IN_GROUPS[6]).toMatchObject({
      id: 'cgrp_00000000-0000-7000-8000-000000000007',
      name: 'g4dn.2xlarge-g4dn.4xlarge',
    });
  });

  it('say where a size is named that is not sold, and take it for what its name says', () => {
    const [r7i] = BUILT_IN_GROUPS.filter(({ name }) => name.startsWith('r7i'));
    const to32: BuiltInGroup = { ...r7i!, source: { ...r7i!.source, lastInstanceType: 'r7i.32xlarge' } };
    expect(notSold(to32, catalogue)).toEqual(['r7i.32xlarge']);
    expect(membersOf(to32, catalogue)).toEqual(membersOf(r7i!, catalogue));
    const to96: BuiltInGroup = { ...r7i!, source: { ...r7i!.source, lastInstanceType: 'r7i.96xlarge' } };
    expect(membersOf(to96, catalogue).at(-1)).toBe('r7i.48xlarge');
  });
});
