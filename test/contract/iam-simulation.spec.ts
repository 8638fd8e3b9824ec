import { IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { AwsClients } from '../../src/server/aws/aws-clients.js';
import { IamApi } from '../../src/server/aws/iam.api.js';
import { StsApi } from '../../src/server/aws/sts.api.js';
import { FakeIamSimulation } from '../fakes/fake-iam-simulation.js';
import { allow, IamAccount } from '../support/iam-account.js';
import { type Moto, startMoto } from '../support/moto.js';
import { describeNeeding } from '../support/requires.js';

const PRINCIPAL = 'arn:aws:iam::123456789012:role/batchpoint';
const VOLUME = 'arn:aws:ec2:us-east-1:123456789012:volume/*';
const INSTANCE = 'arn:aws:ec2:us-east-1:123456789012:instance/*';

/**
 * The stand-in for IAM's simulator, against what AWS documents of it (IAM API Reference: SimulatePrincipalPolicy,
 * EvaluationResult, ResourceSpecificResult), through AWS's own client; and our wrapper on top of it.
 */
describeNeeding(['moto'], 'The stand-in for the policy simulator', () => {
  let moto: Moto;
  let fake: FakeIamSimulation;
  let client: IAMClient;
  const clients = new AwsClients();
  const iam = new IamApi(clients);
  beforeAll(async () => {
    moto = await startMoto();
    fake = await FakeIamSimulation.start(moto.url);
    client = new IAMClient({ region: 'us-east-1' });
  });
  afterAll(async () => {
    client.destroy();
    clients.onApplicationShutdown();
    await fake.close();
    await moto.close();
  });
  afterEach(() => {
    Object.assign(fake, { denied: false, pageSize: 100, decide: () => ({ decision: 'allowed' }) });
    fake.calls.length = 0;
  });
  const simulate = (actions: string[], resources: string[] = [], context = new Map<string, string[]>()) =>
    iam.simulate(moto.access, { principalArn: PRINCIPAL, actions, resources, context });

  it('answers for each action with a decision, the statements that made it, and the keys it missed', async () => {
    fake.decide = () => ({ decision: 'explicitDeny', policy: 'no-deletes', missingContext: ['aws:SourceIp'] });
    const answer = await client.send(
      new SimulatePrincipalPolicyCommand({ PolicySourceArn: PRINCIPAL, ActionNames: ['ec2:DeleteVolume'] }),
    );
    expect(answer).toMatchObject({
      IsTruncated: false,
      EvaluationResults: [
        {
          EvalActionName: 'ec2:DeleteVolume',
          EvalResourceName: '*',
          EvalDecision: 'explicitDeny',
          MatchedStatements: [
            {
              SourcePolicyId: 'no-deletes',
              SourcePolicyType: 'IAM Policy',
              StartPosition: { Line: 3, Column: 16 },
              EndPosition: { Line: 9, Column: 6 },
            },
          ],
          MissingContextValues: ['aws:SourceIp'],
        },
      ],
    });
  });

  it('answers for each resource apart when resources are named', async () => {
    fake.decide = (_, resource) =>
      resource === VOLUME
        ? { decision: 'allowed', policy: 'p' }
        : { decision: 'implicitDeny', allowedByBoundary: false };
    const { EvaluationResults } = await client.send(
      new SimulatePrincipalPolicyCommand({
        PolicySourceArn: PRINCIPAL,
        ActionNames: ['ec2:AttachVolume'],
        ResourceArns: [VOLUME, INSTANCE],
      }),
    );
    expect(EvaluationResults![0]!.ResourceSpecificResults).toEqual([
      expect.objectContaining({ EvalResourceName: VOLUME, EvalResourceDecision: 'allowed' }),
      expect.objectContaining({
        EvalResourceName: INSTANCE,
        EvalResourceDecision: 'implicitDeny',
        PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false },
      }),
    ]);
    expect(await simulate(['ec2:AttachVolume'], [VOLUME, INSTANCE])).toEqual([
      {
        action: 'ec2:AttachVolume',
        resource: VOLUME,
        decision: 'allowed',
        missingContext: [],
        decidedBy: ['p'],
        allowedByBoundary: true,
        allowedByOrganization: true,
      },
      expect.objectContaining({ resource: INSTANCE, decision: 'implicitDeny', allowedByBoundary: false }),
    ]);
  });

  it('tells what an organization does not let through', async () => {
    fake.decide = () => ({ decision: 'implicitDeny', allowedByOrganization: false });
    expect(await simulate(['ec2:DeleteVolume'])).toMatchObject([{ resource: '*', allowedByOrganization: false }]);
  });

  it('comes in pages, and is told what is known of the call', async () => {
    fake.pageSize = 2;
    const actions = ['ec2:DescribeVolumes', 'ec2:DescribeSnapshots', 'ec2:DescribeImages'];
    const answers = await simulate(actions, [], new Map([['aws:requestedregion', ['us-east-1']]]));
    expect(answers.map(({ action }) => action)).toEqual(actions);
    expect(fake.calls).toEqual([
      { principalArn: PRINCIPAL, actions, resources: [], context: { 'aws:requestedregion': ['us-east-1'] } },
    ]);
  });

  it('is denied as everything else is', async () => {
    fake.denied = true;
    await expect(simulate(['ec2:DescribeVolumes'])).rejects.toMatchObject({
      code: 'aws-access-denied',
      action: 'iam:SimulatePrincipalPolicy',
    });
  });

  it('hands on everything else', async () => {
    const account = new IamAccount(moto);
    const { name, arn } = await account.role({ inline: [allow('s3:*')], path: '/team/' });
    account.close();
    expect(await iam.role(moto.access, name)).toEqual({ arn, boundaryArn: null });
    const [inline] = await iam.inlinePolicies(moto.access, { kind: 'role', name });
    expect(JSON.parse(await iam.inlinePolicy(moto.access, { kind: 'role', name }, inline!))).toEqual(allow('s3:*'));
    await expect(iam.user(moto.access, 'nobody')).rejects.toMatchObject({ code: 'aws-not-found' });
    expect(await new StsApi(clients).callerIdentity(moto.access)).toMatchObject({ accountId: moto.accountId });
  });
});
