import type { HostFacts } from '../../src/protocol/host-facts.js';
import { newId } from '../../src/protocol/ids.js';
import type { RestoreTargetPageDto } from '../../src/server/checkpoints/dto/restore-target.dto.js';
import type { HostDto } from '../../src/server/hosts/dto/host.dto.js';
import { FakeAgent } from '../support/fake-agent.js';
import { RunningJobs } from '../support/running-jobs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('Restore targets', () => {
  let server: TestApp;
  let jobs: RunningJobs;
  let storageId: string;
  beforeAll(async () => {
    server = await startTestApp();
    jobs = await RunningJobs.on(server);
    ({ storageId } = jobs);
  });
  afterAll(() => server.close());

  const get = async (path: string) => (await server.api('get', path).expect(200)).body;

  describe('tell of instance types', () => {
    const GIB = 1024 ** 3;
    const T4 = { model: 'Tesla T4', memoryBytes: 15 * GIB };
    let types = 0;

    /** A host of that type in an environment that allows those types, and a job's image taken there. */
    async function onType(instanceType: string, allowed: string[], facts: Partial<HostFacts> = {}): Promise<string> {
      types += 1;
      const environment = await server
        .api('post', '/compute-environments')
        .send({ name: `types-${types}`, storageId, instanceTypes: allowed })
        .expect(201);
      const agent = await FakeAgent.start(server.url, await server.joinToken(environment.body.id), {
        storageId,
        facts: { instance: instanceOf(instanceType), ...facts },
      });
      const job = `typed-${types}`;
      await agent.report(agent.container(job));
      const image = agent.image({ storageId, residentBytes: GIB, gpus: facts.gpus ?? [] });
      const report = agent.checkpoint(job, 'committed', { image });
      expect((await agent.report(report)).body.accepted).toBe(1);
      return report.checkpointId;
    }
    const instanceOf = (instanceType: string): HostFacts['instance'] => ({
      instanceId: 'i-0123456789abcdef0',
      instanceType,
      region: 'eu-west-1',
      availabilityZone: 'eu-west-1a',
    });
    const targets = async (id: string, query = ''): Promise<RestoreTargetPageDto> =>
      get(`/checkpoints/${id}/restore-targets?pageSize=200${query}`);

    it('that the environment allows: measured where a host was seen, by group where none was, or unknown', async () => {
      const id = await onType('m6i.xlarge', ['m6i.xlarge', 'm6i.2xlarge', 'm6a.xlarge', 'm6g', 'm6i.large']);
      const { instanceTypes } = await targets(id);
      expect(instanceTypes.filter((type) => !type.instanceType.startsWith('m6g'))).toEqual([
        { instanceType: 'm6i.xlarge', basis: 'measured', suitable: true, obstacles: [] },
        { instanceType: 'm6i.2xlarge', basis: 'group', suitable: true, obstacles: [] },
        { instanceType: 'm6a.xlarge', basis: 'unknown', suitable: null, obstacles: [] },
        { instanceType: 'm6i.large', basis: 'group', suitable: true, obstacles: [] },
      ]);
      const graviton = instanceTypes.filter((type) => type.instanceType.startsWith('m6g'));
      expect(graviton.length).toBeGreaterThan(5);
      for (const type of graviton) {
        expect(type).toMatchObject({ suitable: false, obstacles: [{ code: 'architecture-mismatch' }] });
      }
    });

    it('as soon as a host has been seen by what it measured, gone or not', async () => {
      const id = await onType('m7i.xlarge', ['m7i.xlarge', 'm7i.2xlarge']);
      const seen = await FakeAgent.start(server.url, await server.joinToken(), {
        facts: {
          instance: instanceOf('m7i.2xlarge'),
          cpu: { vendor: 'GenuineIntel', model: 'Fake Xeon', cores: 8, flags: ['sse4_2'], xsaveBytes: 576 },
          kernel: '5.10.1',
        },
      });
      const expected = {
        instanceType: 'm7i.2xlarge',
        basis: 'measured',
        suitable: false,
        obstacles: [
          { code: 'cpu-features-missing', message: expect.stringContaining("m7i.2xlarge's Fake Xeon lacks: avx2") },
          { code: 'cpu-features-missing', message: expect.stringContaining('m7i.2xlarge takes 576') },
          { code: 'kernel-too-old', message: expect.stringContaining('m7i.2xlarge runs the older 5.10.1') },
        ],
      };
      expect((await targets(id)).instanceTypes[1]).toMatchObject(expected);
      await server.api('delete', `/hosts/${seen.hostId}`).expect(204);
      expect((await targets(id)).instanceTypes[1]).toMatchObject(expected);
    });

    it('with GPUs: one of the same model, with memory and a driver that is new enough', async () => {
      const facts = { gpus: [T4], nvidiaDriver: '570.133.20', memoryBytes: 32 * GIB };
      const id = await onType('g4dn.2xlarge', ['g4dn.2xlarge', 'g4dn.4xlarge', 'g4dn.12xlarge', 'g5.2xlarge'], facts);
      const { instanceTypes, items } = await targets(id);
      const codes = instanceTypes.map(({ instanceType, suitable, obstacles }) => [
        instanceType,
        suitable,
        ...obstacles.map(({ code }) => code),
      ]);
      expect(codes).toEqual([
        ['g4dn.2xlarge', true],
        ['g4dn.4xlarge', true],
        ['g4dn.12xlarge', false, 'several-gpus'],
        ['g5.2xlarge', false, 'gpu-model-mismatch'],
      ]);
      expect(items.find((host) => host.instanceType === 'g4dn.2xlarge')).toMatchObject({ suitable: true });
      // Hosts whose agents measured no GPU.
      const plain = items.find((host) => host.instanceType === 'm6i.xlarge')!;
      expect(plain.obstacles.map(({ code }) => code)).toContain('gpu-model-mismatch');
      expect((await get(`/checkpoints/${id}`)).image.gpus).toEqual([T4]);
      expect((await get('/hosts?pageSize=200')).items.map((host: HostDto) => host.facts.nvidiaDriver)).toContain(
        '570.133.20',
      );
    });

    it('that are asked for, with their hosts', async () => {
      const id = await onType('c7i.large', []);
      expect((await targets(id)).instanceTypes).toEqual([
        { instanceType: 'c7i.large', basis: 'measured', suitable: true, obstacles: [] },
      ]);
      const one = await targets(id, '&instanceType=c7i.xlarge');
      expect(one).toMatchObject({ items: [], instanceTypes: [{ instanceType: 'c7i.xlarge', basis: 'group' }] });
      const sixth = 'cgrp_00000000-0000-7000-8000-000000000006';
      const group = await targets(id, `&compatibilityGroupId=${sixth}`);
      expect(group.items.map((host) => host.instanceType)).toEqual(['c7i.large']);
      expect(group.instanceTypes).toHaveLength(8);
      expect(group.instanceTypes.every((type) => type.suitable)).toBe(true);
      expect((await targets(id, `&compatibilityGroupId=${sixth}&instanceType=m5.large`)).instanceTypes).toEqual([]);
      await server
        .api('get', `/checkpoints/${id}/restore-targets?compatibilityGroupId=${newId('compatibilityGroup')}`)
        .expect(400);
    });

    it('on the first page', async () => {
      const id = await onType('c7i.large', ['c7i']);
      const first = await get(`/checkpoints/${id}/restore-targets?pageSize=1`);
      expect(first.instanceTypes).toHaveLength(9);
      const second = await get(`/checkpoints/${id}/restore-targets?pageSize=1&pageToken=${first.nextPageToken}`);
      expect(second).toMatchObject({ items: [{}], instanceTypes: [] });
    });

    it('when there is no environment and no instance type to go by: none', async () => {
      const { agent, job } = await jobs.start();
      expect((await targets(await jobs.commit(agent, job))).instanceTypes).toEqual([]);
    });
  });
});
