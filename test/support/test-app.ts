import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import supertest from 'supertest';
import { AppModule } from '../../src/server/app.module.js';
import { closeApp, createApp, startApp } from '../../src/server/app.setup.js';
import type { Role } from '../../src/server/auth/role.js';
import { loadConfig } from '../../src/server/config/load-config.js';
import { observeAnswers } from './conformance.js';
import { createTestDatabase } from './postgres.js';

/**
 * The real application on a database of its own, listening on a free port of 127.0.0.1.
 *
 *   let server: TestApp;
 *   beforeAll(async () => { server = await startTestApp(); });
 *   afterAll(() => server.close());
 *
 *   await server.api('post', '/storages').send({ ... }).expect(201);          // as admin
 *   await server.api('get', '/jobs', await server.token('viewer')).expect(200);
 *   server.app.get(JobsService) ...
 */
export interface TestApp {
  app: NestFastifyApplication;
  /** `http://127.0.0.1:<port>` */
  url: string;
  databaseUrl: string;
  adminToken: string;
  /** A request below /api/v1 with a token (the admin's; null: none). */
  api(method: Method, path: string, token?: string | null): supertest.Test;
  /** A request anywhere, without a token. */
  raw(method: Method, path: string): supertest.Test;
  /** A token of that role, made once. */
  token(role: Role): Promise<string>;
  /** A new join token, for `POST /agent/enrolments`. */
  joinToken(computeEnvironmentId?: string | null): Promise<string>;
  close(): Promise<void>;
}
export type Method = 'get' | 'post' | 'patch' | 'put' | 'delete';

const ADMIN_TOKEN = 'bp_admin-token-for-tests-only-0123456789';

/** Base64 of 32 bytes that are no secret. */
export const TEST_SECRET_KEY = Buffer.alloc(32, 'batchpoint').toString('base64');

/** `secretKey`: lines of the key file, null for a server without one. `databaseUrl`: share another app's database, as a second replica. `settings`: flags of the server, such as `--public-url`, `https://...`. */
export async function startTestApp(
  options: {
    databaseUrl?: string;
    logLevel?: string;
    secretKey?: string | null;
    settings?: string[];
    batchCallsPerSecond?: number;
  } = {},
): Promise<TestApp> {
  const own = options.databaseUrl === undefined ? await createTestDatabase() : undefined;
  const databaseUrl = options.databaseUrl ?? own!.url;
  const directory = mkdtempSync(join(tmpdir(), 'bp-test-app-'));
  const adminTokenFile = join(directory, 'admin-token');
  writeFileSync(adminTokenFile, ADMIN_TOKEN);
  const secretKeyFile = join(directory, 'secret-key');
  if (options.secretKey !== null) writeFileSync(secretKeyFile, options.secretKey ?? TEST_SECRET_KEY);
  const config = loadConfig(
    [
      ...(options.secretKey === null ? [] : ['--secret-key-file', secretKeyFile]),
      '--port',
      '0',
      '--database-url',
      databaseUrl,
      '--admin-token-file',
      adminTokenFile,
      '--log-level',
      options.logLevel ?? 'silent',
      '--database-pool-size',
      '8',
      // Tests ask AWS when they want to know.
      '--batch-calls-per-second',
      String(options.batchCallsPerSecond ?? 0),
      ...(options.settings ?? []),
    ],
    {},
  );
  const app = await createApp(AppModule.forConfig(config), config);
  observeAnswers(app.getHttpAdapter().getInstance());
  await startApp(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const http = supertest(url);
  const raw: TestApp['raw'] = (method, path) => http[method](path);
  const api: TestApp['api'] = (method, path, token = ADMIN_TOKEN) => {
    const request = raw(method, `/api/v1${path}`);
    return token === null ? request : request.set('authorization', `Bearer ${token}`);
  };
  const tokens = new Map<Role, Promise<string>>();
  const makeToken = async (role: Role): Promise<string> => {
    const answer = await api('post', '/api-tokens')
      .send({ name: `test-${role}`, role })
      .expect(201);
    return (answer.body as { token: string }).token;
  };
  return {
    app,
    url,
    databaseUrl,
    adminToken: ADMIN_TOKEN,
    api,
    raw,
    token: (role) => {
      if (!tokens.has(role)) tokens.set(role, makeToken(role));
      return tokens.get(role)!;
    },
    joinToken: async (computeEnvironmentId = null) => {
      const name = `test-${Math.random().toString(36).slice(2)}`;
      const answer = await api('post', '/join-tokens').send({ name, computeEnvironmentId }).expect(201);
      return (answer.body as { token: string }).token;
    },
    close: async () => {
      await closeApp(app);
      await own?.drop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
