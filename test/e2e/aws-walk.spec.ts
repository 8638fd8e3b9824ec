import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchClient, DescribeJobsCommand, type RetryStrategy } from '@aws-sdk/client-batch';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { FakeAwsFront } from '../fakes/aws-front.js';
import { FakeServiceQuotas } from '../fakes/fake-service-quotas.js';
import { agentStandIn } from '../support/agent-stand-in.js';
import { AwsFixtures } from '../support/aws-fixtures.js';
import { type Moto, startMoto } from '../support/moto.js';
import { describeNeeding } from '../support/requires.js';
import { eventually, type ProtectedHost, TestDeployment } from '../support/test-deployment.js';
import { TestHost } from '../support/test-host.js';

const NAME = 'spot-walk';
const STEPS = 200;
const PROGRAM =
  `i=0 sum=seed; while [ $i -lt ${STEPS} ]; do i=$((i + 1)); ` +
  'sum=$(echo "$sum $i" | sha256sum | cut -d " " -f 1); echo "step $i $sum"; sleep 0.05; done';
const CONTAINER_COMMAND = ['sh', '-c', PROGRAM];
const RETRY: RetryStrategy = {
  attempts: 5,
  evaluateOnExit: [
    { action: 'RETRY', onStatusReason: 'Host EC2*' },
    { action: 'EXIT', onReason: '*' },
  ],
};
/** Batch's jobs run on whatever runtime is the default. */
const DOCKER_OF_BATCH = { 'default-runtime': 'batchpoint', 'host-gateway-ip': '127.0.0.1' };

interface Finding {
  severity: string;
  code: string;
  message: string;
}
interface Job {
  status: string;
  hostId: string | null;
  protected: boolean;
}

/**
 * What an administrator and then a user do, in this order, against an account in the emulator whose AWS Batch runs its jobs in the
 * Docker Engine of an enrolled host.
 */
