import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { loadPerlProgram } from '../support/perl-programs.js';
import { lines, ProtectedHost, sharedStorage, until } from '../support/protected-host.js';
import { describeNeeding } from '../support/requires.js';

const SOCKETS = [
  'unix stream pair',
  'unix datagram pair',
  'named unix socket',
  'abstract unix socket',
  'descriptor in flight',
  'udp socket',
  'named pipe',
];
const DESCRIPTORS = [
  'epoll',
  'eventfd',
  'timerfd',
  'absolute timerfd',
  'boottime timerfd',
  'signalfd',
  'pidfd',
  'memfd',
  'inotify',
  'inotify of the image',
  'inotify on a bind mount',
  'inotify on a tmpfs',
];
const FILES = ['flock', 'fcntl lock', 'open file lock', 'deleted file', 'file replaced by rename', 'deleted directory'];
const CARRIED = [...SOCKETS, ...DESCRIPTORS, ...FILES];

describeNeeding(['root', 'linux', 'docker', 'criu'], 'what a job holds in the kernel', () => {
  const storage = sharedStorage();
  const shared = mkdtempSync(join(tmpdir(), 'bp-shared-'));
  const options = ['-v', `${shared}:/shared`, '--tmpfs', '/memory'];
  let a: ProtectedHost;
  let b: ProtectedHost;
  let image: string;

  beforeAll(async () => {
    [a, b] = await Promise.all([ProtectedHost.start('a', storage.path), ProtectedHost.start('b', storage.path)]);
    image = await loadPerlProgram('kernel-objects', [a.host, b.host]);
  }, 60_000);
  afterAll(() => {
    storage.remove();
    rmSync(shared, { recursive: true, force: true });
  });

  const command = (objects: string[]): string[] => ['perl', '/program', process.arch, ...objects];

  async function holding(jobId: string, objects: string[]): Promise<string> {
    const container = await a.start(jobId, options, command(objects), image);
    await until(`${jobId} is ready`, async () => lines(await a.logs(container)).includes('ready'));
    return container;
  }

  /** Lets the program look at what it holds; what it says of each, and its exit code. */
  async function look(host: ProtectedHost, container: string) {
    await host.exec(container, 'perl', '-e', 'open F, ">", "/var/go"');
    const { exitCode, log } = await host.finish(container);
    return { exitCode, said: lines(log).filter((line) => line !== 'ready') };
  }

  const allWell = (objects: string[]) => ({ exitCode: 0, said: objects.map((name) => `${name} ok`) });

  it('is there on another host, with its content, counts, locks and what was in flight', async () => {
    const first = await holding('objects', CARRIED);
    await a.checkpoint('objects', first);
    await a.host.killContainerHard(first);
    const second = await b.start('objects', options, command(CARRIED), image);
    expect(b.freshStartsOf('objects')).toEqual([]);
    expect(await look(b, second)).toEqual(allWell(CARRIED));
  });

  it.each([
    ['inotify event', 'unsupported-resource', 'has not read'],
    ['deleted watched file', 'unsupported-resource', 'could not be found by its name'],
    ['unaccepted unix connection', 'dump-failed', 'Non-empty write queue on an in-flight socket'],
    ['unaccepted tcp connection', 'dump-failed', 'In-flight connection'],
    ['deleted file of the image', 'dump-failed', "Can't create link remap for /etc/passwd"],
    ['deleted file with another name', 'dump-failed', "Can't create link remap for /var/one"],
    ['deleted file of more than 1 GiB', 'dump-failed', "Can't dump ghost file /var/large"],
  ])('of which no image can hold the whole is refused, and the job runs on with it: %s', async (name, code, words) => {
    const jobId = name.replaceAll(' ', '-');
    const container = await holding(jobId, [name]);
    await expect(a.checkpoint(jobId, container)).rejects.toMatchObject({
      failure: { code, message: expect.stringContaining(words) },
    });
    expect(await look(a, container)).toEqual(allWell([name]));
    expect(await a.store.list(jobId)).toEqual([]);
  });
});
