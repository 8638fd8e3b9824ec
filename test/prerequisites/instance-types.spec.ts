import type { CompatibilityGroupDto } from '../../src/server/instance-catalog/dto/compatibility-group.dto.js';
import { CompatibilityCheck } from '../../src/server/instance-catalog/compatibility-check.js';
import type { RestoreTargetTypeDto } from '../../src/server/checkpoints/dto/restore-target.dto.js';
import type { HostFacts } from '../../src/protocol/host-facts.js';
import { FakeAgent } from '../support/fake-agent.js';
import { RunningJobs } from '../support/running-jobs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const GIB = 1024 ** 3;
/** "AWS Approved CPU/GPU Matching Instance Types", as listed. */
const GROUPS = [
  ['Group 1', 'r5.large', 'r5.24xlarge'],
  ['Group 2', 'r7i.large', 'r7i.24xlarge'],
  ['Group 3', 'm5.large', 'm5.24xlarge'],
  ['Group 4', 'm6i.large', 'm6i.32xlarge'],
  ['Group 5', 'm7i.large', 'm7i.24xlarge'],
  ['Group 6', 'c7i.large', 'c7i.24xlarge'],
  ['Group 7', 'g4dn.2xlarge', 'g4dn.4xlarge'],
  ['Group 8', 'g5.2xlarge', 'g5.4xlarge'],
  ['Group 9', 'g6.2xlarge', 'g6.4xlarge'],
] as const;

describe('CPU/GPU compute instance types must match', () => {
  let server: TestApp;
  let jobs: RunningJobs;
  beforeAll(async () => {
    server = await startTestApp();
    jobs = await RunningJobs.on(server);
  });
  afterAll(() => server.close());

  const get = async (path: string) => (await server.api('get', path).expect(200)).body;
  const check = (...instanceTypes: string[]) => server.app.get(CompatibilityCheck).findings(instanceTypes);

  /** Where an image of a job on an instance of that type can go, of these types. */
  async function targetsFrom(
    instanceType: string,
    facts: Partial<HostFacts>,
  ): Promise<(type: string) => Promise<RestoreTargetTypeDto>> {
    const instance = { instanceId: 'i-1', instanceType, region: 'us-east-1', availabilityZone: 'us-east-1a' };
    const agent = await FakeAgent.start(server.url, jobs.joinToken, {
      storageId: jobs.storageId,
      facts: { instance, ...facts },
    });
    const job = `job-on-${instanceType}`;
    await agent.report(agent.container(job));
    const image = agent.image({ storageId: jobs.storageId, gpus: facts.gpus ?? [] });
    const report = agent.checkpoint(job, 'committed', { image });
    await agent.report(report);
    return async (type) =>
      (await get(`/checkpoints/${report.checkpointId}/restore-targets?instanceType=${type}`)).instanceTypes[0];
  }

  describe('AWS approved CPU/GPU matching instance types', () => {
    it('are nine groups', async () => {
      const { items } = (await get('/compatibility-groups?builtIn=true')) as { items: CompatibilityGroupDto[] };
      expect(items.map((group) => group.source!.listed).sort()).toEqual(
        GROUPS.map(([name, first, last]) => `${name}: ${first} - ${last}`),
      );
    });

    it.each(GROUPS)('%s: %s - %s can be used together in one compute environment', async (_, first, last) => {
      const [group] = (await get(`/compatibility-groups?name=${first}-${last}`)).items as CompatibilityGroupDto[];
      expect([group!.instanceTypes[0], group!.instanceTypes.at(-1)]).toEqual([first, last]);
      expect(group!.source!.notSold).toEqual([]);
      for (const type of group!.instanceTypes) await get(`/instance-types/${type}`);
      expect(await check(...group!.instanceTypes)).toEqual([]);
    });

    it.each(GROUPS.flatMap(([name, first], i) => GROUPS.slice(i + 1).map(([other, of]) => [name, other, first, of])))(
      '%s and %s cannot',
      async (_, __, first, other) => {
        const findings = await check(first, other);
        expect(findings).toHaveLength(1);
        expect(['several-compatibility-groups', 'mixed-gpu-models']).toContain(findings[0]!.code);
        expect(findings[0]!.message).toContain(other);
      },
    );
  });

  describe('a checkpoint created on an Intel Xeon Platinum 8000 series processor', () => {
    it('cannot be restored on a Graviton processor, and the answer says why', async () => {
      const to = await targetsFrom('m5.xlarge', {});
      expect(await to('m6g.xlarge')).toMatchObject({
        suitable: false,
        obstacles: [
          {
            code: 'architecture-mismatch',
            message: 'the image was taken on x86_64, m6g.xlarge is aarch64',
            remedy: 'allow only x86_64 instance types in the compute environment',
          },
        ],
      });
      expect(await to('m5.2xlarge')).toMatchObject({ suitable: true, basis: 'group' });
    });

    it('so both in one environment are an error', async () => {
      expect(await check('m5.large', 'm6g.large')).toMatchObject([
        {
          severity: 'error',
          code: 'mixed-architectures',
          message: expect.stringContaining('aarch64: m6g.large; x86_64: m5.large'),
        },
      ]);
    });
  });

  describe('checkpoint and restore on the same GPU model', () => {
    it('from g4dn.2xlarge (NVIDIA T4) to g4dn.4xlarge (NVIDIA T4), not to g5.2xlarge (NVIDIA A10G)', async () => {
      const gpus = [{ model: 'Tesla T4', memoryBytes: 15 * GIB }];
      const to = await targetsFrom('g4dn.2xlarge', { gpus, nvidiaDriver: '570.133.20', memoryBytes: 32 * GIB });
      expect(await to('g4dn.4xlarge')).toMatchObject({ suitable: true, basis: 'group', obstacles: [] });
      expect(await to('g5.2xlarge')).toMatchObject({
        suitable: false,
        obstacles: [
          {
            code: 'gpu-model-mismatch',
            message: 'the image holds the memory of a GPU T4 (15.0 GiB), g5.2xlarge has A10G (22.4 GiB)',
          },
        ],
      });
    });
  });
});
