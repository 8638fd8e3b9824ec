import type { CommandBody, ContainerReport } from '../../src/protocol/agent-api.js';
import { FakeAgent } from './fake-agent.js';
import type { TestApp } from './test-app.js';

export type CheckpointCommand = Extract<CommandBody, { type: 'checkpoint' }> & { id: string };

/** Hosts with jobs on them, all on one storage, and what tests of checkpoints do with them. */
export class RunningJobs {
  private count = 0;

  private constructor(
    readonly server: TestApp,
    readonly storageId: string,
    readonly joinToken: string,
  ) {}

  static async on(server: TestApp): Promise<RunningJobs> {
    const storage = await server
      .api('post', '/storages')
      .send({ name: 'images', kind: 'local', mountPath: '/mnt/images', settings: {} })
      .expect(201);
    return new RunningJobs(server, (storage.body as { id: string }).id, await server.joinToken());
  }

  /** A new host, and a job that runs there. */
  async start(changes: Partial<ContainerReport> = {}): Promise<{ agent: FakeAgent; job: string }> {
    const agent = await FakeAgent.start(this.server.url, this.joinToken, { storageId: this.storageId });
    this.count += 1;
    const job = `job-${this.count}`;
    expect((await agent.report(agent.container(job, changes))).body).toEqual({
      accepted: 1,
      duplicates: 0,
      rejected: [],
    });
    return { agent, job };
  }

  /** The one command that is due: a checkpoint. */
  async takeCommand(agent: FakeAgent): Promise<CheckpointCommand> {
    const { body } = await agent.poll('5s');
    expect(body.items).toHaveLength(1);
    return body.items[0] as unknown as CheckpointCommand;
  }

  /** A committed checkpoint of the job, of the agent's own doing. */
  async commit(agent: FakeAgent, job: string, sequence = 1): Promise<string> {
    const report = agent.checkpoint(job, 'committed', { image: agent.image({ sequence, storageId: this.storageId }) });
    expect((await agent.report(report)).body.accepted).toBe(1);
    return report.checkpointId;
  }
}
