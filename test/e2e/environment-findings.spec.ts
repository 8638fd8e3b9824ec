import { DEFAULT_POLICY } from '../../src/protocol/policy.js';
import { AgentConfigService } from '../../src/server/compute-environments/agent-config.service.js';
import { HostsAndJobs } from '../support/hosts-and-jobs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** What the server makes of an environment's configuration: for people, and for agents. */
describe('Compute environments', () => {
  let server: TestApp;
  let rows: HostsAndJobs;
  let storageId: string;
  beforeAll(async () => {
    server = await startTestApp();
    rows = new HostsAndJobs(server);
    storageId = await storage({ kind: 'local', mountPath: '/data/checkpoints' });
  });
  afterAll(() => server.close());

  let serial = 0;
  const name = (): string => `environment-${(serial += 1)}`;
  async function storage(body: object): Promise<string> {
    return (
      await server
        .api('post', '/storages')
        .send({ name: name(), mountPath: '/mnt/batchpoint', ...body })
        .expect(201)
    ).body.id;
  }
  const create = async (body: object = {}): Promise<{ id: string; name: string }> =>
    (
      await server
        .api('post', '/compute-environments')
        .send({ name: name(), storageId, instanceTypes: ['m6i.large'], ...body })
        .expect(201)
    ).body;

  describe('findings', () => {
    const codes = async (id: string): Promise<string[]> => {
      const { body } = await server
        .api('get', `/compute-environments/${id}/findings`, await server.token('viewer'))
        .expect(200);
      return (body.items as { code: string }[]).map((finding) => finding.code);
    };

    it('come from the configuration', async () => {
      const { id } = await create({
        storageId: null,
        instanceTypes: ['m6i', 'm7g'],
        policy: { interval: '1m', keep: 1 },
      });
      expect(await codes(id)).toEqual([
        'no-storage',
        'mixed-architectures',
        'interval-shorter-than-notice',
        'single-checkpoint-kept',
        'no-hosts-online',
      ]);
      await server
        .api('patch', `/compute-environments/${id}`)
        .send({ storageId, instanceTypes: ['m6i'], policy: null })
        .expect(200);
      expect(await codes(id)).toEqual(['no-hosts-online', 'storage-unverified']);
    });

    it('come from what the hosts measured', async () => {
      const { id } = await create();
      const health = {
        storageId,
        ready: false,
        reason: '/data/checkpoints is not there',
        freeBytes: null,
        totalBytes: null,
      };
      await rows.host(
        id,
        { hostName: 'a' },
        { storage_health: health, findings: [{ check: 'criu', severity: 'error', message: 'CRIU is missing' }] },
      );
      await rows.host(id, { hostName: 'b', kernel: '5.10.1' });
      await rows.host(
        id,
        { hostName: 'gone', architecture: 'aarch64' },
        { status: 'deregistered', deregistered_at: new Date(), credential_hash: null },
      );
      expect(await codes(id)).toEqual([
        'storage-sharing-unproven',
        'host-storage-not-ready',
        'host-check-failed',
        'image-not-portable',
      ]);
    });
  });

  describe('tell agents', () => {
    const config = (computeEnvironmentId: string | null) =>
      server.app
        .get(AgentConfigService)
        .forHost({ id: 'host_1', computeEnvironmentId }, { heartbeatSeconds: 15, pollSeconds: 25 });

    it('storage and policy, and a new revision with each change', async () => {
      const { id, name: environmentName } = await create({ policy: { interval: '7m' } });
      const first = await config(id);
      expect(first).toMatchObject({
        hostId: 'host_1',
        heartbeatSeconds: 15,
        pollSeconds: 25,
        computeEnvironment: { id, name: environmentName },
        storage: { id: storageId, kind: 'local', mountPath: '/data/checkpoints', fileSystemTypes: [] },
        policy: { ...DEFAULT_POLICY, interval: '7m' },
      });
      expect(await config(id)).toEqual(first);
      await server
        .api('patch', `/compute-environments/${id}`)
        .send({ labels: { of: 'no concern to agents' } })
        .expect(200);
      expect(await config(id)).toEqual(first);
      await server
        .api('patch', '/settings')
        .send({ policy: { keep: 9 } })
        .expect(200);
      const second = await config(id);
      expect(second).toMatchObject({ policy: { keep: 9, interval: '7m' } });
      expect(second.revision).not.toBe(first.revision);
      await server.api('patch', '/settings').send({ policy: null }).expect(200);
      expect((await config(id)).revision).toBe(first.revision);
    });

    it('which file systems prove an NFS mount', async () => {
      const nfs = await storage({ kind: 'nfs', settings: { server: '10.0.0.12', exportPath: '/x' } });
      const { id } = await create({ storageId: nfs });
      expect((await config(id)).storage).toEqual({
        id: nfs,
        kind: 'nfs',
        mountPath: '/mnt/batchpoint',
        fileSystemTypes: ['nfs', 'nfs4'],
      });
    });

    it('the system policy and no storage, when a host has no environment', async () => {
      expect(await config(null)).toMatchObject({ computeEnvironment: null, storage: null, policy: DEFAULT_POLICY });
    });
  });
});
