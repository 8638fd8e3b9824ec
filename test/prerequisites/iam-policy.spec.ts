import { DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import type { PreflightSectionDto } from '../../src/server/preflight/dto/preflight-section.dto.js';
import { policyDocumentFor } from '../../src/server/preflight/iam/least-privilege.js';
import { ANYWHERE } from '../../src/server/preflight/iam/policy-scope.js';
import { FakeIamSimulation } from '../fakes/fake-iam-simulation.js';
import { type AccessKey, allow, deny, IamAccount, type Policies } from '../support/iam-account.js';
import { type Moto, startMoto } from '../support/moto.js';
import { environmentInAws, preflight, section } from '../support/preflights.js';
import { describeNeeding } from '../support/requires.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** What the product's prerequisites ask for, row by row. */
const REQUIRED_PERMISSIONS: [functionality: string, actions: string[]][] = [
  ['dashboard', ['pricing:GetProducts', 'ec2:DescribeSpotPriceHistory']],
  [
    'auto-ebs',
    [
      'ec2:CreateTags',
      'ec2:CreateVolume',
      'ec2:CreateSnapshot',
      'ec2:DeleteVolume',
      'ec2:DeleteSnapshot',
      'ec2:DescribeVolumes',
      'ec2:DescribeSnapshots',
      'ec2:AttachVolume',
      'ec2:DetachVolume',
      'batch:DescribeJobs',
    ],
  ],
];
const DASHBOARD_AND_AUTO_EBS = REQUIRED_PERMISSIONS.flatMap(([, actions]) => actions);
const FUNCTIONALITIES = REQUIRED_PERMISSIONS.map(([functionality]) => functionality);

const VOLUME_1 = 'arn:aws:ec2:us-east-1:123456789012:volume/vol-1';

describeNeeding(['moto'], 'AWS IAM policy configuration', () => {
  let moto: Moto;
  let account: IamAccount;
  let simulator: FakeIamSimulation;
  let server: TestApp;
  beforeAll(async () => {
    moto = await startMoto();
    account = new IamAccount(moto);
    simulator = await FakeIamSimulation.start(moto.url);
    simulator.away = true;
    // The server's own user may read policies, as this product says it needs, and become other roles. (The emulator enforces
    // actions, and no policy that names resources.)
    const reading = policyDocumentFor(['iam-policies'], ANYWHERE).Statement.flatMap(({ Action }) => Action);
    const inline = [allow([...reading, 'sts:AssumeRole'])];
    const { key } = await account.user({ inline });
    process.env['AWS_ACCESS_KEY_ID'] = key.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = key.secretAccessKey;
    server = await startTestApp();
  });
  afterAll(async () => {
    await server.close();
    account.close();
    await simulator.close();
    await moto.close();
  });
  /** The IAM section for somebody, asked for what the prerequisites ask for. */
  async function check(principalArn: string): Promise<PreflightSectionDto> {
    const body = { checks: ['iam'], functionalities: FUNCTIONALITIES, principalArn, region: 'us-east-1' };
    return section(await preflight(server, body), 'iam', null);
  }
  const decisions = ({ iam }: PreflightSectionDto): Record<string, string> =>
    Object.fromEntries(iam!.actions.map(({ action, decision }) => [action, decision]));
  const allAre = (decision: string): Record<string, string> =>
    Object.fromEntries(DASHBOARD_AND_AUTO_EBS.map((action) => [action, decision]));
  const codes = ({ findings }: PreflightSectionDto): string[] => findings.map(({ code }) => code);

  describe('Required permissions', () => {
    it.each(REQUIRED_PERMISSIONS)('%s: %j', async (functionality, actions) => {
      const { body } = await server
        .api('get', `/preflights/iam-policy?functionality=${functionality}`, await server.token('viewer'))
        .expect(200);
      const named = (body as { Statement: { Action: string[] }[] }).Statement.flatMap(({ Action }) => Action);
      expect(named.toSorted()).toEqual(actions.toSorted());
    });
  });

  describe('Method 1: the IAM policy simulator', () => {
    beforeAll(() => (simulator.away = false));
    afterAll(() => (simulator.away = true));
    const somebody = 'arn:aws:iam::123456789012:role/team/batchpoint';

    it('shows all the actions as allowed', async () => {
      simulator.decide = () => ({ decision: 'allowed', policy: 'batchpoint' });
      const found = await check(somebody);
      expect(found).toMatchObject({ status: 'passed', findings: [], iam: { method: 'simulation', missing: [] } });
      expect(decisions(found)).toEqual(allAre('allowed'));
      expect(simulator.calls.flatMap(({ actions }) => actions).toSorted()).toEqual(DASHBOARD_AND_AUTO_EBS.toSorted());
      for (const { principalArn } of simulator.calls) expect(principalArn).toBe(somebody);
    });

    it('shows which are denied: the policy needs modification', async () => {
      simulator.decide = (action) => ({ decision: action === 'pricing:GetProducts' ? 'implicitDeny' : 'allowed' });
      const found = await check(somebody);
      expect(found).toMatchObject({
        status: 'failed',
        findings: [
          { code: 'iam-action-missing', message: expect.stringMatching(/^dashboard lacks pricing:GetProducts/) },
        ],
        iam: {
          missing: ['pricing:GetProducts'],
          missingPolicy: { Statement: [{ Action: ['pricing:GetProducts'], Resource: '*' }] },
        },
      });
    });

    it('is asked on the resources where AWS looks at them', async () => {
      simulator.decide = (action, resource) => ({
        decision: action === 'ec2:AttachVolume' && resource.includes(':instance/') ? 'implicitDeny' : 'allowed',
      });
      expect((await check(somebody)).iam!.missing).toEqual(['ec2:AttachVolume']);
    });

    it('tells what a statement, the boundary or the organization denies from what nothing allows', async () => {
      simulator.decide = (action) => {
        if (action === 'ec2:DeleteVolume') return { decision: 'explicitDeny', policy: 'no-deletes' };
        if (action === 'ec2:CreateVolume') return { decision: 'implicitDeny', allowedByBoundary: false };
        if (action === 'batch:DescribeJobs') return { decision: 'implicitDeny', allowedByOrganization: false };
        if (action === 'ec2:CreateTags') return { decision: 'allowed', missingContext: ['aws:RequestTag/team'] };
        return { decision: 'allowed' };
      };
      const found = await check(somebody);
      expect(codes(found)).toEqual(['iam-action-denied', 'iam-boundary', 'iam-organization', 'iam-conditional']);
      expect(decisions(found)).toMatchObject({ 'ec2:CreateTags': 'conditional', 'ec2:CreateVolume': 'denied' });
      // Attaching a policy helps with none of them.
      expect(found.iam).toMatchObject({ missingPolicy: null });
      expect(found.iam!.missing).toHaveLength(3);
    });
  });

  describe('Method 2: the policies themselves, with IAM enforced', () => {
    // Everyone is made before enforcement begins, and the emulator then holds all, the server included, to their policies.
    const people = {
      'allowed everything, by an attached policy': { attached: [allow(DASHBOARD_AND_AUTO_EBS)] },
      'allowed everything, by wildcards': { inline: [allow(['ec2:*', 'batch:Describe*']), allow('pricing:Get*')] },
      'allowed everything but the dangerous': {
        inline: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }] }],
      },
      'without prices': {
        inline: [allow(DASHBOARD_AND_AUTO_EBS.filter((action) => action !== 'pricing:GetProducts'))],
      },
      'denied deletions': { inline: [allow('*')], attached: [deny('ec2:Delete*')] },
      'allowed by groups': { group: [allow('ec2:*'), allow(['batch:*', 'pricing:*'])], path: '/team/batch/' },
      'allowed on conditions': {
        inline: [allow('*', '*', { Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } })],
      },
      'allowed in the region': {
        inline: [allow('*', '*', { Condition: { StringEquals: { 'aws:RequestedRegion': 'us-east-1' } } })],
      },
      'allowed some volumes': {
        inline: [
          allow(DASHBOARD_AND_AUTO_EBS.filter((each) => each !== 'ec2:DeleteVolume')),
          allow('ec2:DeleteVolume', VOLUME_1),
        ],
      },
      'allowed nothing': {},
    } satisfies Record<string, Policies>;
    const arns: Record<string, string> = {};
    let heldByBoundary: string;
    let changedPolicy: string;
    let withoutRights: string;
    beforeAll(async () => {
      for (const [name, policies] of Object.entries(people)) arns[name] = (await account.user(policies)).arn;
      const changed = await account.user({});
      await account.attach(changed.name, allow(DASHBOARD_AND_AUTO_EBS.slice(1)), allow(DASHBOARD_AND_AUTO_EBS));
      changedPolicy = changed.arn;
      // The emulator keeps boundaries of roles only.
      const held = { inline: [allow('*')], boundary: allow(['ec2:*', 'batch:*']), path: '/team/' };
      heldByBoundary = (await account.role(held)).arn;
      const { arn } = await account.role({});
      withoutRights = await environmentInAws(server, 'without-rights', { roleArn: arn });
      await moto.enforceIam();
    });
    afterAll(() => moto.allowAll());
    const checked = (name: keyof typeof people): Promise<PreflightSectionDto> => check(arns[name]!);

    it.each([
      'allowed everything, by an attached policy',
      'allowed everything, by wildcards',
      'allowed everything but the dangerous',
      'allowed by groups',
      'allowed in the region',
    ] as const)('%s: all is allowed', async (name) => {
      const found = await checked(name);
      expect(found).toMatchObject({ status: 'passed', iam: { method: 'policies', missing: [], missingPolicy: null } });
      expect(decisions(found)).toEqual(allAre('allowed'));
      // What cannot be read is said.
      expect(found.findings).toMatchObject([
        {
          code: 'iam-organization-unread',
          severity: 'info',
          message: expect.stringContaining('iam:SimulatePrincipalPolicy'),
        },
      ]);
    });

    it('one action is missing', async () => {
      const found = await checked('without prices');
      expect(found).toMatchObject({ status: 'failed', iam: { missing: ['pricing:GetProducts'] } });
      expect(codes(found)).toEqual(['iam-action-missing', 'iam-organization-unread']);
    });

    it('the version of a policy that is in force counts', async () => {
      expect((await check(changedPolicy)).iam!.missing).toEqual(['pricing:GetProducts']);
    });

    it('an explicit deny wins, and is named', async () => {
      const found = await checked('denied deletions');
      expect(found.iam!.missing).toEqual(['ec2:DeleteVolume', 'ec2:DeleteSnapshot']);
      expect(found.findings[0]).toMatchObject({
        code: 'iam-action-denied',
        message: expect.stringMatching(
          /auto-ebs is denied ec2:DeleteVolume \(denied by managed policy arn:.*, statement Never\)/,
        ),
      });
      expect(found.iam!.missingPolicy).toBeNull();
    });

    it('a permissions boundary holds', async () => {
      const found = await check(heldByBoundary);
      expect(found.iam!.missing).toEqual(['pricing:GetProducts']);
      expect(codes(found)).toContain('iam-boundary');
    });

    it.each(['allowed on conditions', 'allowed some volumes'] as const)('%s: no promise', async (name) => {
      const found = await checked(name);
      expect(found).toMatchObject({ status: 'passed', iam: { missing: [] } });
      expect(codes(found)).toContain('iam-conditional');
      expect(decisions(found)['ec2:DeleteVolume']).toBe('conditional');
    });

    it('nothing is allowed: every action is named', async () => {
      const found = await checked('allowed nothing');
      expect(decisions(found)).toEqual(allAre('denied'));
      const said = found.findings.map(({ message }) => message).join(' ');
      for (const action of DASHBOARD_AND_AUTO_EBS) expect(said).toContain(action);
      expect(found.iam!.missingPolicy).toEqual(found.iam!.policy);
    });

    it('neither method is allowed: it says that it cannot tell, and what it needs', async () => {
      const report = await preflight(server, { checks: ['iam'], computeEnvironmentId: withoutRights });
      const found = section(report, 'iam', withoutRights);
      expect(found).toMatchObject({ status: 'failed', iam: { method: 'none', missing: [] } });
      expect(found.findings).toMatchObject([
        {
          code: 'iam-cannot-tell',
          message: expect.stringMatching(/iam:SimulatePrincipalPolicy.*iam:GetRole/),
          remedy: expect.stringMatching(/iam:SimulatePrincipalPolicy and iam:GetRole.*functionality=iam-policies/s),
        },
      ]);
      for (const { decision } of found.iam!.actions) expect(decision).toBe('unknown');
    });

    it('there is no such user', async () => {
      const found = await check('arn:aws:iam::123456789012:user/nobody');
      expect(found.findings).toMatchObject([{ code: 'iam-cannot-tell', message: expect.stringContaining('no such') }]);
    });

    it('of another account nothing can be read', async () => {
      const found = await check('arn:aws:iam::210987654321:user/anna');
      expect(found.findings).toMatchObject([
        { code: 'iam-cannot-tell', message: expect.stringContaining('210987654321') },
      ]);
    });
  });

  describe('If permissions are missing', () => {
    afterAll(() => moto.allowAll());

    async function describeVolumes({ accessKeyId, secretAccessKey }: AccessKey): Promise<string> {
      const ec2 = new EC2Client({ region: 'us-east-1', credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 });
      try {
        await ec2.send(new DescribeVolumesCommand({}));
        return 'allowed';
      } catch (error) {
        return (error as Error).name;
      } finally {
        ec2.destroy();
      }
    }

    it("an administrator attaches the report's policy, and they are not missing any more", async () => {
      const { arn, name, key } = await account.user({ inline: [allow('pricing:GetProducts')] });
      await moto.enforceIam();
      const { iam } = await check(arn);
      expect(iam!.missing).toEqual(DASHBOARD_AND_AUTO_EBS.filter((action) => action !== 'pricing:GetProducts'));
      expect(await describeVolumes(key)).toBe('AccessDenied');

      await moto.allowAll();
      await account.attach(name, iam!.missingPolicy!);
      await moto.enforceIam();
      expect(await check(arn)).toMatchObject({ status: 'passed', iam: { missing: [], missingPolicy: null } });
      expect(await describeVolumes(key)).toBe('allowed');
    });
  });
});
