import { patchedAccess } from './environment-link.js';

const linked = { region: 'us-east-1', roleArn: 'r', externalId: 'x' };

describe('how AWS is asked after a patch', () => {
  it.each<[string, Parameters<typeof patchedAccess>[1], ReturnType<typeof patchedAccess>]>([
    ['nothing keeps everything', {}, linked],
    ['a region changes alone', { region: 'eu-west-1' }, { ...linked, region: 'eu-west-1' }],
    ['no region forgets the role', { region: null }, null],
    ['no role forgets the external id', { roleArn: null }, { region: 'us-east-1', roleArn: null, externalId: null }],
    ['no external id keeps the role', { externalId: null }, { ...linked, externalId: null }],
    ['another role keeps the external id', { roleArn: 's' }, { ...linked, roleArn: 's' }],
  ])('%s', (_, patch, expected) => {
    expect(patchedAccess(linked, patch)).toEqual(expected);
  });
});
