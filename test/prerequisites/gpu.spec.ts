import { gpuHostFindings } from '../../src/agent/doctor/gpu.check.js';
import { gpuJobProblem } from '../../src/agent/gpu/gpu-rules.js';
import type { Gpu } from '../../src/protocol/gpu.js';
import type { HostFacts } from '../../src/protocol/host-facts.js';
import { FakeServiceQuotas } from '../fakes/fake-service-quotas.js';
import { AwsFixtures } from '../support/aws-fixtures.js';
import { FakeAgent, health } from '../support/fake-agent.js';
import { type Moto, startMoto } from '../support/moto.js';
import { describeNeeding } from '../support/requires.js';
import { RunningJobs } from '../support/running-jobs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const GIB = 1024 ** 3;
const G_SPOT = 'L-3819A6DF';
/** As the driver counts: a T4 of 16 GiB shows 15, an A10G of 24 GB 22.5. */
const T4: Gpu = { model: 'Tesla T4', memoryBytes: 15 * GIB, uuid: 'GPU-11111111-2222-3333-4444-555555555555' };
const A10G: Gpu = { model: 'NVIDIA A10G', memoryBytes: 22.5 * GIB, uuid: 'GPU-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee' };

interface Finding {
  severity: string;
  code: string;
  message: string;
  why: string;
  remedy: string;
}
interface Obstacle {
  code: string;
  message: string;
}

function instance(instanceType: string, memoryGib: number, changes: Partial<HostFacts> = {}): Partial<HostFacts> {
  return {
    hostName: instanceType,
    memoryBytes: memoryGib * GIB,
    gpus: [T4],
    nvidiaDriver: '570.86.15',
    gpuCheckpoints: true,
    instance: { instanceId: `i-${instanceType}`, instanceType, region: 'us-east-1', availabilityZone: 'us-east-1a' },
    ...changes,
  };
}

