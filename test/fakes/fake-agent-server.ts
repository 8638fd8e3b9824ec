import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  AGENT_API,
  SESSION_HEADER,
  type AgentConfig,
  type Command,
  type CommandBody,
  type CommandResult,
  type EnrolmentResponse,
  type HeartbeatRequest,
  type HeartbeatResponse,
  type Report,
  type ReportResult,
  type SessionRequest,
  type SessionResponse,
} from '../../src/protocol/agent-api.js';
import { newId } from '../../src/protocol/ids.js';
import { DEFAULT_POLICY, type Policy } from '../../src/protocol/policy.js';

/**
 * The agent's side of the server, held to the types of protocol/agent-api.ts: for what a test must control that the real
 * one does not allow (being away, refusing, forgetting). What the two must agree on is tested with the real server.
 */
export class FakeAgentServer {
  readonly reports: Report[] = [];
  readonly heartbeats: HeartbeatRequest[] = [];
  readonly results = new Map<string, CommandResult>();
  readonly sessions: SessionRequest[] = [];
  enrolments = 0;
  credential = 'credential-1';
  session = 0;
  /** Ids of reports to refuse for good. */
  readonly refuseReports = new Set<string>();
  config: AgentConfig;
  private readonly pending: Command[] = [];
  private readonly waiting = new Set<() => void>();
  private server: Server | null = null;
  private port = 0;

  constructor(
    readonly joinToken = 'join-me',
    readonly hostId = newId('host'),
  ) {
    this.config = {
      revision: '1',
      hostId,
      heartbeatSeconds: 1,
      pollSeconds: 5,
      computeEnvironment: null,
      storage: null,
      policy: { ...DEFAULT_POLICY, mode: 'manual' },
    };
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** At the same port after every `stop`. */
  async start(): Promise<void> {
    const server = (this.server = createServer((request, response) => void this.answer(request, response)));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
    this.port = (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = null;
    if (server === null) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  configure(change: Partial<Omit<AgentConfig, 'policy'>> & { mountPath?: string; policy?: Partial<Policy> }): void {
    const { mountPath, policy, ...rest } = change;
    const storage =
      mountPath === undefined
        ? this.config.storage
        : { id: newId('storage'), kind: 'local', mountPath, fileSystemTypes: [] };
    this.config = {
      ...this.config,
      storage,
      ...rest,
      policy: { ...this.config.policy, ...policy },
      revision: String(Number(this.config.revision) + 1),
    };
  }

  send(body: CommandBody): string {
    const id = newId('command');
    this.pending.push({ id, expiresAt: new Date(Date.now() + 60_000).toISOString(), ...body });
    for (const wake of this.waiting) wake();
    return id;
  }

  of<T extends Report['type']>(type: T): Extract<Report, { type: T }>[] {
    return this.reports.filter((report) => report.type === type) as Extract<Report, { type: T }>[];
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body: unknown = chunks.length === 0 ? null : JSON.parse(Buffer.concat(chunks).toString());
    const url = new URL(request.url!, this.url);
    const send = (status: number, content?: unknown): void => {
      response.writeHead(status, { 'content-type': status < 300 ? 'application/json' : 'application/problem+json' });
      response.end(content === undefined ? '' : JSON.stringify(content));
    };
    const problem = (status: number, code: string): void =>
      send(status, { status, code, title: code, detail: `refused: ${code}` });
    const route = `${request.method} ${url.pathname.slice(AGENT_API.length)}`;
    const token = request.headers.authorization;
    if (route === 'POST /enrolments') {
      if (token !== `Bearer ${this.joinToken}`) return problem(401, 'invalid-token');
      this.enrolments += 1;
      this.credential = `credential-${this.enrolments + 1}`;
      return send(201, { hostId: this.hostId, credential: this.credential } satisfies EnrolmentResponse);
    }
    if (token !== `Bearer ${this.credential}`) return problem(401, 'invalid-token');
    if (route === 'POST /sessions') {
      this.session += 1;
      this.sessions.push(body as SessionRequest);
      return send(201, { session: this.session, config: this.config } satisfies SessionResponse);
    }
    if (request.headers[SESSION_HEADER] !== String(this.session)) return problem(409, 'stale-agent-session');
    if (route === 'POST /heartbeats') {
      this.heartbeats.push(body as HeartbeatRequest);
      const current = request.headers['if-none-match'] === `"${this.config.revision}"`;
      return send(200, { config: current ? null : this.config } satisfies HeartbeatResponse);
    }
    if (route === 'POST /reports') return send(200, this.take((body as { items: Report[] }).items));
    if (route === 'GET /commands')
      return send(200, { items: await this.due(Number.parseInt(url.searchParams.get('wait')!, 10), response) });
    const result = /^PUT \/commands\/([^/]+)\/result$/.exec(route);
    if (result === null) return problem(404, 'not-found');
    this.results.set(result[1]!, body as CommandResult);
    send(204);
  }

  private take(items: Report[]): ReportResult {
    if (items.length > 200) throw new Error('more than 200 reports in one call');
    const known = new Set(this.reports.map(({ id }) => id));
    const rejected = items.filter(({ id }) => this.refuseReports.has(id)).map(({ id }) => ({ id, detail: 'never' }));
    const fresh = items.filter(({ id }) => !known.has(id) && !this.refuseReports.has(id));
    this.reports.push(...fresh);
    return { accepted: fresh.length, duplicates: items.length - fresh.length - rejected.length, rejected };
  }

  private async due(seconds: number, response: ServerResponse): Promise<Command[]> {
    const open = (): Command[] => this.pending.filter(({ id }) => !this.results.has(id));
    if (open().length > 0) return open();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, seconds * 1000);
      const { waiting } = this;
      function done(): void {
        clearTimeout(timer);
        waiting.delete(done);
        resolve();
      }
      waiting.add(done);
      response.once('close', done);
    });
    return open();
  }
}
