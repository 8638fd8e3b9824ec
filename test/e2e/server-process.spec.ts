import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { ServerProcess } from '../support/server-process.js';

describe('batchpoint server', () => {
  let database: TestDatabase;
  let directory: string;
  let tokenFile: string;
  const TOKEN = 'a-token-of-at-least-thirty-two-characters';
  const started: ServerProcess[] = [];

  beforeAll(async () => {
    database = await createTestDatabase({ empty: true });
    directory = mkdtempSync('/tmp/bp-server-test-');
    tokenFile = join(directory, 'token');
    writeFileSync(tokenFile, `${TOKEN}\n`);
  });
  afterAll(async () => {
    for (const server of started) await server.stop('SIGKILL');
    await database.drop();
    rmSync(directory, { recursive: true, force: true });
  });

  function run(args: string[], env: Record<string, string> = {}): ServerProcess {
    const server = new ServerProcess(['server', ...args], { DATABASE_URL: database.url, BATCHPOINT_PORT: '0', ...env });
    started.push(server);
    return server;
  }
  async function refuses(args: string[], env: Record<string, string>, code: number, message: RegExp): Promise<void> {
    const server = run(args, env);
    expect(await server.exited).toEqual({ code, signal: null });
    expect(server.stderr).toMatch(message);
    expect(server.stderr).not.toMatch(/\n\s+at /);
  }

  it('refuses to listen beyond loopback without TLS', async () => {
    await refuses(['--host', '0.0.0.0'], {}, 2, /without TLS.*--insecure/);
  });

  it('listens there when told that it is meant', async () => {
    const server = run(['--host', '0.0.0.0', '--insecure'], { BATCHPOINT_ADMIN_TOKEN_FILE: tokenFile });
    await server.listening();
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  it('says which port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    await refuses(
      ['--port', String(port)],
      { BATCHPOINT_ADMIN_TOKEN_FILE: tokenFile },
      2,
      new RegExp(`port ${port}.*in use`),
    );
    other.close();
  });

  it('says that the database is away', async () => {
    await refuses([], { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }, 1, /cannot reach the database/);
  });

  it('refuses a token file that holds no good token', async () => {
    const short = join(directory, 'short');
    writeFileSync(short, 'secret\n');
    await refuses([], { BATCHPOINT_ADMIN_TOKEN_FILE: short }, 2, /at least 32 characters/);
    await refuses([], { BATCHPOINT_ADMIN_TOKEN_FILE: '/nowhere' }, 2, /cannot read \/nowhere/);
  });

  it('refuses a key file that holds no key, without repeating what it holds', async () => {
    const bad = join(directory, 'bad-key');
    writeFileSync(bad, 'not-a-key\n');
    await refuses([], { BATCHPOINT_SECRET_KEY_FILE: bad }, 2, /bad-key holds a line that is not a key.*openssl rand/);
    await refuses([], { BATCHPOINT_SECRET_KEY_FILE: '/nowhere' }, 2, /cannot read \/nowhere/);
  });

  it('takes the admin token of the file, and a new one when the file changes; prints and logs none', async () => {
    const other = `another-${TOKEN}`;
    for (const token of [TOKEN, other]) {
      writeFileSync(tokenFile, `${token}\n`);
      const server = run([], { BATCHPOINT_ADMIN_TOKEN_FILE: tokenFile, BATCHPOINT_LOG_LEVEL: 'trace' });
      const url = await server.listening();
      const ask = async (bearer: string): Promise<number> =>
        (await fetch(`${url}/api/v1/api-tokens`, { headers: { authorization: `Bearer ${bearer}` } })).status;
      expect(await ask(token)).toBe(200);
      expect(await ask(token === other ? TOKEN : other)).toBe(401);
      const created = await fetch(`${url}/api/v1/api-tokens`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'x-request-id': 'my-request-1',
        },
        body: JSON.stringify({ name: `logged-${token.length}`, role: 'viewer' }),
      });
      expect(created.headers.get('x-request-id')).toBe('my-request-1');
      const secret = ((await created.json()) as { token: string }).token;
      expect(await server.stop()).toEqual({ code: 0, signal: null });
      expect(server.adminToken).toBeUndefined();
      for (const text of [token, secret]) expect(server.stdout + server.stderr).not.toContain(text);
      const lines = server.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines).toContainEqual(
        expect.objectContaining({
          context: 'Access',
          requestId: 'my-request-1',
          status: 201,
          path: '/api/v1/api-tokens',
        }),
      );
    }
    writeFileSync(tokenFile, `${TOKEN}\n`);
  });

  it('prints a first token once when there is no file', async () => {
    const own = await createTestDatabase({ empty: true });
    try {
      const first = run([], { DATABASE_URL: own.url });
      await first.listening();
      expect(first.adminToken).toMatch(/^bp_[\w-]{43}$/);
      await first.stop();
      const second = run([], { DATABASE_URL: own.url });
      const url = await second.listening();
      expect(second.adminToken).toBeUndefined();
      const answer = await fetch(`${url}/api/v1/settings`, {
        headers: { authorization: `Bearer ${first.adminToken}` },
      });
      expect(answer.status).toBe(200);
      await second.stop();
    } finally {
      await own.drop();
    }
  });

  it('serves HTTPS with the certificate of the files', async () => {
    const key = join(directory, 'key.pem');
    const cert = join(directory, 'cert.pem');
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        '-days',
        '1',
        '-subj',
        '/CN=localhost',
        '-addext',
        'subjectAltName=IP:127.0.0.1',
      ],
      { stdio: 'ignore' },
    );
    const server = run(['--host', '0.0.0.0'], {
      BATCHPOINT_TLS_CERT_FILE: cert,
      BATCHPOINT_TLS_KEY_FILE: key,
      BATCHPOINT_ADMIN_TOKEN_FILE: tokenFile,
    });
    const { port } = new URL(await server.listening());
    const status = await new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path: '/readyz', ca: readFileSync(cert) };
      httpsRequest(options, (answer) => resolve(answer.statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
    await server.stop();
    await refuses([], { BATCHPOINT_TLS_CERT_FILE: cert }, 2, /belong together/);
    await refuses(
      [],
      { BATCHPOINT_TLS_CERT_FILE: '/nowhere', BATCHPOINT_TLS_KEY_FILE: key },
      2,
      /BATCHPOINT_TLS_CERT_FILE.*\/nowhere/,
    );
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends on %s though a client holds a connection open', async (signal) => {
    const server = run([], { BATCHPOINT_ADMIN_TOKEN_FILE: tokenFile });
    const { port } = new URL(await server.listening());
    const idle = connect(Number(port), '127.0.0.1');
    await new Promise((resolve) => idle.once('connect', resolve));
    idle.on('error', () => undefined);
    const start = performance.now();
    expect(await server.stop(signal)).toEqual({ code: 0, signal: null });
    expect(performance.now() - start).toBeLessThan(10_000);
    idle.destroy();
  });

  it('refuses unknown settings, flags and commands by name', async () => {
    await refuses([], { BATCHPOINT_PROT: '1' }, 2, /BATCHPOINT_PROT/);
    await refuses(['--prot', '1'], {}, 2, /--prot/);
    const nonsense = new ServerProcess(['serve']);
    expect((await nonsense.exited).code).toBe(2);
    expect(nonsense.stderr).toContain('no command "serve"');
  });

  it("does not confuse the agent's settings with unknown ones", async () => {
    const server = run([], {
      BATCHPOINT_STATE_DIR: '/tmp/x',
      BATCHPOINT_SERVER_URL: 'http://x',
      BATCHPOINT_ADMIN_TOKEN_FILE: tokenFile,
    });
    await server.listening();
    await server.stop();
  });
});
