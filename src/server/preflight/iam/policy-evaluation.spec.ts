import fc from 'fast-check';
import { type NamedPolicy, parsePolicyDocument, PolicyDocumentError, type PolicyStatement } from './policy-document.js';
import { evaluate, type PlannedCall } from './policy-evaluation.js';

const VOLUMES = 'arn:aws:ec2:us-east-1:123456789012:volume/*';
const CONTEXT = new Map([
  ['aws:requestedregion', ['us-east-1']],
  ['aws:username', ['anna']],
]);
const call = (action = 'ec2:DeleteVolume', resource = VOLUMES): PlannedCall => ({ action, resource, context: CONTEXT });
const policy = (name: string, ...statements: PolicyStatement[]): NamedPolicy => ({
  name,
  document: { Version: '2012-10-17', Statement: statements },
});
const allow = (statement: Partial<PolicyStatement> = {}): PolicyStatement => ({
  Effect: 'Allow',
  Action: 'ec2:DeleteVolume',
  Resource: '*',
  ...statement,
});
const deny = (statement: Partial<PolicyStatement> = {}): PolicyStatement => allow({ Effect: 'Deny', ...statement });
const ruled = (statements: PolicyStatement[], asked = call(), boundary: PolicyStatement[] | null = null) =>
  evaluate({ identity: [policy('p', ...statements)], boundary: boundary && policy('b', ...boundary) }, asked);
const decision = (statements: PolicyStatement[], asked?: PlannedCall) => ruled(statements, asked).decision;

