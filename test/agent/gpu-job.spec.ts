import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CheckpointPipeline } from '../../src/agent/checkpoint/checkpoint-pipeline.js';
import { DockerEngine } from '../../src/agent/containers/docker-engine.js';
import { Runc } from '../../src/agent/engines/runc.js';
import { measureGpus } from '../../src/agent/gpu/nvidia-smi.js';
import { isReadable } from '../../src/agent/image-store/stored-image.js';
import { type FailureError } from '../../src/protocol/failure.js';
import { installFakeNvidia, T4 } from '../fakes/fake-nvidia-tools.js';
import { CheckpointRig } from '../support/checkpoint-rig.js';
import { SAMPLE_FACTS } from '../support/image-samples.js';
import { describeNeeding } from '../support/requires.js';
import { TestHost } from '../support/test-host.js';

/** With a stand-in for nvidia-smi and no GPU: what the pipeline makes of a job that was given one. CRIU's CUDA plugin is not there. */
describeNeeding(['linux', 'root', 'docker', 'criu'], 'a job with a GPU', () => {
  let host: TestHost;
  let rig: CheckpointRig;
  let tools: string;
  const path = process.env['PATH'];

  beforeAll(async () => {
    host = await TestHost.start();
    rig = await CheckpointRig.on(host, mkdtempSync(join(host.dir, 'storage-')));
    tools = mkdtempSync(join(host.dir, 'nvidia-'));
    process.env['PATH'] = `${tools}:${path}`;
  }, 120_000);
  afterAll(async () => {
    process.env['PATH'] = path;
    await host?.stop();
  }, 60_000);

  const start = (jobId: string): Promise<string> =>
    rig.startJob(
      jobId,
      'n=0; while :; do n=$((n+1)); echo $n >/layer; done',
      ...['-e', `NVIDIA_VISIBLE_DEVICES=${T4.uuid}`, '--memory', '64m'],
    );
  const holding = async (containerId: string, mib: number | null): Promise<CheckpointPipeline> => {
    const pid = Number(await host.docker('inspect', '--format', '{{.State.Pid}}', containerId));
    installFakeNvidia(tools, { gpus: [T4], driver: '570.86.15', apps: [{ pid, mib }] });
    const { gpus, driver } = await measureGpus();
    return new CheckpointPipeline({
      stateDir: host.stateDir,
      runc: new Runc({ runc: 'runc', criuDir: host.criuDir }),
      containers: new DockerEngine(host.dockerSocket, host.stateDir),
      hostFacts: () => Promise.resolve({ ...SAMPLE_FACTS, gpus, nvidiaDriver: driver }),
    });
  };

  it('is captured after CRIU, one step after the other, into a full image that names its GPU', async () => {
    const id = await start('gpu-full');
    const steps: string[] = [];
    const pipeline = await holding(id, 8);
    const { image } = await pipeline.run(rig.request('gpu-full', id), { onStep: (step) => steps.push(step) });
    expect(steps.slice(3)).toEqual(['freeze', 'dump', 'observe', 'capture-layer', 'thaw', 'seal', 'commit', 'prune']);
    const gpus = [{ model: 'Tesla T4', memoryBytes: 15360 * 1024 ** 2, uuid: T4.uuid }];
    expect(image).toMatchObject({ gpus, parentId: null });
    const [entry] = await rig.store.list('gpu-full');
    expect(isReadable(entry!) && entry.manifest).toMatchObject({ gpus, parentId: null });
    await rig.expectRunning(id, '/layer');
  });

  it.each([
    ['what it holds on its GPU', 100, '100 MiB on its GPU'],
    ['all of its GPU, where the driver does not say', null, '15 GiB on its GPU'],
  ])('is left alone when %s has no room in its memory limit', async (_, mib, words) => {
    const jobId = `gpu-large-${mib}`;
    const id = await start(jobId);
    const pipeline = await holding(id, mib);
    const error = (await pipeline.run(rig.request(jobId, id)).catch((reason: unknown) => reason)) as FailureError;
    expect(error.failure).toMatchObject({ code: 'host-memory-too-small', step: 'check' });
    expect(error.failure.message).toContain(words);
    expect(error.failure.message).toContain("the job's limit is 64 MiB");
    await rig.expectRunning(id, '/layer');
  });
});
