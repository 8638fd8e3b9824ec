import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { newId } from '../../src/protocol/ids.js';
import { Database } from '../../src/server/database/database.js';
import { CatalogueStore } from '../../src/server/instance-catalog/catalogue-store.js';
import type { InstanceTypeDto } from '../../src/server/instance-catalog/dto/instance-type.dto.js';
import { readSnapshot } from '../../src/server/instance-catalog/instance-type-snapshot.js';
import { InstanceTypesRefresh } from '../../src/server/instance-catalog/instance-types-refresh.js';
import { type Moto, startMoto } from '../support/moto.js';
import { describeNeeding } from '../support/requires.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const GIB = 1024 ** 3;

describe('Instance types', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp();
  });
  afterAll(() => server.close());

  const get = async (path: string) => (await server.api('get', path, await server.token('viewer')).expect(200)).body;
  const names = async (query: string): Promise<string[]> =>
    (await get(`/instance-types?pageSize=200&${query}`)).items.map((type: InstanceTypeDto) => type.instanceType);
  const all = async (query = ''): Promise<InstanceTypeDto[]> => {
    const items: InstanceTypeDto[] = [];
    for (let token = ''; ;) {
      const page = await get(`/instance-types?pageSize=200${query}${token}`);
      items.push(...page.items);
      if (page.nextPageToken === null) return items;
      token = `&pageToken=${page.nextPageToken}`;
    }
  };
  const environment = (region: string, roleArn: string | null = null) =>
    server.app
      .get(Database)
      .manager.query(
        `insert into compute_environments (id, version, name, region, role_arn) values ($1, 1, $1, $2, $3)`,
        [newId('computeEnvironment'), region, roleArn],
      );
  const refresh = (region: string) => server.app.get(InstanceTypesRefresh).refresh(region);

  it('come from the snapshot of the release while AWS is not asked', async () => {
    const snapshot = readSnapshot();
    expect(snapshot.types.length).toBeGreaterThan(1300);
    const known = await all();
    expect(known).toHaveLength(snapshot.types.length);
    expect(new Set(known.map(({ source, asOf }) => `${source} ${asOf}`))).toEqual(
      new Set([`snapshot ${snapshot.asOf.toISOString()}`]),
    );
    expect(await get('/instance-types/g4dn.2xlarge')).toEqual({
      instanceType: 'g4dn.2xlarge',
      family: 'g4dn',
      architecture: 'x86_64',
      vcpus: 8,
      memoryBytes: 32 * GIB,
      gpu: { manufacturer: 'NVIDIA', model: 'T4', count: 1, memoryBytes: 16 * GIB },
      currentGeneration: true,
      spot: true,
      bareMetal: false,
      compatibilityGroupIds: ['cgrp_00000000-0000-7000-8000-000000000007'],
      regions: [],
      source: 'snapshot',
      asOf: snapshot.asOf.toISOString(),
    });
    expect(await get('/instance-types/m6g.metal')).toMatchObject({
      architecture: 'aarch64',
      bareMetal: true,
      gpu: null,
      compatibilityGroupIds: [],
    });
  });

  it('are listed by filter and order', async () => {
    expect(await names('family=g5&sort=vcpus')).toEqual([
      'g5.xlarge',
      'g5.2xlarge',
      'g5.4xlarge',
      'g5.8xlarge',
      'g5.12xlarge',
      'g5.16xlarge',
      'g5.24xlarge',
      'g5.48xlarge',
    ]);
    expect((await names('family=m6g&sort=-memoryBytes')).slice(0, 2)).toEqual(['m6g.metal', 'm6g.16xlarge']);
    expect(await names('gpuModel=T4')).toContain('g4dn.xlarge');
    expect((await names('gpuModel=T4')).every((name) => name.startsWith('g4dn.'))).toBe(true);
    expect(await names('compatibilityGroupId=cgrp_00000000-0000-7000-8000-000000000009')).toEqual([
      'g6.2xlarge',
      'g6.4xlarge',
    ]);
    expect((await all('&architecture=aarch64')).every((type) => type.architecture === 'aarch64')).toBe(true);
    const old = (await all('&currentGeneration=false')).map((type) => type.family);
    expect(old).toContain('m4');
    expect(old).not.toContain('m7i');
  });

  it('say what is wrong with a question', async () => {
    const wrong = (query: string) => server.api('get', `/instance-types?${query}`).expect(400);
    expect((await wrong('architecture=arm')).body.detail).toContain('x86_64, aarch64');
    expect((await wrong(`compatibilityGroupId=${newId('compatibilityGroup')}`)).body.errors).toMatchObject([
      { pointer: '?compatibilityGroupId', code: 'not-found' },
    ]);
    expect((await wrong('pageToken=nonsense')).body.code).toBe('invalid-page-token');
    const { body } = await server.api('get', '/instance-types/m6i.3xlarge').expect(404);
    expect(body.detail).toBe('There is no instance type m6i.3xlarge in the catalogue.');
  });

  describe('when AWS cannot be asked', () => {
    let away: Server;
    let status = 500;
    let calls = 0;
    beforeAll(async () => {
      away = createServer((request, response) => {
        calls += 1;
        request.resume().on('end', () => response.writeHead(status, { 'content-type': 'text/html' }).end('<html>'));
      });
      await new Promise<void>((resolve) => away.listen(0, '127.0.0.1', resolve));
      process.env['AWS_ENDPOINT_URL'] = `http://127.0.0.1:${(away.address() as AddressInfo).port}`;
      process.env['AWS_ACCESS_KEY_ID'] = 'AKIATEST';
      process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
    });
    afterAll(async () => {
      for (const name of ['AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) delete process.env[name];
      await new Promise((resolve) => away.close(resolve));
    });
    afterEach(async () => {
      jest.restoreAllMocks();
      await server.app.get(Database).manager.query('delete from compute_environments');
    });

    it('stay as they are, with one line in the log', async () => {
      status = 403;
      await environment('eu-central-1');
      await environment('eu-central-1');
      const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      await refresh('eu-central-1');
      expect(calls).toBe(1);
      expect(warn.mock.calls).toEqual([
        [
          expect.stringMatching(
            /^instance types of eu-central-1 stay as they were: AWS does not allow ec2:DescribeIns/,
          ),
        ],
      ]);
      expect(await get('/instance-types/m6i.large')).toMatchObject({ source: 'snapshot', regions: [] });
    });

    it('are not asked for in a region without environments', async () => {
      calls = 0;
      await refresh('ap-south-1');
      expect(calls).toBe(0);
    });
  });

  describeNeeding(['moto'], 'in AWS', () => {
    let moto: Moto;
    beforeAll(async () => {
      moto = await startMoto();
    });
    afterAll(() => moto.close());

    it('are read of the regions that have environments, and say so', async () => {
      await environment('us-east-1');
      const before = Date.now();
      await refresh('us-east-1');
      const known = await all();
      const read = known.filter((type) => type.source === 'aws');
      expect(read.length).toBeGreaterThan(1000);
      expect(new Set(read.map((type) => type.regions.join()))).toEqual(new Set(['us-east-1']));
      expect(Date.parse(read[0]!.asOf)).toBeGreaterThanOrEqual(before);
      expect(await get('/instance-types/g4dn.2xlarge')).toMatchObject({
        source: 'aws',
        regions: ['us-east-1'],
        vcpus: 8,
        memoryBytes: 32 * GIB,
        gpu: { manufacturer: 'NVIDIA', model: 'T4', count: 1, memoryBytes: 16 * GIB },
      });
      expect(read.some((type) => type.family.startsWith('mac'))).toBe(false);
      // What only the snapshot knows stays known.
      expect(known.length).toBeGreaterThanOrEqual(readSnapshot().types.length);
    });

    it('keep what AWS said when the server starts again', async () => {
      const again = await startTestApp({ databaseUrl: server.databaseUrl });
      await again.close();
      expect(await get('/instance-types/g4dn.2xlarge')).toMatchObject({ source: 'aws', regions: ['us-east-1'] });
    });

    it('are asked for once a region and day, each at its own moment', async () => {
      await environment('eu-west-1');
      await environment('eu-west-1', 'arn:aws:iam::123456789012:role/batchpoint');
      const { manager } = server.app.get(Database);
      await server.app.get(InstanceTypesRefresh).plan(3_600_000);
      const jobs = await manager.query<{ key: string; wait: number }[]>(
        `select key, extract(epoch from run_at - now())::float as wait from graphile_worker.jobs
          where key like 'refresh-instance-types-%' order by key`,
      );
      expect(jobs.map(({ key }) => key)).toEqual([
        'refresh-instance-types-eu-west-1',
        'refresh-instance-types-us-east-1',
      ]);
      for (const { wait } of jobs) expect(wait).toBeLessThanOrEqual(3600);
      await manager.query(
        `select graphile_worker.remove_job(key) from graphile_worker.jobs where key like 'refresh-inst%'`,
      );
    });
  });

  it('lose a region when AWS no longer sells them there, and stay known', async () => {
    const { manager } = server.app.get(Database);
    await manager.query(`update instance_types set regions = '["eu-north-1"]' where id in ('m4.large', 'm6i.large')`);
    const m6i = readSnapshot().types.filter((type) => type.family === 'm6i');
    await server.app.get(CatalogueStore).takeRegion('eu-north-1', m6i, new Date());
    expect(await get('/instance-types/m4.large')).toMatchObject({ regions: [] });
    expect((await get('/instance-types/m6i.large')).regions).toContain('eu-north-1');
  });
});
