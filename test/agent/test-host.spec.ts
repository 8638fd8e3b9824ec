import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { findLeftovers, kernelName, RUN_VARIABLE } from '../support/leftovers.js';
import { describeNeeding } from '../support/requires.js';
import { TestHost } from '../support/test-host.js';
import { TestNetwork } from '../support/test-network.js';

const run = (): string => process.env[RUN_VARIABLE]!;

describeNeeding(['root', 'linux', 'docker', 'criu'], 'TestHost', () => {
  let a: TestHost;
  let b: TestHost;

  beforeAll(async () => {
    a = await TestHost.start({ name: 'a', ownNetwork: true });
    b = await TestHost.start({ name: 'b', ownNetwork: true });
  }, 120_000);

  afterAll(() => TestHost.stopAll());

  it('runs containers under the batchpoint runtime, on two engines with the same image', async () => {
    const images = await Promise.all(
      [a, b].map((host) => host.docker('image', 'inspect', '--format', '{{.Id}}', host.image)),
    );
    expect(images[0]).toBe(images[1]);
    for (const host of [a, b]) {
      expect(await host.docker('run', '--rm', '--runtime', 'batchpoint', host.image, 'echo', 'hello')).toBe('hello');
    }
  });

  it('gives each host its own address, which the other reaches', async () => {
    expect(a.network!.address).not.toBe(b.network!.address);
    await a.docker(
      'run',
      '-d',
      '--name',
      'server',
      '--network',
      'host',
      a.image,
      'nc',
      '-l',
      '-p',
      '7000',
      '-e',
      'echo',
      'from-a',
    );
    const heard = await b.docker(
      'run',
      '--rm',
      '--network',
      'host',
      b.image,
      'sh',
      '-c',
      `for i in 1 2 3 4 5 6 7 8 9; do nc ${a.network!.address} 7000 && break; sleep 0.2; done`,
    );
    expect(heard).toBe('from-a');
  });

  it('kills a container as a lost machine would', async () => {
    const id = await a.docker('run', '-d', '--runtime', 'batchpoint', a.image, 'sleep', '1000');
    expect(existsSync(`${a.runcRoot}/${id}/state.json`)).toBe(true);
    await a.killContainerHard(id);
    expect(await a.docker('wait', id)).toBe('137');
  });

  it('leaves nothing after killHard and stop, with containers running and paused', async () => {
    await b.docker('run', '-d', b.image, 'sleep', '1000');
    await b.docker('pause', await b.docker('run', '-d', b.image, 'sleep', '1000'));
    const marked = findLeftovers(run());
    expect(marked.processes.length).toBeGreaterThan(4);
    expect(marked.cgroups.length).toBeGreaterThan(0);
    expect(marked.networks.length).toBe(5);
    expect(marked.networks.every((name) => name.startsWith(kernelName(run())))).toBe(true);
    await b.killHard();
    await a.stop();
    await b.stop();
    await TestNetwork.removeBridge();
    const left = findLeftovers(run());
    expect(left).toEqual({
      processes: [],
      mounts: [],
      cgroups: [],
      networks: [],
      directories: [expect.stringContaining('.image')],
    });
  });
});
