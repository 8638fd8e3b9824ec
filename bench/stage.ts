import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { ApiClient } from '../src/standalone/api-client.js';
import { LocalHost } from '../src/standalone/local-host.js';
import { examineMachine, installPrerequisites } from '../src/standalone/machine.js';
import { freePort, serverChild, serverUrl } from '../src/standalone/programs.js';

/** What is measured: the built server with its PostgreSQL, and one host. */
export interface Stage {
  dir: string;
  criuDir: string;
  api: ApiClient;
  token: string;
  host: LocalHost;
  strike: () => Promise<void>;
}

export async function setStage(): Promise<Stage> {
  let machine = examineMachine({ demo: true });
  if (!machine.capable) installPrerequisites();
  machine = examineMachine({ demo: true });
  if (!machine.capable)
    throw new Error(`this machine cannot checkpoint containers:\n  ${machine.missing.join('\n  ')}`);

  const dir = mkdtempSync('/tmp/bpbench-');
  chmodSync(dir, 0o755); // PostgreSQL's user must reach its part
  const cleanUp: (() => Promise<void>)[] = [async () => rmSync(dir, { recursive: true, force: true })];
  const strike = async (): Promise<void> => {
    for (const undo of cleanUp.splice(0).reverse()) await undo();
  };
  const note = (line: string): void => console.error(`! ${line}`);
  try {
    const [port, token, tokenFile] = [
      await freePort(),
      randomBytes(32).toString('base64url'),
      join(dir, 'admin-token'),
    ];
    writeFileSync(tokenFile, token, { mode: 0o600 });
    mkdirSync(join(dir, 'server'));
    mkdirSync(join(dir, 'checkpoints'));
    const server = serverChild({ dataDir: join(dir, 'server'), port, adminTokenFile: tokenFile, note });
    cleanUp.push(() => server.stop());
    await server.start();
    const api = new ApiClient(serverUrl(port), token);
    const storage = await api.post<{ id: string }>('/storages', {
      name: 'bench',
      kind: 'local',
      mountPath: join(dir, 'checkpoints'),
    });
    const environment = await api.post<{ id: string }>('/compute-environments', {
      name: 'bench',
      storageId: storage.id,
      policy: { mode: 'manual', keep: 1 },
    });
    const joinToken = await api.post<{ token: string }>('/join-tokens', {
      name: 'bench',
      computeEnvironmentId: environment.id,
    });
    const host = await LocalHost.start({
      name: 'agent',
      dir: join(dir, 'host'),
      runDir: join(dir, 'run'),
      cgroup: dir.slice('/tmp/'.length),
      serverUrl: api.baseUrl,
      joinToken: () => Promise.resolve(joinToken.token),
      criuDir: machine.criuDir,
      note,
    });
    cleanUp.push(() => host.stop());
    return { dir, criuDir: machine.criuDir, api, token, host, strike };
  } catch (error) {
    await strike();
    throw error;
  }
}
