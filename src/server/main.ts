import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { closeApp, createApp, startApp } from './app.setup.js';
import { ConfigError, loadConfig } from './config/load-config.js';
import type { ServerConfig } from './config/server-config.js';
import { EmbeddedPostgres } from './database/embedded-postgres.js';
import { migrate } from './database/migrate.js';
import { EmbeddedPostgresError } from './database/postgres-files.js';
import { createPino, PinoLogger } from './logging/logging.js';
import { ownSecretKeyFile, readSecretKeys, SecretKeyFileError } from './secrets/secret-keys.js';

/** `batchpoint server`: runs until SIGTERM or SIGINT. 2: the configuration is wrong; 1: it could not start or broke. */
export async function run(argv: string[]): Promise<number> {
  let config: ServerConfig;
  try {
    config = loadConfig(argv, process.env);
  } catch (error) {
    return explain(error, 2);
  }
  Logger.overrideLogger(new PinoLogger(createPino(config.logLevel)));
  const stop = stopRequest();
  let postgres: EmbeddedPostgres | undefined;
  let app: NestFastifyApplication | undefined;
  try {
    if (config.databaseUrl === undefined) {
      postgres = await startPostgres(config, stop);
      config = config.with({
        databaseUrl: postgres.url,
        secretKeyFile: config.secretKeyFile ?? ownSecretKeyFile(config.dataDir),
      });
    }
    if (config.secretKeyFile !== undefined) readSecretKeys(config.secretKeyFile);
    const done = await migrate(config.databaseUrl!);
    if (done.length > 0) new Logger('Migrations').log(`ran ${done.join(', ')}`);
    app = await createApp(AppModule.forConfig(config), config);
    await startApp(app);
    await listen(app, config);
    const { code } = await stop.requested;
    return code;
  } catch (error) {
    return explain(error, error instanceof ConfigError || error instanceof SecretKeyFileError ? 2 : 1);
  } finally {
    if (app) await closeApp(app);
    await postgres?.stop();
  }
}

interface StopRequest {
  requested: Promise<{ code: number }>;
  request: (code: number) => void;
}

/** The first signal asks the server to end; a second one ends it at once. */
function stopRequest(): StopRequest {
  const { promise, resolve } = Promise.withResolvers<{ code: number }>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      new Logger('Server').log(`${signal}: shutting down`);
      resolve({ code: 0 });
    });
  }
  return { requested: promise, request: (code) => resolve({ code }) };
}

function startPostgres(config: ServerConfig, stop: StopRequest): Promise<EmbeddedPostgres> {
  const logger = new Logger('EmbeddedPostgres');
  return EmbeddedPostgres.start({
    dataDir: config.dataDir,
    log: (message) => logger.log(message),
    onExit: (reason) => {
      logger.fatal(reason);
      stop.request(1);
    },
  });
}

async function listen(app: NestFastifyApplication, config: ServerConfig): Promise<void> {
  try {
    await app.listen(config.port, config.host);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new ConfigError(
      `port ${config.port} on ${config.host} is in use; stop what listens there or set BATCHPOINT_PORT`,
    );
  }
  const url = (await app.getUrl()).replace('[::1]', 'localhost');
  new Logger('Server').log({ url, docs: `${url}/docs`, msg: `listening on ${url}` });
}

/** What an operator can act on is told in plain words; anything else with its stack. */
function explain(error: unknown, code: number): number {
  const expected =
    error instanceof ConfigError || error instanceof EmbeddedPostgresError || error instanceof SecretKeyFileError;
  const text = expected ? error.message : databaseHint(error);
  process.stderr.write(`batchpoint server: ${text}\n`);
  return code;
}

function databaseHint(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'ETIMEDOUT') {
    return `cannot reach the database of DATABASE_URL: ${(error as Error).message || String(code)}`;
  }
  if (code === '28P01' || code === '28000' || code === '3D000')
    return `the database of DATABASE_URL refuses us: ${(error as Error).message}`;
  return message;
}
