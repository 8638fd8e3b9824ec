import { BUILT_IN_GROUPS, membersOf } from './built-in-groups.js';
import { Catalogue } from './catalogue.js';
import { type Group, type GroupFinding, groupFindings } from './group-findings.js';
import { readSnapshot } from './instance-type-snapshot.js';

const catalogue = new Catalogue(readSnapshot().types);
const groups: Group[] = BUILT_IN_GROUPS.map((group) => ({
  id: group.id,
  name: group.name,
  instanceTypes: membersOf(group, catalogue),
}));
const find = (...types: string[]): GroupFinding[] => groupFindings(types, groups, catalogue);
const codes = (...types: string[]): string[] => find(...types).map(({ severity, code }) => `${severity} ${code}`);

describe('Allowed instance types', () => {
  it.each(groups.map((group) => [group.name, group.instanceTypes] as const))(
    '%s: all types are one group',
    (_, types) => {
      expect(find(...types)).toEqual([]);
      for (const type of types) expect(find(types[0]!, type)).toEqual([]);
    },
  );

  it('have nothing to mix where there is one, or none', () => {
    expect(find()).toEqual([]);
    expect(find('c5.xlarge')).toEqual([]);
  });

  it.each([[['r5']], [['m5']], [['m6i']], [['m6i', 'm6i.large']]])(
    '%j, a whole family, is one group: bare metal is launched only where it is named',
    (types) => {
      expect(find(...types)).toEqual([]);
    },
  );

  it.each([
    [['r7i'], 'r7i.48xlarge is in no compatibility group; most of the others are of r7i.large-r7i.24xlarge.'],
    [
      ['m5.large', 'm5.metal'],
      'm5.metal is in no compatibility group; most of the others are of m5.large-m5.24xlarge.',
    ],
    [
      ['g4dn.xlarge', 'g4dn.2xlarge', 'g4dn.4xlarge'],
      'g4dn.xlarge is in no compatibility group; most of the others are of g4dn.2xlarge-g4dn.4xlarge.',
    ],
    [
      ['c5.large', 'c4.large'],
      'None of the allowed instance types (c5.large and c4.large) is in a compatibility group.',
    ],
  ])('%j: %s', (types, message) => {
    expect(find(...types)).toMatchObject([{ severity: 'warning', code: 'no-compatibility-group', message }]);
  });

  it('are worth knowing of where one family is in no group', () => {
    expect(codes('c6i')).toEqual(['info no-compatibility-group']);
  });

  it('of several groups are named with what is outside of the largest', () => {
    expect(find('m6i.large', 'm6i.xlarge', 'm7i.large')).toMatchObject([
      {
        severity: 'warning',
        code: 'several-compatibility-groups',
        message:
          'The allowed instance types are of several compatibility groups, m6i.large-m6i.32xlarge and m7i.large-m7i.24xlarge; outside of m6i.large-m6i.32xlarge: m7i.large.',
        remedy:
          'Allow only types of one group, such as m6i.large-m6i.32xlarge (GET /api/v1/compatibility-groups/cgrp_00000000-0000-7000-8000-000000000004).',
      },
    ]);
  });

  it.each([['optimal'], ['default_x86_64'], ['default_arm64']])('%s spans families', (word) => {
    expect(codes(word)).toEqual(['warning no-compatibility-group']);
  });

  it('of two architectures are refused by name, and not for their groups as well', () => {
    expect(find('m6i.large', 'm6g.large', 'c7g.large')).toMatchObject([
      {
        severity: 'error',
        code: 'mixed-architectures',
        message:
          'The allowed instance types are of aarch64 and x86_64 (aarch64: m6g.large and c7g.large; x86_64: m6i.large).',
      },
    ]);
  });

  it('with different GPUs, or some without, are refused by name', () => {
    expect(find('g4dn.2xlarge', 'g5.2xlarge')).toMatchObject([
      {
        severity: 'error',
        code: 'mixed-gpu-models',
        message:
          'The allowed instance types have different GPUs (NVIDIA T4 (16 GiB): g4dn.2xlarge; NVIDIA A10G (22 GiB): g5.2xlarge).',
      },
    ]);
    expect(codes('g4dn.2xlarge', 'm5.2xlarge')).toEqual(['error mixed-gpu-models']);
    expect(codes('g5g.xlarge', 'g5.xlarge')).toEqual(['error mixed-architectures', 'error mixed-gpu-models']);
  });

  it('that AWS does not sell are named, beside what is to say of the others', () => {
    expect(find('m6i.3xlarge', 'm6i.large')).toMatchObject([
      {
        severity: 'warning',
        code: 'unknown-instance-type',
        message: 'm6i.3xlarge is no instance type or family in the catalogue.',
      },
    ]);
    expect(find('m6i.3xlarge', 'm9z', 'm6i.large', 'm7i.large')).toMatchObject([
      {
        code: 'unknown-instance-type',
        message: 'm6i.3xlarge and m9z are no instance types or families in the catalogue.',
      },
      { code: 'several-compatibility-groups' },
    ]);
  });

  it('may form a group of the users’ own', () => {
    const types = ['m6i.large', 'm6id.large'];
    const own = { id: 'cgrp_1', name: 'ice-lake', instanceTypes: types };
    expect(codes(...types)).toEqual(['warning no-compatibility-group']);
    expect(groupFindings(types, [...groups, own], catalogue)).toEqual([]);
    expect(groupFindings(types, [], catalogue)).toMatchObject([{ code: 'no-compatibility-group' }]);
  });

  it('each have a reason and a remedy', () => {
    for (const finding of [
      ...find('m6i.3xlarge', 'm6i', 'm7g'),
      ...find('g5.xlarge', 'g6.xlarge'),
      ...find('optimal'),
    ]) {
      expect(finding.why).toMatch(/\.$/);
      expect(finding.remedy).toMatch(/\.$/);
    }
  });
});