describeNeeding(
  ['root', 'linux', 'docker', 'criu', 'moto'],
  'From a compute environment in AWS to a job restored',
  () => {
    let directory: string;
    let moto: Moto;
    let front: FakeAwsFront;
    let quotas: FakeServiceQuotas;
    let aws: AwsFixtures;
    let batch: BatchClient;
    let deployment: TestDeployment;
    let a: ProtectedHost;
    let b: ProtectedHost;
    let engine: TestHost;
    let environmentId: string;
    let joinToken: string;
    let queue: string;
    let definition: string;
    let jobId: string;
    let launchTemplateId: string;

    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), 'bp-walk-'));
      engine = await TestHost.start({ name: 'engine', daemonSettings: DOCKER_OF_BATCH });
      moto = await startMoto({ dockerHost: `unix://${engine.dockerSocket}` });
      front = await FakeAwsFront.start(moto.url);
      quotas = await FakeServiceQuotas.start(front.url);
      aws = new AwsFixtures();
      batch = new BatchClient({});
      deployment = await TestDeployment.start({
        serverEnv: {
          BATCHPOINT_PUBLIC_URL: 'https://batchpoint.example.internal:8080',
          BATCHPOINT_AGENT_DIR: agentStandIn(directory).agentDir,
        },
      });
    }, 120_000);
    afterAll(async () => {
      await deployment?.stop();
      batch?.destroy();
      aws?.close();
      await quotas?.close();
      await front?.close();
      await moto?.close();
      rmSync(directory, { recursive: true, force: true });
    }, 60_000);

    async function findings(): Promise<string[]> {
      const { items } = await deployment.api.get<{ items: Finding[] }>(
        `/compute-environments/${environmentId}/findings`,
      );
      return items.map(({ code }) => code);
    }
    async function sync(): Promise<void> {
      const { id } = await deployment.api.post<{ id: string }>(`/compute-environments/${environmentId}/sync`);
      expect(await deployment.operationEnd(id)).toMatchObject({ status: 'succeeded' });
    }
    const job = (): Promise<Job> => deployment.api.get<Job>(`/jobs/${jobId}`);

    it('an environment in AWS is looked at before it is registered, and nothing is written', async () => {
      const template = await aws.createLaunchTemplate({ userData: '#!/bin/sh\necho hello\n' });
      launchTemplateId = template.id;
      await aws.createComputeEnvironment({
        name: NAME,
        resources: {
          type: 'EC2',
          allocationStrategy: 'BEST_FIT',
          instanceTypes: ['m6i.large', 'r5.large'],
          launchTemplate: { launchTemplateId, version: '$Default' },
        },
      });
      definition = (await aws.createJobDefinition({ container: { command: CONTAINER_COMMAND } })).name;
      queue = (await aws.createJobQueue([NAME], { state: 'DISABLED' })).name;
      const { items: storages } = await deployment.api.get<{ items: { id: string }[] }>('/storages');
      const body = { name: NAME, region: 'us-east-1', storageId: storages[0]!.id };
      await deployment.api.post('/compute-environments?dryRun=true', body);
      const { items } = await deployment.api.get<{ items: unknown[] }>(`/compute-environments?name=${NAME}`);
      expect(items).toEqual([]);
      environmentId = (await deployment.api.post<{ id: string }>('/compute-environments', body)).id;
    }, 60_000);

    it('its findings name all that stands in the way', async () => {
      expect(new Set(await findings())).toEqual(
        new Set([
          'several-compatibility-groups',
          'on-demand-instances',
          'allocation-strategy-best-fit',
          'no-enabled-queue',
          'launch-template-without-agent',
          'spot-draining-off',
          'ecs-stop-timeout-short',
          'host-loss-not-retried',
          'storage-unverified',
          'no-hosts-online',
        ]),
      );
    }, 60_000);

    it('what AWS has is mended in AWS', async () => {
      await aws.recreateComputeEnvironment({
        name: NAME,
        resources: {
          instanceTypes: ['m6i.large', 'm6i.xlarge'],
          launchTemplate: { launchTemplateId, version: '$Default' },
        },
      });
      await aws.setJobQueueState(queue, 'ENABLED');
      await aws.createJobDefinition({
        name: definition,
        container: { command: CONTAINER_COMMAND },
        retryStrategy: RETRY,
      });
      quotas.applied.set('L-34B43A08', 32);
      await sync();
      expect(await findings()).not.toContain('several-compatibility-groups');
    }, 60_000);

    it('the launch template installs the agent, by the API', async () => {
      const { id } = await deployment.api.post<{ id: string }>(
        `/compute-environments/${environmentId}/launch-template-versions`,
      );
      expect(await deployment.operationEnd(id)).toMatchObject({ status: 'succeeded', failure: null });
      await sync();
      expect(new Set(await findings())).toEqual(new Set(['storage-unverified', 'no-hosts-online']));
    }, 60_000);

    it('two hosts enrol and prove the storage shared: nothing is left to find', async () => {
      const made = { name: 'walk', computeEnvironmentId: environmentId };
      joinToken = (await deployment.api.post<{ token: string }>('/join-tokens', made)).token;
      a = await deployment.addHost('a', { joinToken, on: engine });
      b = await deployment.addHost('b', { joinToken, daemonSettings: DOCKER_OF_BATCH });
      const { items } = await deployment.api.get<{ items: { id: string }[] }>('/storages');
      const { id } = await deployment.api.post<{ id: string }>(`/storages/${items[0]!.id}/verifications`);
      expect(await deployment.operationEnd(id)).toMatchObject({ status: 'succeeded' });
      expect(await findings()).toEqual([]);
    }, 90_000);

    it('a job submitted to AWS Batch is seen waiting, before it has a container', async () => {
      await moto.paceJobs(2);
      jobId = await aws.submitJob(queue, definition, { name: 'walk-job' });
      await eventually('AWS Batch has it RUNNABLE', async () => {
        const { jobs } = await batch.send(new DescribeJobsCommand({ jobs: [jobId] }));
        return jobs?.[0]?.status === 'RUNNABLE';
      });
      await moto.paceJobs(1_000_000);
      await eventually('it is RUNNABLE here', async () => (await job()).status === 'RUNNABLE');
      expect(await job()).toMatchObject({ hostId: null, jobName: 'walk-job' });
    }, 60_000);

    it('then running in a real container of an enrolled host', async () => {
      await moto.paceJobs(0);
      await eventually('it runs', async () => (await job()).status === 'RUNNING');
      expect(await job()).toMatchObject({ hostId: a.id, protected: true });
    }, 60_000);

    it('is checkpointed, loses its host, and goes on on the other where it was', async () => {
      const container = await a.host.docker('ps', '-q', '--filter', 'name=walk-job');
      await eventually('it works', async () => (await a.host.docker('logs', container)).includes('step 30 '));
      expect(await deployment.checkpoint(jobId)).toMatchObject({ status: 'committed', failure: null });
      await a.host.killContainerHard(container);
      const first = await a.host.docker('logs', container);
      // AWS Batch's retry, which the emulator has not.
      const variables = ['-e', `AWS_BATCH_JOB_ID=${jobId}`, '-e', 'AWS_BATCH_JOB_ATTEMPT=2'];
      await b.host.docker(
        'run',
        '-d',
        '--name',
        'retry',
        '--network',
        'host',
        ...variables,
        'busybox',
        'sh',
        '-c',
        PROGRAM,
      );
      await eventually('it runs there', async () => {
        const { hostId, status } = await job();
        return hostId === b.id && status === 'RUNNING';
      });
      expect(await b.host.docker('wait', 'retry')).toBe('0');
      const rest = (await b.host.docker('logs', 'retry')).split('\n');
      const from = STEPS - rest.length;
      expect(from).toBeGreaterThanOrEqual(30);
      const whole = await b.host.docker(
        'run',
        '--runtime',
        'runc',
        '--rm',
        '--network',
        'host',
        'busybox',
        'sh',
        '-c',
        PROGRAM.replace('sleep 0.05', ':'),
      );
      expect([...first.split('\n').slice(0, from), ...rest]).toEqual(whole.split('\n'));
      const { items } = await deployment.api.get<{ items: object[] }>(`/restores?jobId=${jobId}`);
      expect(items).toMatchObject([{ status: 'succeeded', hostId: b.id }]);
    }, 120_000);
  },
);
