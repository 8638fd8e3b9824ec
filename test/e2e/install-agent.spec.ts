import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { version } from '../../src/server/version.js';
import { agentStandIn, writeExecutable } from '../support/agent-stand-in.js';
import { describeNeeding } from '../support/requires.js';
import { runToEnd } from '../support/run-script.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { selfSignedCertificate, TlsFront } from '../support/tls-front.js';

const PLATFORM = `linux-${process.arch}`;
const TOKEN = `bpj_${'x'.repeat(43)}`;
const SCRIPT = '/scripts/install-agent';

describe("The agent's executables and their installer", () => {
  let directory: string;
  let server: TestApp;
  let standIn: ReturnType<typeof agentStandIn>;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'bp-downloads-'));
    standIn = agentStandIn(directory);
    server = await startTestApp({ settings: ['--agent-dir', standIn.agentDir] });
  });
  afterAll(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('come with their checksums, to anyone who asks', async () => {
    const script = await server.api('get', SCRIPT, null).expect(200);
    const digest = createHash('sha256').update(script.text).digest();
    expect(script.headers).toMatchObject({
      'content-type': 'text/x-shellscript; charset=utf-8',
      'repr-digest': `sha-256=:${digest.toString('base64')}:`,
      'x-checksum-sha256': digest.toString('hex'),
    });
    const checksum = await server.api('get', `${SCRIPT}.sha256`, null).expect(200);
    expect(checksum.text).toBe(`${digest.toString('hex')}  install-agent\n`);

    const answer = await fetch(`${server.url}/api/v1/downloads/agent/${PLATFORM}`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(bytes).toEqual(readFileSync(standIn.executable));
    const sum = createHash('sha256').update(bytes).digest('hex');
    expect(answer.headers.get('x-checksum-sha256')).toBe(sum);
    expect(answer.headers.get('content-length')).toBe(String(bytes.length));
    expect(script.text).toContain(`sha256_${process.arch}='${sum}'`);
  });

  it('say that plain HTTP proves nothing of the server', async () => {
    const { text } = await server.api('get', SCRIPT, null).expect(200);
    expect(text).toContain('# The server speaks plain HTTP');
    expect(text).toContain(`server_url='${server.url}'`);
    expect(text).toContain(`version='${version()}'`);
  });

  it('are not there for other platforms', async () => {
    const answer = await server.api('get', '/downloads/agent/windows-x64', null).expect(404);
    expect(answer.body).toMatchObject({
      code: 'not-found',
      detail: expect.stringContaining('linux-x64 and linux-arm64'),
    });
  });

  it('are refused for a Host header that is no host', async () => {
    const answer = await server.api('get', SCRIPT, null).set('host', "x'; rm -rf /").expect(400);
    expect(answer.body).toMatchObject({ code: 'validation-failed' });
  });

  it('name the public address where one is configured', async () => {
    const settings = ['--agent-dir', standIn.agentDir, '--public-url', 'https://batchpoint.internal/'];
    const other = await startTestApp({ settings, databaseUrl: server.databaseUrl });
    const { text } = await other.api('get', SCRIPT, null).expect(200);
    await other.close();
    expect(text).toContain("server_url='https://batchpoint.internal'");
    expect(text).toContain("# The server's certificate is vouched for by the authorities this host trusts.");
  });

  it('are missed in words where they were not made', async () => {
    const settings = ['--agent-dir', join(directory, 'nothing')];
    const other = await startTestApp({ settings, databaseUrl: server.databaseUrl });
    for (const path of [SCRIPT, `${SCRIPT}.sha256`, `/downloads/agent/${PLATFORM}`]) {
      const { body } = await other.api('get', path, null).expect(409);
      expect(body).toMatchObject({ code: 'agent-not-packaged', detail: expect.stringContaining('npm run package') });
    }
    await other.close();
  });
});

