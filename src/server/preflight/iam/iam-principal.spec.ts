import { parsePrincipal, PRINCIPAL_ARN_PATTERN } from './iam-principal.js';

describe('principals', () => {
  it.each<[string, object]>([
    ['arn:aws:iam::123456789012:root', { kind: 'root', accountId: '123456789012' }],
    ['arn:aws:iam::123456789012:user/anna', { kind: 'user', name: 'anna' }],
    ['arn:aws:iam::123456789012:user/team/batch/anna', { kind: 'user', name: 'anna' }],
    [
      'arn:aws:iam::123456789012:role/team/batchpoint',
      { kind: 'role', name: 'batchpoint', arn: 'arn:aws:iam::123456789012:role/team/batchpoint' },
    ],
    [
      'arn:aws-cn:sts::123456789012:assumed-role/batchpoint/i-0123456789abcdef0',
      { kind: 'role', name: 'batchpoint', arn: null, partition: 'aws-cn', accountId: '123456789012' },
    ],
    ['arn:aws:sts::123456789012:federated-user/anna', { kind: 'other', accountId: '123456789012' }],
    ['arn:aws:iam::123456789012:group/batch', { kind: 'other' }],
    ['nonsense', { kind: 'other', accountId: '' }],
  ])('%s', (arn, expected) => {
    expect(parsePrincipal(arn)).toMatchObject(expected);
  });

  it('may be asked about when they are roles, users, sessions of roles, or the root user', () => {
    for (const arn of [
      'arn:aws:iam::123456789012:root',
      'arn:aws:iam::123456789012:user/team/anna',
      'arn:aws-us-gov:iam::123456789012:role/batchpoint',
      'arn:aws:sts::123456789012:assumed-role/batchpoint/session',
    ])
      expect(arn).toMatch(PRINCIPAL_ARN_PATTERN);
    for (const arn of ['batchpoint', 'arn:aws:iam::12:user/x', 'arn:aws:iam::123456789012:group/x', 'arn:aws:s3:::x'])
      expect(arn).not.toMatch(PRINCIPAL_ARN_PATTERN);
  });
});
