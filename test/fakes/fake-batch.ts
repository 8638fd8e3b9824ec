import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A job as DescribeJobs answers it; what is absent is absent. */
export interface FakeJob {
  jobId: string;
  jobName: string;
  jobQueue: string;
  jobDefinition: string;
  status: string;
  createdAt: number;
  [field: string]: unknown;
}

const STATUS_PAGE = 1000;
const FILTER_PAGE = 100;
/** What ListJobs tells of a job (AWS Batch API reference, JobSummary). */
const SUMMARY = [
  'jobArn',
  'jobId',
  'jobName',
  'createdAt',
  'status',
  'statusReason',
  'startedAt',
  'stoppedAt',
  'arrayProperties',
  'jobDefinition',
];

/**
 * A stand-in for AWS Batch: ListJobs and DescribeJobs over HTTP, for more jobs than the emulator can hold, in states it has not
 * (RUNNABLE, a second attempt), with pages and limits, which it lacks. test/contract/batch-list.spec.ts holds it to the same answers.
 */
export class FakeBatch {
  readonly calls = { ListJobs: 0, DescribeJobs: 0 };
  private readonly jobs = new Map<string, FakeJob>();
  private readonly byQueue = new Map<string, FakeJob[]>();
  private readonly children = new Map<string, FakeJob[]>();
  private throttled = 0;
  private away = false;
  private before: Record<string, string | undefined> = {};

  private constructor(private readonly server: Server) {}

  /** Starts it and points this process's SDK at it: AWS Batch, and nothing else of AWS. */
  static async start(): Promise<FakeBatch> {
    const server = createServer((request, response) => void fake.answer(request, response));
    const fake = new FakeBatch(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    fake.setEnvironment({
      AWS_ENDPOINT_URL_BATCH: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: 'AKIATEST',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    return fake;
  }

  get callCount(): number {
    return this.calls.ListJobs + this.calls.DescribeJobs;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    for (const [name, value] of Object.entries(this.before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }

  /** ARN of a new queue. */
  queue(name: string): string {
    const arn = `arn:aws:batch:us-east-1:123456789012:job-queue/${name}`;
    this.byQueue.set(arn, []);
    return arn;
  }

  /** Id of a new job; with `arrayProperties: {size}`, of an array whose children wait. */
  submit(jobQueue: string, changes: Partial<FakeJob> = {}): string {
    const jobId = changes.jobId ?? randomUUID();
    const job: FakeJob = {
      jobArn: `arn:aws:batch:us-east-1:123456789012:job/${jobId}`,
      jobId,
      jobName: 'job',
      jobQueue,
      jobDefinition: 'arn:aws:batch:us-east-1:123456789012:job-definition/definition:1',
      status: 'SUBMITTED',
      createdAt: Date.now(),
      attempts: [],
      container: { image: 'busybox', command: ['sleep', '1'], vcpus: 1, memory: 512 },
      ...changes,
    };
    this.jobs.set(jobId, job);
    this.byQueue.get(jobQueue)!.push(job);
    const { size } = (job['arrayProperties'] ?? {}) as { size?: number };
    if (size !== undefined) this.addChildren(job, size);
    return jobId;
  }

  change(jobId: string, changes: Partial<FakeJob>): void {
    Object.assign(this.jobs.get(jobId)!, changes);
    const parent = this.jobs.get(jobId.replace(/:\d+$/, ''))!;
    if (parent.jobId !== jobId) this.count(parent);
  }

  /** So many calls from now on are too many. */
  throttle(calls: number): void {
    this.throttled = calls;
  }

  /** Cuts every call short, as a network that is away. */
  pause(): void {
    this.away = true;
  }
  resume(): void {
    this.away = false;
  }

  /** As AWS Batch does some days after a job's end. */
  forget(jobId: string): void {
    const { jobQueue } = this.jobs.get(jobId)!;
    this.jobs.delete(jobId);
    this.byQueue.set(
      jobQueue,
      this.byQueue.get(jobQueue)!.filter((job) => job.jobId !== jobId),
    );
  }

  private setEnvironment(env: Record<string, string>): void {
    this.before = Object.fromEntries(Object.keys(env).map((name) => [name, process.env[name]]));
    Object.assign(process.env, env);
  }

  private addChildren(parent: FakeJob, size: number): void {
    const children = Array.from({ length: size }, (_, index) => ({
      ...parent,
      jobId: `${parent.jobId}:${index}`,
      status: 'PENDING',
      arrayProperties: { index },
    }));
    for (const child of children) this.jobs.set(child.jobId, child);
    this.children.set(parent.jobId, children);
    this.count(parent);
  }

  private count(parent: FakeJob): void {
    const children = this.children.get(parent.jobId)!;
    const statusSummary: Record<string, number> = {};
    for (const { status } of children) statusSummary[status] = (statusSummary[status] ?? 0) + 1;
    parent['arrayProperties'] = { size: children.length, statusSummary };
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.away) return void request.socket.destroy();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, never>;
    const send = (status: number, answer: object, type?: string): void => {
      response.writeHead(status, {
        'content-type': 'application/json',
        ...(type === undefined ? {} : { 'x-amzn-errortype': type }),
      });
      response.end(JSON.stringify(answer));
    };
    const name =
      request.url === '/v1/listjobs' ? 'ListJobs' : request.url === '/v1/describejobs' ? 'DescribeJobs' : null;
    if (name === null) return send(404, { message: `no ${request.url}` }, 'UnknownOperationException');
    this.calls[name] += 1;
    if (this.throttled > 0) {
      this.throttled -= 1;
      return send(429, { message: 'Too Many Requests' }, 'TooManyRequestsException');
    }
    try {
      send(200, name === 'ListJobs' ? this.list(body) : this.describe(body));
    } catch (error) {
      send(400, { message: (error as Error).message }, 'ClientException');
    }
  }

  private list(request: {
    jobQueue?: string;
    arrayJobId?: string;
    jobStatus?: string;
    filters?: { name: string; values: string[] }[];
    maxResults?: number;
    nextToken?: string;
  }): object {
    const { jobQueue, arrayJobId, jobStatus = 'RUNNING', filters, nextToken } = request;
    const all = arrayJobId === undefined ? this.byQueue.get(jobQueue!) : this.children.get(arrayJobId);
    if (all === undefined) throw new Error(`Job queue ${jobQueue} does not exist`);
    const after = filters?.find((filter) => filter.name === 'AFTER_CREATED_AT')?.values[0];
    const matching =
      after === undefined
        ? all.filter((job) => job.status === jobStatus)
        : all.filter((job) => job.createdAt > Number(after)).sort((a, b) => b.createdAt - a.createdAt);
    const size = Math.min(request.maxResults ?? STATUS_PAGE, after === undefined ? STATUS_PAGE : FILTER_PAGE);
    const from = Number(nextToken ?? 0);
    const page = matching.slice(from, from + size);
    return {
      jobSummaryList: page.map((job) => Object.fromEntries(SUMMARY.map((field) => [field, job[field]]))),
      ...(from + size < matching.length ? { nextToken: String(from + size) } : {}),
    };
  }

  private describe({ jobs }: { jobs?: string[] }): object {
    if (jobs === undefined || jobs.length > 100) throw new Error('jobs must be at most 100');
    return { jobs: jobs.map((id) => this.jobs.get(id)).filter((job) => job !== undefined) };
  }
}