describe('evaluation of policies', () => {
  describe('allows', () => {
    it.each<[string, Partial<PolicyStatement>]>([
      ['the action by name', {}],
      ['in a list', { Action: ['ec2:CreateVolume', 'ec2:DeleteVolume'] }],
      ['whatever its case', { Action: 'EC2:deletevolume' }],
      ['by wildcard', { Action: 'ec2:*Volume' }],
      ['by everything', { Action: '*' }],
      ['by not being excepted', { Action: undefined, NotAction: ['iam:*', 'ec2:Describe*'] }],
      ['on all of the resources', { Resource: ['arn:aws:s3:::x', 'arn:aws:ec2:*:123456789012:volume/*'] }],
      ['on resources not excepted', { Resource: undefined, NotResource: 'arn:aws:s3:::*' }],
      ['on a condition that holds', { Condition: { StringEquals: { 'aws:RequestedRegion': 'us-east-1' } } }],
    ])('%s', (_, statement) => {
      expect(decision([allow(statement)])).toBe('allowed');
    });

    it('an action without resources by * only', () => {
      const describeVolumes = call('ec2:DescribeVolumes', '*');
      expect(decision([allow({ Action: 'ec2:Describe*' })], describeVolumes)).toBe('allowed');
      expect(decision([allow({ Action: 'ec2:Describe*', Resource: VOLUMES })], describeVolumes)).toBe('denied');
      expect(
        decision([allow({ Action: 'ec2:Describe*' }), deny({ Action: '*', Resource: VOLUMES })], describeVolumes),
      ).toBe('allowed');
    });

    it('with what is known put in for variables', () => {
      const home = call('s3:GetObject', 'arn:aws:s3:::home/anna/*');
      const statement = allow({ Action: 's3:GetObject', Resource: 'arn:aws:s3:::home/${aws:username}/*' });
      expect(decision([statement], home)).toBe('allowed');
    });
  });

  describe('denies', () => {
    it.each<[string, PolicyStatement[]]>([
      ['without any policy', []],
      ['when another action is allowed', [allow({ Action: 'ec2:DescribeVolumes' })]],
      ['when the action is excepted', [allow({ Action: undefined, NotAction: 'ec2:Delete*' })]],
      ['on other resources', [allow({ Resource: 'arn:aws:ec2:*:*:snapshot/*' })]],
      ['when the resources are excepted', [allow({ Resource: undefined, NotResource: 'arn:aws:ec2:*' })]],
      [
        'when the condition does not hold',
        [allow({ Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } } })],
      ],
    ])('%s', (_, statements) => {
      expect(ruled(statements)).toEqual({ decision: 'denied', cause: 'no-allow', detail: 'no policy allows it' });
    });

    it('explicitly, whatever else allows it, and says by what', () => {
      const statements = [allow(), deny({ Sid: 'NoDeletes', Action: 'ec2:Delete*' })];
      expect(ruled(statements)).toEqual({
        decision: 'denied',
        cause: 'explicit-deny',
        detail: 'denied by p, statement NoDeletes',
      });
    });

    it('explicitly by everything but what is excepted', () => {
      expect(decision([allow(), deny({ Action: undefined, NotAction: 'ec2:Describe*' })])).toBe('denied');
      expect(decision([allow(), deny({ Action: undefined, NotAction: 'ec2:Delete*' })])).toBe('allowed');
    });
  });

  describe('is conditional', () => {
    it.each<[string, PolicyStatement[], RegExp]>([
      [
        'on what only the call decides',
        [allow({ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } })],
        /^allowed by p, on a condition .*\(aws:SourceIp\)$/,
      ],
      ['on some resources', [allow({ Resource: VOLUMES.replace('*', 'vol-1*') })], /for some resources only/],
      [
        'on a variable that is not known',
        [allow({ Resource: 'arn:aws:ec2:us-east-1:123456789012:volume/${aws:PrincipalTag/x}*' })],
        /for some resources only/,
      ],
      [
        'on a deny that may not apply',
        [allow(), deny({ Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'false' } } })],
        /^may be denied by p, on a condition/,
      ],
      ['on a deny for some resources', [allow(), deny({ Resource: VOLUMES.replace('*', 'vol-1*') })], /^may be denied/],
    ])('%s', (_, statements, detail) => {
      expect(ruled(statements)).toEqual({
        decision: 'conditional',
        cause: null,
        detail: expect.stringMatching(detail),
      });
    });

    it('but not when something allows it without condition', () => {
      expect(decision([allow({ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }), allow()])).toBe(
        'allowed',
      );
    });
  });

  describe('with a permissions boundary', () => {
    it('needs both', () => {
      expect(ruled([allow()], call(), [allow({ Action: 'ec2:*' })]).decision).toBe('allowed');
      expect(ruled([], call(), [allow()])).toMatchObject({ decision: 'denied', cause: 'no-allow' });
      expect(ruled([allow()], call(), [])).toEqual({
        decision: 'denied',
        cause: 'boundary',
        detail: 'the permissions boundary (b) does not allow it',
      });
    });
    it('is denied by either', () => {
      expect(ruled([allow()], call(), [allow(), deny()])).toEqual({
        decision: 'denied',
        cause: 'explicit-deny',
        detail: 'denied by permissions boundary, b',
      });
      expect(ruled([allow(), deny()], call(), []).cause).toBe('explicit-deny');
    });
    it('is conditional as the more doubtful of the two', () => {
      const condition = { Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } };
      expect(ruled([allow(condition)], call(), [allow()]).decision).toBe('conditional');
      expect(ruled([allow()], call(), [allow(condition)]).decision).toBe('conditional');
    });
  });

  it('gives policies of 2008 no variables', () => {
    const document = parsePolicyDocument(
      JSON.stringify({ Statement: { Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::${aws:username}' } }),
    );
    const asked = call('s3:ListBucket', 'arn:aws:s3:::anna');
    expect(evaluate({ identity: [{ name: 'old', document }], boundary: null }, asked).decision).not.toBe('allowed');
  });

  describe('of any policies', () => {
    const action = fc.constantFrom('ec2:DeleteVolume', 'ec2:*', 'ec2:Delete*', '*', 's3:GetObject');
    const resource = fc.constantFrom('*', VOLUMES, VOLUMES.replace('*', 'vol-1'), 'arn:aws:s3:::x');
    const condition = fc.constantFrom<PolicyStatement['Condition']>(
      undefined,
      { StringEquals: { 'aws:RequestedRegion': 'us-east-1' } },
      { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } },
      { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
    );
    const statement: fc.Arbitrary<PolicyStatement> = fc
      .record({
        Effect: fc.constantFrom('Allow' as const, 'Deny' as const),
        action,
        resource,
        condition,
        not: fc.boolean(),
      })
      .map(({ Effect, action: named, resource: on, condition: Condition, not }) => ({
        Effect,
        ...(not ? { NotAction: named } : { Action: named }),
        Resource: on,
        ...(Condition ? { Condition } : {}),
      }));
    const statements = fc.array(statement, { maxLength: 5 });
    const rank = { denied: 0, unknown: 1, conditional: 1, allowed: 2 };

    it('a further deny never allows more, a further allow never less', () => {
      fc.assert(
        fc.property(statements, statement, (given, more) => {
          const [before, after] = [rank[decision(given)], rank[decision([...given, more])]];
          if (more.Effect === 'Deny') expect(after).toBeLessThanOrEqual(before);
          else expect(after).toBeGreaterThanOrEqual(before);
        }),
      );
    });
    it('the order of statements, and of the policies they are in, is of no matter', () => {
      fc.assert(
        fc.property(statements, (given) => {
          const apart = { identity: given.toReversed().map((each, i) => policy(`p${i}`, each)), boundary: null };
          expect(evaluate(apart, call()).decision).toBe(decision(given));
        }),
      );
    });
    it('a boundary never allows more', () => {
      fc.assert(
        fc.property(statements, statements, (given, boundary) => {
          expect(rank[ruled(given, call(), boundary).decision]).toBeLessThanOrEqual(rank[decision(given)]);
        }),
      );
    });
    it('what is allowed on all volumes is allowed on each', () => {
      fc.assert(
        fc.property(statements, (given) => {
          if (decision(given) !== 'allowed') return;
          expect(decision(given, call('ec2:DeleteVolume', VOLUMES.replace('*', 'vol-2')))).toBe('allowed');
        }),
      );
    });
  });
});

describe('policy documents', () => {
  it('may have one statement without a list, and no version', () => {
    const statement = { Effect: 'Allow', Action: '*', Resource: '*' };
    expect(parsePolicyDocument(JSON.stringify({ Statement: statement }))).toEqual({
      Version: '2008-10-17',
      Statement: [statement],
    });
  });

  it.each(['<html>', '[]', '"x"', '{"Statement":[{"Effect":"Perhaps"}]}', '{"Statement":["x"]}'])(
    'are not %s',
    (text) => {
      expect(() => parsePolicyDocument(text)).toThrow(PolicyDocumentError);
    },
  );
});