describeNeeding(['moto'], 'Prerequisite: using GPU instances', () => {
  let moto: Moto;
  let quotas: FakeServiceQuotas;
  let aws: AwsFixtures;
  let server: TestApp;
  let jobs: RunningJobs;
  beforeAll(async () => {
    moto = await startMoto();
    quotas = await FakeServiceQuotas.start(moto.url);
    aws = new AwsFixtures();
    server = await startTestApp();
    jobs = await RunningJobs.on(server);
  }, 60_000);
  afterAll(async () => {
    await server.close();
    aws.close();
    await quotas.close();
    await moto.close();
  });

  const findingsOf = async (id: string): Promise<Finding[]> =>
    (await server.api('get', `/compute-environments/${id}/findings`).expect(200)).body.items;
  let serial = 0;
  /** Known by its list of types only, so that AWS is not asked. */
  const environmentOf = async (...instanceTypes: string[]): Promise<string> => {
    const body = { name: `gpu-${(serial += 1)}`, storageId: jobs.storageId, instanceTypes };
    return (await server.api('post', '/compute-environments').send(body).expect(201)).body.id;
  };
  const start = (facts: Partial<HostFacts>): Promise<FakeAgent> =>
    FakeAgent.start(server.url, jobs.joinToken, { storageId: jobs.storageId, facts });

  describe('user environment', () => {
    it('NVIDIA Linux driver 570.86 and after: an older one is among the findings of the environment of its host', async () => {
      const id = await environmentOf('g4dn.2xlarge');
      const agent = new FakeAgent(server.url);
      await agent.enrol(await server.joinToken(id));
      await agent.open();
      // What `batchpoint doctor` makes of the answer of nvidia-smi.
      const found = (driver: string) => gpuHostFindings({ gpus: [T4], driver, problem: null }, [], 31 * GIB);
      await agent.heartbeat({ storage: health(jobs.storageId), findings: found('550.54.14') });
      const [finding] = (await findingsOf(id)).filter(({ code }) => code === 'host-check-failed');
      expect(finding?.message).toContain('NVIDIA driver 550.54.14; GPU memory is checkpointed from 570.86 on');
      expect(finding?.remedy).toContain('570.86');
      await agent.heartbeat({ storage: health(jobs.storageId), findings: found('570.86.10') });
      expect((await findingsOf(id)).filter(({ code }) => code === 'host-check-failed')).toEqual([]);
    });

    it('service quotas: two g4dn.4xlarge of 16 vCPUs need 32 of "All G and VT Spot Instance Requests"', async () => {
      const { name } = await aws.createComputeEnvironment({ resources: { instanceTypes: ['g4dn.4xlarge'] } });
      quotas.applied.set(G_SPOT, 16);
      const body = { name, region: 'us-east-1', storageId: jobs.storageId };
      const answer = await server.api('post', '/compute-environments').send(body).expect(201);
      const quota = (answer.body.findings as Finding[]).find(({ code }) => code === 'spot-quota-too-low');
      expect(quota).toMatchObject({ severity: 'warning' });
      expect(quota!.message).toBe(
        'The quota "All G and VT Spot Instance Requests" (L-3819A6DF) is 16 vCPUs in us-east-1; two g4dn.4xlarge of 16 vCPUs need 32.',
      );
      expect(quota!.remedy).toContain('--desired-value 32');
    });

    it('service quotas: the default of 0 lets nothing start, and 32 is enough', async () => {
      const find = async (region: string): Promise<Finding[]> => {
        // Another region, since what AWS said of the first one is kept for a while; roles are of all regions.
        await moto.reset();
        const fixtures = new AwsFixtures(region);
        const resources = { instanceTypes: ['g4dn.4xlarge'] };
        const { name } = await fixtures.createComputeEnvironment({ name: `gpu-${region}`, resources });
        fixtures.close();
        const body = { name, region, storageId: jobs.storageId };
        const answer = await server.api('post', '/compute-environments?dryRun=true').send(body).expect(201);
        return (answer.body.findings as Finding[]).filter(({ code }) => code.startsWith('spot-quota'));
      };
      quotas.applied.delete(G_SPOT);
      expect(await find('eu-west-1')).toMatchObject([{ severity: 'error', code: 'spot-quota-too-low' }]);
      quotas.applied.set(G_SPOT, 32);
      expect(await find('eu-central-1')).toEqual([]);
    });

    it('version: an agent that carries no GPU memory says so, and no such image is restored there', async () => {
      const [image] = await imageOf(await start(instance('g4dn.2xlarge', 31)));
      const able = await start(instance('g4dn.2xlarge', 31));
      const unable = await start(instance('g4dn.2xlarge', 31, { gpuCheckpoints: false }));
      expect(await obstacles(image!, able)).toEqual([]);
      expect(await obstacles(image!, unable)).toMatchObject([{ code: 'host-not-ready' }]);
    });
  });

  /** Ids of committed checkpoints of jobs with the GPU of this host. */
  async function imageOf(agent: FakeAgent, residentGib = 4): Promise<string[]> {
    const job = `gpu-job-${(serial += 1)}`;
    await agent.report(agent.container(job));
    const image = agent.image({ storageId: jobs.storageId, residentBytes: residentGib * GIB, gpus: agent.facts.gpus! });
    const report = agent.checkpoint(job, 'committed', { image });
    expect((await agent.report(report)).body).toMatchObject({ accepted: 1, rejected: [] });
    return [report.checkpointId];
  }

  async function obstacles(checkpointId: string, agent: FakeAgent): Promise<Obstacle[]> {
    const { body } = await server.api('get', `/checkpoints/${checkpointId}/restore-targets?pageSize=200`).expect(200);
    const target = body.items.find((item: { hostId: string }) => item.hostId === agent.hostId);
    expect(target.suitable).toBe(target.obstacles.length === 0);
    return target.obstacles;
  }

  /** What the agent tells of a job's container on such a host. */
  async function unprotected(facts: Partial<HostFacts>, memoryLimitGib: number): Promise<Obstacle | null> {
    const agent = await start(facts);
    const { gpus = [], memoryBytes, nvidiaDriver = null, gpuCheckpoints = false } = agent.facts;
    const container = { count: gpus.length, gpus, memoryLimitBytes: memoryLimitGib * GIB };
    const reason = gpuJobProblem(container, { memoryBytes, driver: nvidiaDriver, gpuCheckpoints });
    const job = `started-${(serial += 1)}`;
    await agent.report(agent.container(job, { protected: reason === null, unprotectedReason: reason }));
    const { body } = await server.api('get', `/jobs/${job}`).expect(200);
    expect(body.protected).toBe(reason === null);
    return body.unprotectedReason;
  }

  describe('considerations and limitations', () => {
    it('single GPU: types with several are refused at registration', async () => {
      const [finding] = await findingsOf(await environmentOf('g4dn.12xlarge'));
      expect(finding).toMatchObject({ severity: 'error', code: 'several-gpus' });
      expect(finding!.message).toContain('g4dn.12xlarge (4 GPUs)');
    });

    it('single GPU: a job that was given two is not protected, and says so when it starts', async () => {
      expect(await unprotected(instance('g4dn.12xlarge', 186, { gpus: [T4, T4] }), 8)).toMatchObject({
        code: 'several-gpus',
        message: expect.stringContaining('2 GPUs'),
      });
    });

    it('the same GPU model: of a g4dn.2xlarge to a g4dn.4xlarge, and not to a g5.2xlarge', async () => {
      const [image] = await imageOf(await start(instance('g4dn.2xlarge', 31)));
      const larger = await start(instance('g4dn.4xlarge', 62));
      const other = await start(instance('g5.2xlarge', 31, { gpus: [A10G] }));
      const none = await start(instance('m6i.2xlarge', 31, { gpus: [], nvidiaDriver: null, gpuCheckpoints: false }));
      expect(await obstacles(image!, larger)).toEqual([]);
      const mismatch = (await obstacles(image!, other)).find(({ code }) => code === 'gpu-model-mismatch');
      expect(mismatch?.message).toMatch(/T4.*A10G/);
      expect((await obstacles(image!, none)).map(({ code }) => code)).toContain('gpu-model-mismatch');
    });

    it('space overhead: of the 32 GiB of a g4dn.2xlarge 16 GiB are for its GPU, and 16 GiB remain', async () => {
      const reserve = (await findingsOf(await environmentOf('g4dn.2xlarge'))).find(
        ({ code }) => code === 'gpu-memory-reserve',
      );
      expect(reserve?.message).toContain('g4dn.2xlarge: 32 GiB less 16 GiB of its T4 leaves 16 GiB');
      const tooSmall = (await findingsOf(await environmentOf('g4dn.xlarge'))).find(
        ({ code }) => code === 'gpu-host-memory-too-small',
      );
      expect(tooSmall).toMatchObject({ severity: 'error' });
    });

    it('space overhead: a job definition that asks for more is named at registration', async () => {
      const definition = await aws.createJobDefinition({
        name: 'train',
        container: {
          image: 'train:1',
          resourceRequirements: [
            { type: 'VCPU', value: '4' },
            { type: 'MEMORY', value: String(30 * 1024) },
            { type: 'GPU', value: '1' },
          ],
        },
      });
      const { name } = await aws.createComputeEnvironment({ resources: { instanceTypes: ['g4dn.2xlarge'] } });
      const body = { name, region: 'us-east-1', storageId: jobs.storageId };
      const answer = await server.api('post', '/compute-environments').send(body).expect(201);
      const finding = (answer.body.findings as Finding[]).find(({ code }) => code === 'gpu-host-memory-too-small');
      expect(finding?.message).toContain(`leaves 16 GiB, and ${definition.name}:1 asks for 30 GiB`);
    });

    it('space overhead: a job that takes more is not protected, with the numbers', async () => {
      const host = instance('g4dn.2xlarge', 32, { gpus: [{ ...T4, memoryBytes: 16 * GIB }] });
      expect(await unprotected(host, 16)).toBeNull();
      const reason = await unprotected(host, 17);
      expect(reason?.code).toBe('host-memory-too-small');
      expect(reason?.message).toMatch(/17 GiB for the job and 16 GiB .* together 33 GiB; this host has 32 GiB/);
    });

    it('space overhead: an image goes only where its memory and that of its GPU have room', async () => {
      const [image] = await imageOf(await start(instance('g4dn.4xlarge', 62)), 20);
      const small = await start(instance('g4dn.2xlarge', 31));
      expect(await obstacles(image!, small)).toMatchObject([
        { code: 'host-memory-too-small', message: expect.stringContaining('20.0 GiB of memory and 15.0 GiB') },
      ]);
    });

    it('time overhead: an estimate, from assumed rates first and then from the images that were taken', async () => {
      const id = await environmentOf('g4dn.2xlarge');
      const estimate = async (): Promise<string> =>
        (await findingsOf(id)).find(({ code }) => code === 'gpu-checkpoint-time')!.message;
      expect(await estimate()).toMatch(/adds about \d+ s to a checkpoint and \d+ s to a restore.*assumed 500 MB\/s/);
      const agent = new FakeAgent(server.url);
      await agent.enrol(await server.joinToken(id));
      await agent.open();
      await agent.heartbeat({ storage: health(jobs.storageId) });
      await agent.report(agent.container('measured'));
      const image = agent.image({ storageId: jobs.storageId, totalBytes: 4e9, totalSeconds: 2 });
      await agent.report(agent.checkpoint('measured', 'committed', { image }));
      expect(await estimate()).toContain('the storage at 2000 MB/s, the median of 1 images taken');
    });

    it('full images only: an incremental one with GPU memory is not taken in', async () => {
      const agent = await start(instance('g4dn.2xlarge', 31));
      await agent.report(agent.container('incremental'));
      const image = { storageId: jobs.storageId, gpus: [T4] };
      const [parent] = await imageOf(agent);
      const incremental = agent.checkpoint('incremental', 'committed', {
        image: agent.image({ ...image, parentId: parent! }),
      });
      const { body } = await agent.report(incremental);
      expect(body).toMatchObject({ accepted: 0, rejected: [{ detail: expect.stringContaining('full') }] });
    });
  });
});
