import { execFile, execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { copyProgram, writeImageArchive } from '../src/standalone/image-archive.js';
import { WITHOUT_IO_URING } from '../test/support/job-programs.js';
import type { Comparison } from './measure.js';
import { seconds } from './measure.js';
import { RESIDENT_PROGRAM } from './resident-program.js';
import type { Stage } from './stage.js';

const run = promisify(execFile);
const IMAGE = 'batchpoint-bench';
/**
 * Rounds that do not count: they compile code, and write where the disk was never written before, which on virtual disks is
 * slower. Two, since an image is only removed when the next is there: the bare one has been everywhere after the first.
 */
const WARM_UP = 2;

interface Taken {
  /** Longest time the job stood still, as it saw it itself, ms. */
  frozen: number;
  endToEnd: number;
}

/** The API's checkpoint against `runc checkpoint` and an fsync of its files: same container, same disk, in turns. */
export async function benchCheckpoints(
  stage: Stage,
  sizes: readonly { mib: number; repeats: number }[],
): Promise<Comparison[]> {
  const archive = join(stage.dir, 'bench-image.tar');
  writeImageArchive(archive, IMAGE, (root) => {
    copyProgram(process.execPath, root, 'bin/node');
    writeFileSync(join(root, 'resident.cjs'), RESIDENT_PROGRAM);
  });
  await stage.host.docker.docker('load', '--quiet', '--input', archive);
  const comparisons: Comparison[] = [];
  for (const { mib, repeats } of sizes) {
    const job = new ResidentJob(stage, mib);
    await job.start();
    const [ours, bare]: [Taken[], Taken[]] = [[], []];
    for (let round = 0; round < repeats + WARM_UP; round += 1) {
      // Turn by turn, and each first every other round: neither has the warmer cache nor the emptier disk queue.
      const takers = [async () => ours.push(await job.byApi()), async () => bare.push(await job.bare())];
      for (const take of round % 2 === 0 ? takers : takers.reverse()) await take();
    }
    const measured = (taken: Taken[], key: keyof Taken): number[] => taken.slice(WARM_UP).map((one) => one[key]);
    const size = mib >= 1024 ? `${mib / 1024} GiB` : `${mib} MiB`;
    comparisons.push(
      {
        what: `${size}: job stands still`,
        unit: 'ms',
        ours: measured(ours, 'frozen'),
        bare: measured(bare, 'frozen'),
        goal: { ratioAtMost: 1.1 },
      },
      {
        what: `${size}: checkpoint end to end`,
        unit: 'ms',
        ours: measured(ours, 'endToEnd'),
        bare: measured(bare, 'endToEnd'),
        goal: { ratioAtMost: 1.25 },
      },
    );
    await job.stop();
  }
  return comparisons;
}

class ResidentJob {
  private readonly name: string;
  private id = '';

  constructor(
    private readonly stage: Stage,
    private readonly mib: number,
  ) {
    this.name = `bench-${mib}`;
  }

  async start(): Promise<void> {
    this.id = (
      await this.stage.host.docker.docker(
        ...[
          'run',
          '-d',
          '--name',
          this.name,
          '--runtime',
          'batchpoint',
          ...WITHOUT_IO_URING,
          '-e',
          `AWS_BATCH_JOB_ID=${this.name}`,
        ],
        ...[IMAGE, 'node', '/resident.cjs', String(this.mib)],
      )
    ).trim();
    for (let tries = 0; !(await this.output()).includes('ready'); tries += 1) {
      if (tries > 1200) throw new Error(`the job did not allocate ${this.mib} MiB within two minutes`);
      await sleep(100);
    }
    // Until the server knows the job, a checkpoint of it is a 404.
    for (let tries = 0; ; tries += 1) {
      const known = await this.stage.api.get<{ status: string }>(`/jobs/${this.name}`).catch(() => null);
      if (known?.status === 'RUNNING') return;
      if (tries > 300) throw new Error('the agent did not report the job within 30 s');
      await sleep(100);
    }
  }

  async stop(): Promise<void> {
    await this.stage.host.docker.docker('rm', '-f', this.name);
  }

  async byApi(): Promise<Taken> {
    return this.measure(async () => {
      const { id } = await this.stage.api.post<{ id: string }>(`/jobs/${this.name}/checkpoints`);
      const done = await this.stage.api.get<{ status: string; failure: { message: string } | null }>(
        `/operations/${id}?wait=55s`,
      );
      if (done.status !== 'succeeded')
        throw new Error(`checkpoint by API ${done.status}: ${done.failure?.message ?? ''}`);
    });
  }

  async bare(): Promise<Taken> {
    const directory = join(this.stage.dir, 'bare');
    const [images, work] = [join(directory, 'images'), join(directory, 'work')];
    for (const path of [images, work]) mkdirSync(path, { recursive: true });
    const taken = await this.measure(async () => {
      const options = [
        '--leave-running',
        '--file-locks',
        '--tcp-established',
        '--ext-unix-sk',
        '--image-path',
        images,
        '--work-path',
        work,
      ];
      await run('runc', ['--root', this.stage.host.docker.runcRoot, 'checkpoint', ...options, this.id], {
        env: { ...process.env, PATH: `${this.stage.criuDir}:${process.env['PATH']}` },
      });
      for (const path of [...readdirSync(images).map((name) => join(images, name)), images]) {
        const file = openSync(path, 'r');
        fsyncSync(file);
        closeSync(file);
      }
    });
    rmSync(directory, { recursive: true });
    return taken;
  }

  private async measure(take: () => Promise<void>): Promise<Taken> {
    execFileSync('sync'); // what others wrote before is not this one's to wait for
    await sleep(300);
    const before = (await this.output()).length;
    const endToEnd = (await seconds(take)) * 1000;
    await sleep(300);
    const gaps = (await this.output()).slice(before).matchAll(/^gap (.*)$/gm);
    return { frozen: Math.max(0, ...[...gaps].map(([, ms]) => Number(ms))), endToEnd };
  }

  private output(): Promise<string> {
    return this.stage.host.docker.docker('logs', this.name);
  }
}
