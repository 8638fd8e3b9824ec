import { newId } from '../../src/protocol/ids.js';
import type { CompatibilityGroupDto } from '../../src/server/instance-catalog/dto/compatibility-group.dto.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const SEVENTH = 'cgrp_00000000-0000-7000-8000-000000000007';

describe('Compatibility groups', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp();
  });
  afterAll(() => server.close());

  let serial = 0;
  const post = (body: object) => server.api('post', '/compatibility-groups').send(body);
  const create = async (body: object = {}): Promise<CompatibilityGroupDto> => {
    const name = `group-${(serial += 1)}`;
    return (await post({ name, instanceTypes: ['c6i.large', 'c6id.large'], ...body }).expect(201)).body;
  };
  const get = async (path: string) => (await server.api('get', path, await server.token('viewer')).expect(200)).body;

  it('have nine built in, each with its source', async () => {
    const { items } = (await get('/compatibility-groups?builtIn=true&sort=createdAt')) as {
      items: CompatibilityGroupDto[];
    };
    expect(items.map((group) => group.source!.listed)).toEqual([
      'Group 1: r5.large - r5.24xlarge',
      'Group 2: r7i.large - r7i.24xlarge',
      'Group 3: m5.large - m5.24xlarge',
      'Group 4: m6i.large - m6i.32xlarge',
      'Group 5: m7i.large - m7i.24xlarge',
      'Group 6: c7i.large - c7i.24xlarge',
      'Group 7: g4dn.2xlarge - g4dn.4xlarge',
      'Group 8: g5.2xlarge - g5.4xlarge',
      'Group 9: g6.2xlarge - g6.4xlarge',
    ]);
    expect(items.every((group) => group.builtIn && group.source!.notSold.length === 0)).toBe(true);
    expect(await get(`/compatibility-groups/${SEVENTH}`)).toMatchObject({
      name: 'g4dn.2xlarge-g4dn.4xlarge',
      instanceTypes: ['g4dn.2xlarge', 'g4dn.4xlarge'],
      architecture: 'x86_64',
      gpuModel: 'T4',
      version: 1,
    });
  });

  it('do not let the built-in ones be changed', async () => {
    const path = `/compatibility-groups/${SEVENTH}`;
    const refused = [
      server.api('patch', path).send({ instanceTypes: ['g4dn.2xlarge', 'g4dn.8xlarge'] }),
      server.api('delete', path),
    ];
    for (const request of refused) {
      const { body } = await request.expect(409);
      expect(body).toMatchObject({ code: 'built-in-group', detail: expect.stringContaining('is built in') });
    }
  });

  it('may be your own', async () => {
    const body = {
      name: 'ice-lake',
      description: 'Restored from each other',
      instanceTypes: ['m6i.xlarge', 'm6id.xlarge'],
      labels: { team: 'genomics' },
    };
    const { body: group, headers } = await post(body).expect(201);
    expect(group).toMatchObject({ ...body, builtIn: false, source: null, architecture: 'x86_64', gpuModel: null });
    expect(headers.location).toBe(`/api/v1/compatibility-groups/${group.id}`);
    expect((await get('/instance-types/m6i.xlarge')).compatibilityGroupIds).toEqual([
      'cgrp_00000000-0000-7000-8000-000000000004',
      group.id,
    ]);
    const path = `/compatibility-groups/${group.id}`;
    const types = ['m6i.xlarge', 'm6id.xlarge', 'm6i.2xlarge'];
    const changed = (
      await server
        .api('patch', path)
        .send({ instanceTypes: types, description: null, labels: { team: null } })
        .expect(200)
    ).body;
    expect(changed).toMatchObject({ version: 2, instanceTypes: types, description: null, labels: {} });
    expect((await server.api('patch', path).send({ name: 'ice-lake-2' }).expect(200)).body.name).toBe('ice-lake-2');
    const stale = server.api('delete', path).set('if-match', '"1"');
    expect((await stale.expect(412)).body.code).toBe('version-mismatch');
    await server.api('delete', `${path}?dryRun=true`).expect(204);
    await server.api('get', path).set('if-none-match', '"3"').expect(304);
    await server.api('delete', path).expect(204);
    await server.api('get', path).expect(404);
    await server.api('delete', path).expect(404);
    await server.api('patch', path).send({ name: 'gone' }).expect(404);
  });

  it.each([
    [['m6i.large', 'm6i.3xlarge'], '/instanceTypes/1', 'unknown-instance-type', 'm6i.3xlarge'],
    [['m6i.large', 'm6g.large'], '/instanceTypes', 'mixed-architectures', 'aarch64 and x86_64'],
    [['g5.2xlarge', 'g6.2xlarge'], '/instanceTypes', 'mixed-gpu-models', 'NVIDIA A10G (22 GiB) and NVIDIA L4 (22 GiB)'],
    [['g5.2xlarge', 'm5.2xlarge'], '/instanceTypes', 'mixed-gpu-models', 'no GPU'],
    [['p4d.24xlarge', 'p4de.24xlarge'], '/instanceTypes', 'mixed-gpu-models', 'A100 (40 GiB) and NVIDIA A100 (80 GiB)'],
    [['m6i'], '/instanceTypes', 'matches', 'instanceTypes'],
    [[], '/instanceTypes', 'array-not-empty', 'instanceTypes must name a type'],
    [['m6i.large', 'm6i.large'], '/instanceTypes', 'array-unique', 'names a type twice'],
  ])('cannot be of %j', async (instanceTypes, pointer, code, detail) => {
    const { body } = await post({ name: 'wrong', instanceTypes }).expect(400);
    expect(body.errors).toEqual([{ pointer, code, detail: expect.stringContaining(detail) }]);
    const group = await create();
    await server.api('patch', `/compatibility-groups/${group.id}`).send({ instanceTypes }).expect(400);
  });

  it('have names of their own', async () => {
    const [one, other] = [await create(), await create()];
    const taken = [
      post({ name: one.name, instanceTypes: ['c6i.large'] }),
      post({ name: 'g4dn.2xlarge-g4dn.4xlarge', instanceTypes: ['c6i.large'] }),
      server.api('patch', `/compatibility-groups/${other.id}`).send({ name: one.name }),
    ];
    for (const request of taken) expect((await request.expect(409)).body.code).toBe('name-taken');
  });

  it('are listed by filter', async () => {
    const group = await create({ instanceTypes: ['c6in.large', 'm6i.large'] });
    const names = async (query: string): Promise<string[]> =>
      (await get(`/compatibility-groups?${query}`)).items.map((item: CompatibilityGroupDto) => item.name);
    expect(await names('instanceType=c6in.large')).toEqual([group.name]);
    expect(await names('instanceType=m6i.large&builtIn=true')).toEqual(['m6i.large-m6i.32xlarge']);
    expect(await names(`name=${group.name}`)).toEqual([group.name]);
    expect(await names('instanceType=r5.metal')).toEqual([]);
    const first = await get('/compatibility-groups?pageSize=2');
    const second = await get(`/compatibility-groups?pageSize=2&pageToken=${first.nextPageToken}`);
    expect(new Set([...first.items, ...second.items].map((item: CompatibilityGroupDto) => item.id)).size).toBe(4);
    await server.api('get', `/compatibility-groups/${newId('compatibilityGroup')}`).expect(404);
    await server.api('get', '/compatibility-groups?pageToken=x').expect(400);
  });

  it('write nothing in a rehearsal', async () => {
    await server
      .api('post', '/compatibility-groups?dryRun=true')
      .send({ name: 'rehearsed', instanceTypes: ['c6i.large'] })
      .expect(201);
    expect((await get('/compatibility-groups?name=rehearsed')).items).toEqual([]);
  });
});
