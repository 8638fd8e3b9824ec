import { randomUUID } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { AgentConfig } from '../protocol/agent-api.js';
import { readIfPresent, replaceFile } from './image-store/durable-files.js';

const identitySchema = z.object({
  machineId: z.string().min(1),
  host: z.object({ hostId: z.string(), credential: z.string() }).nullable(),
});
/** Who this agent is. `host` is null until the server enrolled it. */
export type Identity = z.infer<typeof identitySchema>;

/**
 * The agent's directory on the host (`shim-api.ts` says what the shim keeps in it). Everything here is written
 * durably, so a killed agent finds what it had said it saved.
 *
 *   identity.json       machine id, host id, credential (0600)
 *   agent.json          the last AgentConfig: jobs are protected by it while the server is away
 *   commands/           command-journal.ts
 *   jobs/               job-memory.ts
 *   outbox/, refused/   outbox.ts
 */
export class LocalState {
  private constructor(
    readonly directory: string,
    private current: Identity,
  ) {}

  /** Creates the directory (0700) and the machine id at first use. */
  static async open(directory: string): Promise<LocalState> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    // It holds the credential and, in job records, what jobs were started with.
    await chmod(directory, 0o700);
    const path = join(directory, 'identity.json');
    const text = await readIfPresent(path);
    if (text !== null) {
      const parsed = identitySchema.safeParse(parseJson(text));
      if (!parsed.success)
        throw new Error(`${path} is damaged; remove it and start again with a join token: the host enrols anew`);
      return new LocalState(directory, parsed.data);
    }
    const state = new LocalState(directory, { machineId: randomUUID(), host: null });
    await replaceFile(path, JSON.stringify(state.current));
    return state;
  }

  get identity(): Identity {
    return this.current;
  }

  async saveHost(host: NonNullable<Identity['host']>): Promise<void> {
    this.current = { ...this.current, host };
    await replaceFile(this.path('identity.json'), JSON.stringify(this.current));
  }

  path(...names: string[]): string {
    return join(this.directory, ...names);
  }

  async saveConfig(config: AgentConfig): Promise<void> {
    // The restore program reads it too and validates what it uses.
    await replaceFile(this.path('agent.json'), JSON.stringify(config, null, 2));
  }

  /** null before the first session, or when the file cannot be used: the next session brings a fresh one. */
  loadConfig(): Promise<AgentConfig | null> {
    return LocalState.readConfig(this.directory);
  }

  /** For programs that look on without being the agent. */
  static async readConfig(directory: string): Promise<AgentConfig | null> {
    const text = await readIfPresent(join(directory, 'agent.json'));
    const parsed = configSchema.safeParse(text === null ? null : parseJson(text));
    return parsed.success ? parsed.data : null;
  }
}

const policySchema = z.object({
  mode: z.enum(['periodic', 'manual', 'off']),
  interval: z.string(),
  keep: z.number().int().min(1),
  timeout: z.string(),
  writableLayer: z.boolean(),
  diagnosis: z.boolean(),
  failureRetention: z.string(),
});

/** {@link AgentConfig}, as it must be to act on it: from the disk and from the server. */
export const configSchema = z.object({
  revision: z.string(),
  hostId: z.string(),
  heartbeatSeconds: z.number().positive(),
  pollSeconds: z.number().positive(),
  computeEnvironment: z.object({ id: z.string(), name: z.string() }).nullable(),
  storage: z
    .object({
      id: z.string(),
      kind: z.string(),
      mountPath: z.string().startsWith('/'),
      fileSystemTypes: z.array(z.string()),
    })
    .nullable(),
  policy: policySchema,
  pinnedCheckpoints: z.array(z.string()).optional(),
}) as z.ZodType<AgentConfig>;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
