/**
 * What the server's routes are held against: Fastify and pg with nothing between them, no token, no checks, over the same
 * rows. Run with the directory of PostgreSQL's socket; prints its port.
 */
import Fastify from 'fastify';
import pg from 'pg';

const pool = new pg.Pool({ host: process.argv[2], user: 'batchpoint', database: 'batchpoint', max: 20 });
const app = Fastify();

app.get<{ Querystring: { pageSize?: string } }>('/jobs', async ({ query }) => {
  const { rows } = await pool.query('SELECT * FROM jobs ORDER BY created_at DESC, id DESC LIMIT $1', [
    Number(query.pageSize ?? 50),
  ]);
  return { items: rows, nextPageToken: null };
});
app.get<{ Params: { id: string } }>('/jobs/:id', async ({ params }, reply) => {
  const { rows } = await pool.query('SELECT * FROM jobs WHERE id = $1', [params.id]);
  return rows[0] ?? reply.code(404).send({});
});

await app.listen({ port: 0, host: '127.0.0.1' });
const address = app.server.address();
console.log(typeof address === 'object' ? address?.port : address);
