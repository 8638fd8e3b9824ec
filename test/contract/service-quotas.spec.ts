import { GetServiceQuotaCommand, type ServiceQuota, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { DescribeInstanceTypesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { AwsClients } from '../../src/server/aws/aws-clients.js';
import { ServiceQuotasApi } from '../../src/server/aws/service-quotas.api.js';
import { StsApi } from '../../src/server/aws/sts.api.js';
import type { InstanceType } from '../../src/server/instance-catalog/instance-type.js';
import { QuotaCheck } from '../../src/server/quotas/quota-check.js';
import { FakeServiceQuotas } from '../fakes/fake-service-quotas.js';
import { type Moto, startMoto } from '../support/moto.js';
import { describeNeeding } from '../support/requires.js';

const GIB = 1024 ** 3;
const G_SPOT = 'L-3819A6DF';

/** The fields AWS documents for a quota (docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ServiceQuota.html) and that it always sends. */
const DOCUMENTED = {
  ServiceCode: expect.stringMatching(/^[a-zA-Z][a-zA-Z0-9-]{1,63}$/),
  ServiceName: expect.any(String),
  QuotaArn: expect.stringMatching(/^arn:aws:servicequotas:/),
  QuotaCode: expect.stringMatching(/^L-[0-9A-F]{8}$/),
  QuotaName: expect.any(String),
  Value: expect.any(Number),
  Unit: 'None',
  Adjustable: expect.any(Boolean),
  GlobalQuota: expect.any(Boolean),
};

describeNeeding(['moto'], 'Service Quotas', () => {
  let moto: Moto;
  const clients = new AwsClients();
  beforeAll(async () => {
    moto = await startMoto();
  });
  afterAll(async () => {
    clients.onApplicationShutdown();
    await moto.close();
  });

  /** What the emulator has (the quotas of VPC) and what our stand-in has (those of EC2's Spot instances) must look alike. */
  describe.each([
    ['the emulator', 'vpc', 'L-7E9ECCDB', false],
    ['the stand-in in front of it', 'ec2', G_SPOT, true],
  ])('of %s', (_, service, code, standIn) => {
    let fake: FakeServiceQuotas | undefined;
    let client: ServiceQuotasClient;
    beforeAll(async () => {
      if (standIn) (fake = await FakeServiceQuotas.start(moto.url)).applied.set(G_SPOT, 32);
      client = new ServiceQuotasClient({ region: 'us-east-1' });
    });
    afterAll(async () => {
      client.destroy();
      await fake?.close();
    });

    const read = async (quotaCode: string): Promise<ServiceQuota | undefined> =>
      (await client.send(new GetServiceQuotaCommand({ ServiceCode: service, QuotaCode: quotaCode }))).Quota;

    it('has the documented fields', async () => {
      expect(await read(code)).toMatchObject({ ...DOCUMENTED, ServiceCode: service, QuotaCode: code });
    });

    it('answers a code it does not know with NoSuchResourceException', async () => {
      await expect(read('L-00000000')).rejects.toMatchObject({ name: 'NoSuchResourceException' });
    });
  });

  describe('through our wrapper', () => {
    let fake: FakeServiceQuotas;
    const quotas = new ServiceQuotasApi(clients);
    beforeAll(async () => {
      fake = await FakeServiceQuotas.start(moto.url);
    });
    beforeEach(() => {
      fake.applied.clear();
      fake.calls.length = 0;
      fake.failure = null;
    });
    afterAll(() => fake.close());

    it('gives the value in force', async () => {
      fake.applied.set(G_SPOT, 48);
      expect(await quotas.quota(moto.access, 'ec2', G_SPOT)).toEqual({
        code: G_SPOT,
        name: 'All G and VT Spot Instance Requests',
        value: 48,
        adjustable: true,
      });
      expect(fake.calls).toEqual(['GetServiceQuota']);
    });

    it("gives AWS's default where none was ever set for the account", async () => {
      expect(await quotas.quota(moto.access, 'ec2', G_SPOT)).toMatchObject({ value: 0 });
      expect(fake.calls).toEqual(['GetServiceQuota', 'GetAWSDefaultServiceQuota']);
    });

    it('gives null for a code the region does not have', async () => {
      expect(await quotas.quota(moto.access, 'ec2', 'L-00000000')).toBeNull();
    });

    it('names the action that is not allowed', async () => {
      fake.failure = { code: 'AccessDeniedException', status: 400 };
      await expect(quotas.quota(moto.access, 'ec2', G_SPOT)).rejects.toMatchObject({
        code: 'aws-access-denied',
        action: 'servicequotas:GetServiceQuota',
      });
    });

    it('is asked alone: everything else goes through to the emulator', async () => {
      process.env['AWS_ENDPOINT_URL_STS'] = fake.url;
      const own = new AwsClients();
      try {
        expect((await new StsApi(own).callerIdentity(moto.access)).accountId).toBe(moto.accountId);
      } finally {
        own.onApplicationShutdown();
        delete process.env['AWS_ENDPOINT_URL_STS'];
      }
    });

    describe('the check', () => {
      const g4dn = async (): Promise<InstanceType[]> => {
        const ec2 = new EC2Client({ region: 'us-east-1' });
        const { InstanceTypes = [] } = await ec2.send(
          new DescribeInstanceTypesCommand({ InstanceTypes: ['g4dn.xlarge', 'g4dn.4xlarge'] }),
        );
        ec2.destroy();
        return InstanceTypes.map((found) => ({
          instanceType: found.InstanceType!,
          family: 'g4dn',
          architecture: 'x86_64',
          vcpus: found.VCpuInfo!.DefaultVCpus!,
          memoryBytes: found.MemoryInfo!.SizeInMiB! * 1024 ** 2,
          gpu: { manufacturer: 'NVIDIA', model: 'T4', count: 1, memoryBytes: 16 * GIB },
          currentGeneration: true,
          spot: true,
          bareMetal: false,
        }));
      };

      it('asks for room for two g4dn.4xlarge, of 16 vCPUs as EC2 says: 32', async () => {
        const types = await g4dn();
        const check = new QuotaCheck(quotas);
        fake.applied.set(G_SPOT, 31);
        const [finding] = await check.findings(moto.access, types);
        expect(finding).toMatchObject({ severity: 'warning', code: 'spot-quota-too-low' });
        expect(finding!.message).toContain('two g4dn.4xlarge of 16 vCPUs need 32');
        fake.applied.set(G_SPOT, 32);
        expect(await check.findings(moto.access, types, { fresh: true })).toEqual([]);
      });

      it('keeps what AWS said for a while, tells since when, and asks again when told to', async () => {
        const types = await g4dn();
        const check = new QuotaCheck(quotas);
        const before = new Date().toISOString();
        const first = await check.report(moto.access, types);
        expect(first.findings[0]?.severity).toBe('error');
        expect(first.toldAt! >= before).toBe(true);
        fake.applied.set(G_SPOT, 64);
        fake.calls.length = 0;
        expect(await check.report(moto.access, types)).toEqual(first);
        expect(fake.calls).toEqual([]);
        // Another account's quota is another one.
        const other = { ...moto.access, region: 'eu-west-1' };
        expect((await check.report(other, types)).findings).toEqual([]);
        expect((await check.report(moto.access, types, { fresh: true })).findings).toEqual([]);
      });

      it('asks AWS nothing for types that need no quota', async () => {
        expect(await new QuotaCheck(quotas).report(moto.access, [])).toEqual({ toldAt: null, findings: [] });
        expect(fake.calls).toEqual([]);
      });
    });
  });
});
