import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { loadConfig } from '../../src/server/config/load-config.js';

interface Service {
  image?: string;
  build?: { context: string; dockerfile: string };
  environment: Record<string, string>;
  secrets: string[];
  volumes?: string[];
  ports?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[]; interval: string; timeout: string; retries: number };
}
interface Compose {
  services: Record<'server' | 'postgres', Service>;
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
}

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('docker-compose.yml', () => {
  const compose = parse(read('docker-compose.yml'), { strict: true, uniqueKeys: true }) as Compose;
  const { server, postgres } = compose.services;

  it('gives every service a health check, and the server waits for a healthy database', () => {
    for (const { healthcheck } of [server, postgres])
      expect(healthcheck).toMatchObject({ test: expect.any(Array), retries: expect.any(Number) });
    expect(server.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
    expect(server.healthcheck!.test.join(' ')).toContain('/readyz');
  });

  it('keeps the data on a declared volume, where version 18 of the image has it', () => {
    expect(postgres.image).toBe('postgres:18');
    expect(postgres.volumes).toEqual(['postgres:/var/lib/postgresql']);
    expect(Object.keys(compose.volumes)).toEqual(['postgres']);
  });

  it('has secrets in files only, each declared and used', () => {
    const used = new Set([...server.secrets, ...postgres.secrets]);
    expect([...used].sort()).toEqual(Object.keys(compose.secrets).sort());
    for (const { file } of Object.values(compose.secrets)) expect(file).toMatch(/^\.\/secrets\//);
    for (const service of [server, postgres]) {
      for (const [name, value] of Object.entries(service.environment)) {
        if (/PASSWORD|TOKEN/.test(name)) expect(name).toMatch(/_FILE$/);
        if (name.endsWith('_FILE')) expect(service.secrets).toContain(basename(value));
      }
    }
    expect(new URL(server.environment.DATABASE_URL!).password).toBe('');
    expect(read('.gitignore').split('\n')).toContain('/secrets/');
  });

  it('speaks of the same database on both sides', () => {
    const url = new URL(server.environment.DATABASE_URL!);
    expect([url.hostname, url.username, url.pathname]).toEqual([
      'postgres',
      postgres.environment.POSTGRES_USER,
      `/${postgres.environment.POSTGRES_DB}`,
    ]);
  });

  it('is a configuration the server takes, and publishes plain HTTP on loopback only', () => {
    const directory = mkdtempSync(join(tmpdir(), 'bp-compose-'));
    const environment = Object.fromEntries(
      Object.entries(server.environment).map(([name, value]) => [name, value.replace('/run/secrets', directory)]),
    );
    for (const secret of server.secrets) writeFileSync(join(directory, secret), 'a secret & more\n');
    const config = loadConfig([], environment);
    expect(decodeURIComponent(new URL(config.databaseUrl!).password)).toBe('a secret & more');
    expect(server.ports).toEqual([`127.0.0.1:${config.port}:${config.port}`]);
    rmSync(directory, { recursive: true });
  });

  it('builds from a Dockerfile that copies only what there is', () => {
    const dockerfile = read(server.build!.dockerfile);
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => match[1]!.split(' '));
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect([...new Set(copied)].sort()).toEqual(allowed.sort());
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).toContain('dist/src/main.js');
  });
});