describeNeeding(['linux', 'root'], 'The installer, run', () => {
  let directory: string;
  let server: TestApp;
  let standIn: ReturnType<typeof agentStandIn>;
  let certificate: ReturnType<typeof selfSignedCertificate>;
  let script: string;
  let root: string;
  let serial = 0;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'bp-install-'));
    standIn = agentStandIn(directory);
    certificate = selfSignedCertificate(directory);
    const { certFile, keyFile } = certificate;
    const tls = ['--tls-cert-file', certFile, '--tls-key-file', keyFile];
    server = await startTestApp({ settings: [...tls, '--agent-dir', standIn.agentDir] });
    script = (await server.api('get', SCRIPT, null).ca(readFileSync(certFile)).expect(200)).text;
    mkdirSync(join(directory, 'bin'));
    const systemctl = join(directory, 'bin', 'systemctl');
    writeFileSync(systemctl, `#!/bin/sh\necho "$*" >>'${join(directory, 'systemctl')}'\n`);
    chmodSync(systemctl, 0o755);
    writeFileSync(join(directory, 'token'), `${TOKEN}\n`);
  });
  afterAll(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(() => {
    root = join(directory, `root${(serial += 1)}`);
    mkdirSync(root);
    for (const note of ['systemctl', 'calls']) writeFileSync(join(directory, note), '');
  });

  /** Everything goes below `root`; systemd is a stand-in that notes what it is told. */
  async function install(text: string, ...args: string[]): Promise<{ status: number; output: string }> {
    const path = join(directory, 'install-agent');
    writeFileSync(path, text);
    const env = { PATH: `${join(directory, 'bin')}:${process.env['PATH']}`, BATCHPOINT_INSTALL_ROOT: root };
    return runToEnd('sh', [path, ...args], env);
  }
  const withToken = ['--join-token-file', ''];
  beforeAll(() => (withToken[1] = join(directory, 'token')));
  const at = (path: string): string => join(root, path);
  const content = (path: string): string => readFileSync(at(path), 'utf8');
  const mode = (path: string): string => (statSync(at(path)).mode & 0o777).toString(8);
  const told = (): string[] => readFileSync(join(directory, 'systemctl'), 'utf8').split('\n').filter(Boolean);

  it('puts the agent on a host: executable, settings, service, Docker', async () => {
    mkdirSync(at('etc/docker'), { recursive: true });
    writeFileSync(at('etc/docker/daemon.json'), '{"log-driver": "journald", "runtimes": {"nvidia": {"path": "x"}}}');
    expect(await install(script, ...withToken)).toMatchObject({
      status: 0,
      output: expect.stringContaining('is installed'),
    });
    expect(readFileSync(at('usr/local/bin/batchpoint'))).toEqual(readFileSync(standIn.executable));
    expect(mode('usr/local/bin/batchpoint')).toBe('755');
    expect(content('etc/batchpoint/join-token')).toBe(`${TOKEN}\n`);
    expect(mode('etc/batchpoint/join-token')).toBe('600');
    expect(content('etc/batchpoint/server.pem')).toBe(readFileSync(certificate.certFile, 'utf8'));
    expect(content('etc/batchpoint/agent.env')).toBe(
      `BATCHPOINT_SERVER_URL=${server.url}\nBATCHPOINT_JOIN_TOKEN_FILE=/etc/batchpoint/join-token\nNODE_EXTRA_CA_CERTS=/etc/batchpoint/server.pem\n`,
    );
    expect(content('etc/systemd/system/batchpoint-agent.service')).toBe(
      readFileSync(join(import.meta.dirname, '../../deploy/batchpoint-agent.service'), 'utf8'),
    );
    expect(JSON.parse(content('etc/docker/daemon.json'))).toEqual({
      'log-driver': 'journald',
      'default-runtime': 'batchpoint',
      runtimes: { nvidia: { path: 'x' }, batchpoint: { path: '/var/lib/batchpoint/bin/batchpoint-runc' } },
    });
    expect(told()).toEqual([
      'reload docker',
      'daemon-reload',
      'enable --quiet batchpoint-agent.service',
      'restart batchpoint-agent.service',
    ]);
    expect(readFileSync(standIn.calls, 'utf8')).toContain(`doctor --state-dir ${root}/var/lib/batchpoint`);
  });

  it('changes nothing when run again, needs no token then, and keeps what an operator added', async () => {
    await install(script, ...withToken);
    writeFileSync(at('etc/batchpoint/agent.env'), `BATCHPOINT_LOG_LEVEL=debug\n${content('etc/batchpoint/agent.env')}`);
    const before = content('etc/batchpoint/agent.env');
    writeFileSync(join(directory, 'systemctl'), '');
    const { status, output } = await install(script);
    expect(output).toContain(`is version ${version()} already`);
    expect(status).toBe(0);
    expect(content('etc/batchpoint/agent.env')).toBe(before);
    expect(told()).toEqual([
      'daemon-reload',
      'enable --quiet batchpoint-agent.service',
      'start batchpoint-agent.service',
    ]);
  });

  it('brings a newer executable', async () => {
    await install(script, ...withToken);
    writeFileSync(at('usr/local/bin/batchpoint'), '#!/bin/sh\n# of an earlier release\n');
    expect((await install(script)).status).toBe(0);
    expect(readFileSync(at('usr/local/bin/batchpoint'))).toEqual(readFileSync(standIn.executable));
    expect(told().at(-1)).toBe('restart batchpoint-agent.service');
  });

  it('refuses an executable with a flipped byte, and installs nothing', async () => {
    const whole = readFileSync(standIn.executable);
    const flipped = Buffer.from(whole);
    flipped[flipped.length - 2]! ^= 1;
    writeFileSync(standIn.executable, flipped);
    const { status, output } = await install(script, ...withToken);
    writeFileSync(standIn.executable, whole);
    expect(output).toContain('is not the agent this script was made for');
    expect(status).toBe(1);
    expect(existsSync(at('usr/local/bin/batchpoint'))).toBe(false);
    expect(existsSync(at('usr/local/bin/batchpoint.new'))).toBe(false);
    expect(told()).toEqual([]);
  });

  it('refuses a server with another certificate, and one with the certificate but another key', async () => {
    const elsewhere = mkdtempSync(join(directory, 'other-'));
    const plain = await startTestApp({ settings: ['--agent-dir', standIn.agentDir], databaseUrl: server.databaseUrl });
    const impostor = await TlsFront.start(plain.url, elsewhere);
    const misled = script.replace(server.url, impostor.url);
    const first = await install(misled, ...withToken);
    expect(first).toMatchObject({ status: 1, output: expect.stringContaining('could not fetch the agent') });
    // Even where its certificate were trusted, the key is not the pinned one.
    const theirs = readFileSync(impostor.certificateFile, 'utf8').trim();
    const trusting = misled.replace(/certificate='-----BEGIN[^']*'/, `certificate='${theirs}'`);
    const second = await install(trusting, ...withToken);
    expect(second).toMatchObject({
      status: 1,
      output: expect.stringMatching(/pinned public key.*\n.*could not fetch/i),
    });
    expect(existsSync(at('usr/local/bin/batchpoint'))).toBe(false);
    await impostor.close();
    await plain.close();
  });

  it('is pinned to the certificate as openssl names it', () => {
    const said = execFileSync('openssl', ['x509', '-in', certificate.certFile, '-noout', '-fingerprint', '-sha256']);
    expect(script).toContain(`certificate_sha256='${said.toString().split('=')[1]!.trim()}'`);
  });

  it.each<[string, string[], string]>([
    ['without a token', [], 'a host enrols with a join token'],
    ['with a file that holds none', ['--join-token-file', '/etc/hostname'], 'holds no join token'],
  ])('refuses %s, before anything is fetched', async (_, args, message) => {
    const { status, output } = await install(script, ...args);
    expect(output).toContain(message);
    expect(status).toBe(1);
    expect(existsSync(at('usr'))).toBe(false);
  });

  it('leaves Docker and systemd alone where it is told to', async () => {
    expect((await install(script, ...withToken, '--no-docker', '--no-start', '--no-packages')).status).toBe(0);
    expect(existsSync(at('etc/docker'))).toBe(false);
    expect(told()).toEqual([]);
  });

  it('says what keeps Docker from using the runtime, and installs the rest', async () => {
    mkdirSync(at('etc/docker'), { recursive: true });
    writeFileSync(at('etc/docker/daemon.json'), '{"default-runtime": "nvidia"}');
    const { status, output } = await install(script, ...withToken);
    expect(output).toMatch(/the default runtime is nvidia[^]*so no job is protected/);
    expect(status).toBe(0);
    expect(content('etc/docker/daemon.json')).toBe('{"default-runtime": "nvidia"}');
  });

  it('takes the agent away again, but not what running containers need', async () => {
    await install(script, ...withToken);
    writeFileSync(join(directory, 'systemctl'), '');
    const { status, output } = await install(script, '--uninstall');
    expect(output).toContain('the agent is gone');
    expect(status).toBe(0);
    for (const path of ['usr/local/bin/batchpoint', 'etc/batchpoint', 'etc/systemd/system/batchpoint-agent.service'])
      expect(existsSync(at(path))).toBe(false);
    expect(existsSync(at('var/lib/batchpoint/bin'))).toBe(true);
    expect(JSON.parse(content('etc/docker/daemon.json'))).toEqual({
      runtimes: { batchpoint: { path: '/var/lib/batchpoint/bin/batchpoint-runc' } },
    });
    expect(told()).toEqual(['disable --now batchpoint-agent.service', 'reload docker', 'daemon-reload']);
    expect((await install(script, '--uninstall')).status).toBe(0);
  });

  it('explains itself, and refuses what it does not know', async () => {
    const help = await install(script, '--help');
    expect(help).toMatchObject({ status: 0, output: expect.stringContaining('--uninstall') });
    expect(help.output).not.toContain('set -eu');
    expect(await install(script, '--frobnicate')).toMatchObject({
      status: 2,
      output: expect.stringContaining('--frobnicate'),
    });
  });

  it('is of no use as it stands in the repository', async () => {
    const bare = readFileSync(join(import.meta.dirname, '../../deploy/install-agent.sh'), 'utf8');
    expect(await install(bare, ...withToken)).toMatchObject({
      status: 1,
      output: expect.stringContaining('get it from your server'),
    });
  });

  it('is good POSIX shell', () => {
    execFileSync('sh', ['-n'], { input: script });
    const shellcheck = spawnSync('shellcheck', ['--shell=sh', '-'], { input: script, encoding: 'utf8' });
    // Where shellcheck is not installed, `sh -n` above has to do.
    if (shellcheck.error === undefined) expect(shellcheck.stdout).toBe('');
  });

  it('does not run where the executable does not', async () => {
    const whole = readFileSync(standIn.executable, 'utf8');
    const sum = /sha256_\w+='([0-9a-f]{64})'/.exec(script)![1]!;
    writeExecutable(standIn.executable, '#!/bin/sh\nexit 127\n');
    const fresh = createHash('sha256').update(readFileSync(standIn.executable)).digest('hex');
    const { status, output } = await install(script.replace(sum, fresh), ...withToken);
    writeExecutable(standIn.executable, whole);
    expect(output).toContain('it needs glibc 2.28 or newer');
    expect(status).toBe(1);
  });
});
