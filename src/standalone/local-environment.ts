import { mkdirSync } from 'node:fs';
import type { ApiClient } from './api-client.js';

interface Named {
  id: string;
  name: string;
}

/** The storage and compute environment a newcomer finds ready; made once, found again by name. */
export async function localEnvironment(
  api: ApiClient,
  checkpointDir: string,
): Promise<{ computeEnvironmentId: string }> {
  mkdirSync(checkpointDir, { recursive: true });
  const storage = await findOrCreate(api, '/storages', 'local', {
    name: 'local',
    kind: 'local',
    mountPath: checkpointDir,
  });
  const environment = await findOrCreate(api, '/compute-environments', 'local', {
    name: 'local',
    storageId: storage.id,
  });
  return { computeEnvironmentId: environment.id };
}

/** For one agent that starts right now. The server shows the token this once. */
export async function createJoinToken(api: ApiClient, name: string, computeEnvironmentId: string): Promise<string> {
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const { token } = await api.post<{ token: string }>('/join-tokens', {
    name,
    computeEnvironmentId,
    expiresAt,
    maxUses: 1,
  });
  return token;
}

async function findOrCreate(api: ApiClient, path: string, name: string, body: object): Promise<Named> {
  const { items } = await api.get<{ items: Named[] }>(`${path}?name=${encodeURIComponent(name)}`);
  return items[0] ?? (await api.post<Named>(path, body));
}
