import fc from 'fast-check';
import { FUNCTIONALITY_ACTIONS } from './functionality-actions.js';
import { FUNCTIONALITIES } from './functionality.js';
import { POLICY_LIMIT, policyDocumentFor, policyLength } from './least-privilege.js';
import { evaluate } from './policy-evaluation.js';
import { ANYWHERE, partitionOf, type PolicyScope, resourcesIn, SCOPE_NAMES } from './policy-scope.js';

const HERE: PolicyScope = { partition: 'aws', region: 'us-east-1', accountId: '123456789012', names: {} };

describe('the policy of functionalities', () => {
  it('of the dashboard', () => {
    expect(policyDocumentFor(['dashboard'], HERE)).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'Dashboard',
          Effect: 'Allow',
          Action: ['pricing:GetProducts', 'ec2:DescribeSpotPriceHistory'],
          Resource: '*',
        },
      ],
    });
  });

  it('of Auto EBS names volumes, snapshots and instances where AWS lets it', () => {
    const [volume, snapshot, instance] = [
      'arn:aws:ec2:us-east-1:123456789012:volume/*',
      'arn:aws:ec2:us-east-1::snapshot/*',
      'arn:aws:ec2:us-east-1:123456789012:instance/*',
    ];
    expect(policyDocumentFor(['auto-ebs'], HERE).Statement).toEqual([
      {
        Sid: 'AutoEbs',
        Effect: 'Allow',
        Action: ['ec2:CreateTags', 'ec2:CreateVolume', 'ec2:CreateSnapshot'],
        Resource: [volume, snapshot],
      },
      { Sid: 'AutoEbs2', Effect: 'Allow', Action: ['ec2:DeleteVolume'], Resource: [volume] },
      { Sid: 'AutoEbs3', Effect: 'Allow', Action: ['ec2:DeleteSnapshot'], Resource: [snapshot] },
      {
        Sid: 'AutoEbs4',
        Effect: 'Allow',
        Action: ['ec2:DescribeVolumes', 'ec2:DescribeSnapshots', 'batch:DescribeJobs'],
        Resource: '*',
      },
      {
        Sid: 'AutoEbs5',
        Effect: 'Allow',
        Action: ['ec2:AttachVolume', 'ec2:DetachVolume'],
        Resource: [volume, instance],
      },
    ]);
  });

  it('narrows to the names given, and to each of several', () => {
    const scope = { ...HERE, names: { bucket: ['one', 'two'] } };
    expect(policyDocumentFor(['storage-juicefs'], scope).Statement[0]).toMatchObject({
      Action: expect.arrayContaining(['s3:ListBucket', 's3:GetEncryptionConfiguration']),
      Resource: ['arn:aws:s3:::one', 'arn:aws:s3:::two'],
    });
  });

  it('takes what a template puts in later as it is', () => {
    const scope = { ...HERE, partition: '${AWS::Partition}', region: '${AWS::Region}', accountId: '${AWS::AccountId}' };
    expect(JSON.stringify(policyDocumentFor(['auto-ebs'], scope))).toContain(
      'arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:volume/*',
    );
  });

  it('holds only the actions asked for', () => {
    const policy = policyDocumentFor(
      ['dashboard', 'auto-ebs'],
      HERE,
      new Set(['pricing:GetProducts', 'ec2:DeleteVolume']),
    );
    expect(policy.Statement.map(({ Action }) => Action)).toEqual([['pricing:GetProducts'], ['ec2:DeleteVolume']]);
  });

  it('says nothing twice, and names its statements apart', () => {
    const { Statement } = policyDocumentFor([...FUNCTIONALITIES, ...FUNCTIONALITIES], HERE);
    const grants = Statement.flatMap(({ Action, Resource }) => Action.map((action) => `${action} ${String(Resource)}`));
    expect(new Set(grants).size).toBe(grants.length);
    const sids = Statement.map(({ Sid }) => Sid);
    expect(new Set(sids).size).toBe(sids.length);
    for (const sid of sids) expect(sid).toMatch(/^[A-Za-z0-9]+$/);
  });

  it('fits into one managed policy, whatever is asked for', () => {
    const long = { partition: 'aws-us-gov', region: 'us-gov-west-1', accountId: '123456789012', names: {} };
    expect(policyLength(policyDocumentFor(FUNCTIONALITIES, long))).toBeLessThan(POLICY_LIMIT);
    const names = Object.fromEntries(
      SCOPE_NAMES.map((name) => [name, Array.from({ length: 50 }, (_, i) => `${name}-${'x'.repeat(40)}-${i}`)]),
    );
    expect(policyLength(policyDocumentFor(FUNCTIONALITIES, { ...long, names }))).toBeLessThan(POLICY_LIMIT);
  });

  it('allows what it is for, and nothing else', () => {
    const everyAction = FUNCTIONALITIES.flatMap((functionality) => FUNCTIONALITY_ACTIONS[functionality]);
    fc.assert(
      fc.property(fc.subarray([...FUNCTIONALITIES], { minLength: 1 }), (asked) => {
        const document = policyDocumentFor(asked, HERE);
        const wanted = new Set(asked.flatMap((each) => FUNCTIONALITY_ACTIONS[each].map(({ action }) => action)));
        for (const { action, resources } of everyAction) {
          for (const resource of resources.flatMap((template) => resourcesIn(template, HERE))) {
            const call = { action, resource, context: new Map() };
            const { decision } = evaluate({ identity: [{ name: 'ours', document }], boundary: null }, call);
            if (!wanted.has(action)) expect([action, decision]).toEqual([action, 'denied']);
          }
        }
        for (const { action, resources } of asked.flatMap((each) => FUNCTIONALITY_ACTIONS[each])) {
          for (const resource of resources.flatMap((template) => resourcesIn(template, HERE))) {
            const call = { action, resource, context: new Map() };
            const ruling = evaluate({ identity: [{ name: 'ours', document }], boundary: null }, call);
            expect([action, resource, ruling.decision]).toEqual([action, resource, 'allowed']);
          }
        }
      }),
      { numRuns: 10 },
    );
  });
});

describe('the actions of functionalities', () => {
  const all = Object.values(FUNCTIONALITY_ACTIONS).flat();

  it('each say what they are for, in a phrase that goes on', () => {
    for (const { action, why } of all) {
      expect(action).toMatch(/^[a-z0-9]+:[A-Z][A-Za-z0-9]+$/);
      expect([action, why]).toEqual([action, expect.stringMatching(/^[a-z].*[^.]$/)]);
    }
  });

  it('are on ARNs, or on * alone', () => {
    for (const { action, resources } of all) {
      if (resources.includes('*')) expect([action, resources]).toEqual([action, ['*']]);
      else for (const resource of resources) expect(resource).toMatch(/^arn:\{partition\}:[a-z0-9]+:/);
    }
  });

  it('leave no placeholder when they are scoped', () => {
    for (const { resources } of all)
      for (const template of resources) expect(resourcesIn(template, ANYWHERE).join()).not.toMatch(/[{}]/);
  });

  it('know the partition of a region', () => {
    expect(['us-east-1', 'cn-north-1', 'us-gov-west-1'].map(partitionOf)).toEqual(['aws', 'aws-cn', 'aws-us-gov']);
  });
});
