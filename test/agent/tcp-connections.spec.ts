import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { loadPerlProgram } from '../support/perl-programs.js';
import { continuedFrom, lines, ProtectedHost, sharedStorage, until } from '../support/protected-host.js';
import { describeNeeding } from '../support/requires.js';
import { TestNetwork } from '../support/test-network.js';
import { TestPeer } from '../support/test-peer.js';

describeNeeding(['root', 'linux', 'docker', 'criu'], 'the TCP connections of a job', () => {
  const storage = sharedStorage();
  const peers: TestPeer[] = [];
  let a: ProtectedHost;
  let b: ProtectedHost;

  beforeAll(async () => {
    const start = (name: string) => ProtectedHost.start(name, storage.path, { ownNetwork: true });
    [a, b] = [await start('a'), await start('b')];
    await loadPerlProgram('tcp', [a.host, b.host]);
  }, 60_000);
  afterAll(() => {
    for (const peer of peers) peer.close();
    storage.remove();
  });

  const run = (host: ProtectedHost, jobId: string, network: string, ...program: (string | number)[]) =>
    host.start(jobId, ['--network', network], ['perl', '/program', ...program.map(String)], 'tcp');

  const printed = (host: ProtectedHost, container: string, line: string) =>
    until(`the job prints ${line}`, async () => lines(await host.logs(container)).includes(line));

  it.each(['none', 'host'])('go on between its processes, in the network "%s": no byte is missing', async (network) => {
    const steps = Array.from({ length: 100 }, (_, i) => `${(i + 1) * 1000}`);
    const jobId = `pair-${network}`;
    const first = await run(a, jobId, network, 'pair', 100_000);
    await printed(a, first, '20000');
    await a.checkpoint(jobId, first);
    const seen = await a.logs(first);
    await a.host.killContainerHard(first);
    const { exitCode, log } = await b.finish(await run(b, jobId, network, 'pair', 100_000));
    expect(exitCode).toBe(0);
    expect(continuedFrom(seen, log, [...steps, 'complete 100000'].join('\n'))).toBeGreaterThanOrEqual(20);
  });

  it('keep what a process that has ended sent to another, which has not read it', async () => {
    const first = await run(a, 'rest', 'none', 'rest', 10_000);
    await printed(a, first, 'ready');
    await a.checkpoint('rest', first);
    await a.host.killContainerHard(first);
    const second = await run(b, 'rest', 'none', 'rest', 10_000);
    await b.exec(second, 'perl', '-e', 'open F, ">", "/var/go"');
    expect(await b.finish(second)).toEqual({ exitCode: 0, log: '10000 bytes\n' });
  });

  it('are refused while the kernel alone holds what such a process sent', async () => {
    const container = await run(a, 'on-its-way', 'none', 'rest', 1_000_000);
    await printed(a, container, 'ready');
    await expect(a.checkpoint('on-its-way', container)).rejects.toMatchObject({
      failure: { code: 'unsupported-resource', message: expect.stringContaining('on its way') },
    });
    await a.exec(container, 'perl', '-e', 'open F, ">", "/var/go"');
    expect(await a.finish(container)).toEqual({ exitCode: 0, log: 'ready\n1000000 bytes\n' });
  });

  /** Checkpoints a job that is connected to a peer outside, loses it by `lose`, and continues it on `next`. */
  async function connectedOutside(
    jobId: string,
    [host, next]: [ProtectedHost, ProtectedHost],
    address: string,
    lose: () => Promise<void>,
  ): Promise<void> {
    const peer = await TestPeer.listen(address);
    peers.push(peer);
    const first = await run(host, jobId, 'host', 'client', address, peer.port);
    await until('the job is connected', () => peer.connections.length === 1);
    peer.send('one');
    await printed(host, first, '1 one');
    await host.checkpoint(jobId, first);
    peer.send('after the image');
    await printed(host, first, '2 after the image');
    await lose();
    await host.host.killContainerHard(first);

    const second = await run(next, jobId, 'host', 'client', address, peer.port);
    await until('the job connects again', () => peer.connections.length === 2);
    peer.send('end');
    const { exitCode, log } = await next.finish(second);
    expect(next.restoresOf(jobId)).toEqual([expect.objectContaining({ status: 'succeeded' })]);
    expect(lines(log)).toEqual(['lost: end', 'writing: Broken pipe', 'inside: end', 'connected', '2 end']);
    expect(exitCode).toBe(0);
  }

  it('to peers outside are closed on another host; the job sees their end and connects again', () =>
    connectedOutside('outside', [a, b], TestNetwork.machineAddress, async () => {}));

  // Its peer knows of more than the image does: it would wait for the peer for ever.
  it('to peers outside are closed even where the job finds its address again', async () => {
    const lost = await ProtectedHost.start('lost', storage.path, { ownNetwork: true });
    await loadPerlProgram('tcp', [lost.host]);
    await connectedOutside('same-address', [lost, b], TestNetwork.machineAddress, async () => {
      await lost.host.network!.unplug();
      await b.host.network!.takeOver(lost.host.network!.address);
    });
  });

  it('to a program beside the container are closed, over loopback too', async () => {
    const host = await ProtectedHost.start('c', storage.path);
    await loadPerlProgram('tcp', [host.host]);
    await connectedOutside('beside', [host, host], '127.0.0.1', async () => {});
  });

  it.each(['udp', 'listener'])(
    'need the address that a socket is bound to: without it the job starts fresh and says why (%s)',
    async (kind) => {
      const address = kind === 'udp' ? TestNetwork.machineAddress : a.host.network!.address;
      const first = await run(a, kind, 'host', kind, address, 9);
      await printed(a, first, 'ready');
      await a.checkpoint(kind, first);
      await a.host.killContainerHard(first);
      const second = await run(b, kind, 'host', kind, address, 9);
      expect(b.freshStartsOf(kind)).toEqual([expect.stringContaining("Can't bind inet socket")]);
      await b.host.docker('rm', '--force', second);
    },
  );
});
