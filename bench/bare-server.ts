/**
 * What the server's routes are held against: Fastify and pg with nothing between them, no token, no checks, over the same
 * rows. Run with the directory of PostgreSQL's socket; prints its port.
 */
import Fastify from 'fastify';
import pg from 'pg';

const pool = new pg.Pool({ host: process.argv[2], user: 'batchpoint', database: 'batchpoint', max: 20 });
const app = Fastify();

/** As the server's answers do, each job tells of its attempts. */
async function withAttempts(jobs: { id: string }[]): Promise<object[]> {
  const { rows } = await pool.query<{ job_id: string }>('SELECT * FROM job_attempts WHERE job_id = ANY($1)', [
    jobs.map(({ id }) => id),
  ]);
  const byJob = Map.groupBy(rows, (attempt) => attempt.job_id);
  return jobs.map((job) => ({ ...job, attempts: byJob.get(job.id) ?? [] }));
}

app.get<{ Querystring: { pageSize?: string } }>('/jobs', async ({ query }) => {
  const { rows } = await pool.query<{ id: string }>('SELECT * FROM jobs ORDER BY created_at DESC, id DESC LIMIT $1', [
    Number(query.pageSize ?? 50),
  ]);
  return { items: await withAttempts(rows), nextPageToken: null };
});
app.get<{ Params: { id: string } }>('/jobs/:id', async ({ params }, reply) => {
  const { rows } = await pool.query<{ id: string }>('SELECT * FROM jobs WHERE id = $1', [params.id]);
  return rows.length === 0 ? reply.code(404).send({}) : (await withAttempts(rows))[0];
});

await app.listen({ port: 0, host: '127.0.0.1' });
const address = app.server.address();
console.log(typeof address === 'object' ? address?.port : address);
