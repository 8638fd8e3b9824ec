import fc from 'fast-check';
import type { Response } from 'supertest';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface Item {
  id: string;
  name: string;
  createdAt: string;
}

describe('Paging', () => {
  let server: TestApp;
  let made = 0;
  beforeAll(async () => {
    server = await startTestApp();
    for (let i = 0; i < 23; i += 1) await add();
  });
  afterAll(() => server.close());

  async function add(): Promise<string> {
    made += 1;
    const name = `${String.fromCharCode(97 + ((made * 7) % 26))}-${made}`;
    const answer = await server
      .api('post', '/api-tokens')
      .send({ name, role: made % 2 ? 'viewer' : 'operator' })
      .expect(201);
    return answer.body.id as string;
  }

  async function walk(query: string, between: () => Promise<void> = async () => undefined): Promise<Item[]> {
    const items: Item[] = [];
    let path: string | undefined = `/api/v1/api-tokens?${query}`;
    while (path !== undefined) {
      const answer: Response = await server
        .raw('get', path)
        .set('authorization', `Bearer ${server.adminToken}`)
        .expect(200);
      items.push(...(answer.body.items as Item[]));
      const next = /^<([^>]+)>; rel="next"$/.exec(answer.headers.link ?? '')?.[1];
      expect(next !== undefined).toBe(answer.body.nextPageToken !== null);
      path = next;
      await between();
    }
    return items;
  }

  it('sees every row that was there exactly once, in order, while rows are inserted', async () => {
    const sorts = ['createdAt', '-createdAt', 'name', '-name'];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...sorts),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(2),
        async (sort, pageSize, inserts) => {
          const before = await server.api('get', '/api-tokens?pageSize=200').expect(200);
          const items = await walk(`pageSize=${pageSize}&sort=${sort}`, async () => {
            for (let i = 0; i < inserts && made < 180; i += 1) await add();
          });
          const ids = items.map((item) => item.id);
          expect(new Set(ids).size).toBe(ids.length);
          expect(ids).toEqual(expect.arrayContaining((before.body.items as Item[]).map((item) => item.id)));
          const key = sort.replace('-', '') as 'name' | 'createdAt';
          const keys = items.map((item) => item[key]);
          const sorted = [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
          expect(keys).toEqual(sort.startsWith('-') ? sorted.reverse() : sorted);
        },
      ),
      { numRuns: 12 },
    );
  }, 60_000);

  it('filters', async () => {
    const items = await walk('role=operator&pageSize=3');
    expect(items.length).toBeGreaterThan(5);
  });

  it('binds a token to its filters and its order', async () => {
    const first = await server.api('get', '/api-tokens?role=viewer&pageSize=2').expect(200);
    const token = encodeURIComponent(first.body.nextPageToken as string);
    await server.api('get', `/api-tokens?role=viewer&pageSize=5&pageToken=${token}`).expect(200);
    for (const query of ['', 'role=operator&', 'role=viewer&sort=name&']) {
      const answer = await server.api('get', `/api-tokens?${query}pageToken=${token}`).expect(400);
      expect(answer.body.code).toBe('invalid-page-token');
    }
  });

  it.each([
    'x',
    'W10',
    Buffer.from('["a",{},"b"]').toString('base64url'),
    Buffer.from('["a","2","b",4]').toString('base64url'),
  ])('refuses the made-up token %s', async (token) => {
    const answer = await server.api('get', `/api-tokens?pageToken=${token}`).expect(400);
    expect(answer.body.code).toBe('invalid-page-token');
  });

  it('refuses a forged position of the wrong type without a 500', async () => {
    const first = await server.api('get', '/api-tokens?pageSize=2').expect(200);
    const [binding, , id] = JSON.parse(
      Buffer.from(first.body.nextPageToken as string, 'base64url').toString(),
    ) as string[];
    for (const value of ['not a time', 17, '2026-99-99T00:00:00Z']) {
      const forged = Buffer.from(JSON.stringify([binding, value, id])).toString('base64url');
      const answer = await server.api('get', `/api-tokens?pageToken=${forged}`);
      expect(answer.status).toBe(400);
    }
  });
});
