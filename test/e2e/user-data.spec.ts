import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { USER_DATA_MARKER } from '../../src/server/compute-environments/user-data-marker.js';
import { parseUserData } from '../../src/server/deployment/user-data/mime.js';
import { agentStandIn } from '../support/agent-stand-in.js';
import { describeNeeding } from '../support/requires.js';
import { runToEnd } from '../support/run-script.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { selfSignedCertificate } from '../support/tls-front.js';

const NFS = { server: 'files.example.internal', exportPath: '/exports/checkpoints' };
const EC2_LIMIT_BYTES = 16 * 1024;

describe("The user data of a compute environment's hosts", () => {
  let directory: string;
  let standIn: ReturnType<typeof agentStandIn>;
  let server: TestApp;
  let secure: TestApp;
  let certFile: string;
  let path: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'bp-user-data-'));
    standIn = agentStandIn(directory);
    const files = selfSignedCertificate(directory);
    certFile = files.certFile;
    server = await startTestApp({ settings: ['--agent-dir', standIn.agentDir] });
    secure = await startTestApp({
      databaseUrl: server.databaseUrl,
      settings: [
        ...['--tls-cert-file', files.certFile, '--tls-key-file', files.keyFile],
        ...['--public-url', 'https://batchpoint.internal:8080', '--agent-dir', standIn.agentDir],
      ],
    });
    const storage = await server
      .api('post', '/storages')
      .send({ kind: 'nfs', name: 'checkpoints', mountPath: '/mnt/batchpoint', settings: NFS })
      .expect(201);
    path = `/compute-environments/${await environment('spot-m6i', storage.body.id)}/user-data`;
  });
  afterAll(async () => {
    await secure.close();
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const environment = async (name: string, storageId: string | null): Promise<string> => {
    const { body } = await server.api('post', '/compute-environments').send({ name, storageId }).expect(201);
    return (body as { id: string }).id;
  };
  const text = async (): Promise<string> => (await server.api('get', path).expect(200)).text;
  const secureText = async (): Promise<string> =>
    (await secure.api('get', path).ca(readFileSync(certFile)).expect(200)).text;
  const scripts = (userData: string): string[] => parseUserData(userData).map(({ body }) => body);

  it('is MIME multi-part, as AWS Batch takes it, within what EC2 takes', async () => {
    for (const userData of [await text(), await secureText()]) {
      expect(userData).toMatch(/^MIME-Version: 1\.0\nContent-Type: multipart\/mixed; boundary="==BATCHPOINT=="\n\n--/);
      expect(Buffer.byteLength(userData)).toBeLessThan(EC2_LIMIT_BYTES);
      const headers = parseUserData(userData).map((part) => part.headers);
      for (const each of headers) expect(each).toContain('Content-Type: text/x-shellscript');
      // cloud-init runs them in the order of these names, after parts without one.
      expect(headers.map((each) => /filename="(.*)"/.exec(each)![1])).toEqual([
        'z-batchpoint-1-storage.sh',
        'z-batchpoint-2-agent.sh',
      ]);
    }
  });

  it('holds every part by which it is known again, and no secret', async () => {
    const userData = await text();
    for (const script of scripts(userData)) expect(script.split('\n')[1]).toBe(USER_DATA_MARKER);
    expect(userData).not.toMatch(/bpj_|bp_/);
    expect(userData).toContain("printf '%s\\n' '@JOIN_TOKEN@' >");
    await server.api('get', path, await server.token('viewer')).expect(200);
  });

  it('mounts the storage with its own script', async () => {
    const { body } = await server.api('get', '/storages?pageSize=1').expect(200);
    const { text: mount } = await server.api('get', `/storages/${body.items[0].id}/mount-script`).expect(200);
    const [first] = scripts(await text());
    expect(first!.replace(`${USER_DATA_MARKER}\n`, '').trim()).toBe(mount.trim());
  });

  it.each<[string, object]>([
    ['efs', { fileSystemId: 'fs-0123456789abcdef0' }],
    ['juicefs', { metadataUrl: 'rediss://:hunter2-secret@cache.example.internal:6379/1', bucket: 'example' }],
  ])('stays within what EC2 takes, and without secrets, for a storage of kind %s', async (kind, settings) => {
    const storage = { kind, name: `of-kind-${kind}`, mountPath: '/mnt/batchpoint', settings };
    const { body } = await server.api('post', '/storages').send(storage).expect(201);
    const id = await environment(`on-${kind}`, body.id as string);
    const asked = secure.api('get', `/compute-environments/${id}/user-data`).ca(readFileSync(certFile));
    const { text: userData } = await asked.expect(200);
    expect(Buffer.byteLength(userData)).toBeLessThan(EC2_LIMIT_BYTES);
    expect(userData).not.toContain('hunter2');
    for (const script of scripts(userData)) execFileSync('sh', ['-n'], { input: script });
  });

  it('has no part for a storage where the environment has none', async () => {
    const id = await environment('bare', null);
    const { text: userData } = await server.api('get', `/compute-environments/${id}/user-data`).expect(200);
    expect(scripts(userData)).toHaveLength(1);
  });

  it('pins the server by its key over TLS, and its installer by a checksum without', async () => {
    const pinned = scripts(await secureText()).at(-1)!;
    expect(pinned).toContain("server='https://batchpoint.internal:8080'");
    expect(pinned).toMatch(/--cacert \/etc\/batchpoint\/server\.pem --pinnedpubkey 'sha256\/\/[A-Za-z0-9+/]{43}='/);
    expect(pinned).toContain(readFileSync(certFile, 'utf8').trim());
    expect(pinned).toContain('its certificate vouches for it');
    const plain = scripts(await text()).at(-1)!;
    const { text: checksum } = await server.api('get', '/scripts/install-agent.sha256', null).expect(200);
    expect(plain).toContain(`sha256=${checksum.slice(0, 64)}`);
    expect(plain).toMatch(/the installer is not the one this user data was made with[^\n]*\n {2}exit 1/);
    expect(plain).toContain('Set BATCHPOINT_PUBLIC_URL if hosts know the server by another');
  });

  it('is good POSIX shell', async () => {
    for (const script of [...scripts(await text()), ...scripts(await secureText())]) {
      execFileSync('sh', ['-n'], { input: script });
      const inner = /<<'END'\n(#![^]*?)\nEND\n/.exec(script)?.[1];
      for (const each of [script, ...(inner === undefined ? [] : [`${inner}\n`])]) {
        const shellcheck = spawnSync('shellcheck', ['--shell=sh', '-'], { input: each, encoding: 'utf8' });
        // Where shellcheck is not installed, `sh -n` above has to do.
        if (shellcheck.error === undefined) expect(shellcheck.stdout).toBe('');
      }
    }
  });

  it('is missed in words while there is no executable to install', async () => {
    const settings = ['--agent-dir', join(directory, 'nothing')];
    const other = await startTestApp({ settings, databaseUrl: server.databaseUrl });
    expect((await other.api('get', path).expect(409)).body).toMatchObject({ code: 'agent-not-packaged' });
    await other.close();
  });

  describeNeeding(['linux', 'root'], 'run on a host', () => {
    let host: string;
    const token = `bpj_${'y'.repeat(43)}`;
    beforeEach(() => {
      host = mkdtempSync(join(directory, 'host-'));
      for (const each of ['etc', 'bin', 'root']) mkdirSync(join(host, each));
      for (const name of ['systemctl', 'systemd-run']) {
        writeFileSync(join(host, 'bin', name), `#!/bin/sh\necho "${name} $*" >>'${join(host, 'told')}'\n`);
        chmodSync(join(host, 'bin', name), 0o755);
      }
      writeFileSync(join(host, 'told'), '');
    });

    /** With an /etc of its own, in a mount namespace of its own; what the installer installs goes below `root`. */
    async function boot(userData: string, times = 1): Promise<{ status: number; output: string }> {
      const script = join(host, 'agent.sh');
      writeFileSync(script, scripts(userData).at(-1)!);
      const body = `set -e; mount --bind '${join(host, 'etc')}' /etc; for i in $(seq ${times}); do sh '${script}'; done`;
      const env = { PATH: `${join(host, 'bin')}:${process.env['PATH']}`, BATCHPOINT_INSTALL_ROOT: join(host, 'root') };
      return runToEnd('unshare', ['-m', 'sh', '-c', body], env);
    }
    const etc = (file: string): string => readFileSync(join(host, 'etc', file), 'utf8');

    it('installs the agent with its token, and sets up ECS beside what is set already, once', async () => {
      mkdirSync(join(host, 'etc/ecs'));
      writeFileSync(join(host, 'etc/ecs/ecs.config'), 'ECS_CLUSTER=mine\nECS_CONTAINER_STOP_TIMEOUT=5m');
      const { status, output } = await boot((await text()).replace('@JOIN_TOKEN@', token), 2);
      expect(output).toContain('is installed');
      expect(status).toBe(0);
      expect(etc('ecs/ecs.config')).toBe(
        'ECS_CLUSTER=mine\nECS_CONTAINER_STOP_TIMEOUT=5m\nECS_ENABLE_SPOT_INSTANCE_DRAINING=true\n',
      );
      expect(etc('batchpoint/join-token')).toBe(`${token}\n`);
      expect(readFileSync(join(host, 'root/etc/batchpoint/join-token'), 'utf8')).toBe(`${token}\n`);
      expect(readFileSync(join(host, 'root/usr/local/bin/batchpoint'))).toEqual(readFileSync(standIn.executable));
    });

    it('sets up ECS where nothing is set', async () => {
      await boot((await text()).replace('@JOIN_TOKEN@', token));
      expect(etc('ecs/ecs.config')).toBe('ECS_CONTAINER_STOP_TIMEOUT=2m\nECS_ENABLE_SPOT_INSTANCE_DRAINING=true\n');
    });

    it('is tried again by systemd where it could not be done at boot', async () => {
      const userData = (await text())
        .replace('@JOIN_TOKEN@', token)
        .replace(/sha256=\w{64}/, `sha256=${'0'.repeat(64)}`);
      const { status, output } = await boot(userData);
      expect(output).toContain('is not the one this user data was made with');
      expect(status).toBe(0);
      expect(readFileSync(join(host, 'told'), 'utf8')).toMatch(
        /^systemd-run .*--property=Restart=on-failure .* sh \/etc\/batchpoint\/install\n$/,
      );
      expect(existsSync(join(host, 'root/usr/local/bin/batchpoint'))).toBe(false);
    });

    it('refuses the place of the token for a token', async () => {
      expect((await boot(await text())).output).toContain('holds no join token');
    });
  });
});
