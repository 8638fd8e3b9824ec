import { z } from 'zod';
import {
  AGENT_API,
  SESSION_HEADER,
  type CommandList,
  type CommandResult,
  type EnrolmentRequest,
  type EnrolmentResponse,
  type HeartbeatRequest,
  type HeartbeatResponse,
  type ReportBatch,
  type ReportResult,
  type SessionRequest,
  type SessionResponse,
} from '../protocol/agent-api.js';
import { configSchema } from './local-state.js';

/** The server did not answer, or answered that it cannot now: the same call may pass later. */
export class ServerUnavailableError extends Error {
  override name = 'ServerUnavailableError';
}

/** The server understood and said no: the same call again gets the same answer. */
export class ServerRefusedError extends Error {
  override name = 'ServerRefusedError';
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }

  /** The credential (or join token) is not, or no longer, valid. */
  get unauthorised(): boolean {
    return this.status === 401;
  }
}

/** A newer process opened a session for this host: this one must stop acting on commands. */
export class StaleSessionError extends ServerRefusedError {
  override name = 'StaleSessionError';
}

const commandList = z.object({
  items: z.array(z.looseObject({ id: z.string(), expiresAt: z.string(), type: z.string() })),
});
const enrolment = z.object({ hostId: z.string(), credential: z.string().min(1) });
const session = z.object({ session: z.number().int(), config: configSchema });
const heartbeat = z.object({ config: configSchema.nullable() });
const reportResult = z.object({
  accepted: z.number(),
  duplicates: z.number(),
  rejected: z.array(z.object({ id: z.string(), detail: z.string() })),
});

interface Call {
  method: 'GET' | 'POST' | 'PUT';
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  timeoutMs?: number;
  signal?: AbortSignal;
}

const TIMEOUT_MS = 20_000;

/**
 * The server as the agent sees it: one method a call of `protocol/agent-api.ts`, no retries (the loops decide), every
 * failure one of the three errors above. An aborted signal rejects with the signal's reason.
 */
export class ServerClient {
  private credential: string | null = null;
  private session: number | null = null;

  constructor(private readonly baseUrl: string) {}

  useCredential(credential: string): void {
    this.credential = credential;
    this.session = null;
  }

  async enrol(joinToken: string, request: EnrolmentRequest, signal?: AbortSignal): Promise<EnrolmentResponse> {
    const headers = { authorization: `Bearer ${joinToken}` };
    return this.call(enrolment, { method: 'POST', path: '/enrolments', body: request, headers, ...optional(signal) });
  }

  /** From here on every call carries the new session's number. */
  async openSession(request: SessionRequest, signal?: AbortSignal): Promise<SessionResponse> {
    this.session = null;
    const opened = await this.call(session, { method: 'POST', path: '/sessions', body: request, ...optional(signal) });
    this.session = opened.session;
    return opened;
  }

  /** `revision`: of the configuration in use; the answer holds one only when that is out of date. */
  async heartbeat(request: HeartbeatRequest, revision: string, signal?: AbortSignal): Promise<HeartbeatResponse> {
    const headers = { 'if-none-match': `"${revision}"` };
    return this.call(heartbeat, { method: 'POST', path: '/heartbeats', body: request, headers, ...optional(signal) });
  }

  async commands(waitSeconds: number, signal?: AbortSignal): Promise<CommandList> {
    const path = `/commands?wait=${Math.max(1, Math.floor(waitSeconds))}s`;
    const list = await this.call(commandList, {
      method: 'GET',
      path,
      timeoutMs: waitSeconds * 1000 + TIMEOUT_MS,
      ...optional(signal),
    });
    return list as unknown as CommandList;
  }

  async putResult(commandId: string, result: CommandResult, signal?: AbortSignal): Promise<void> {
    const path = `/commands/${encodeURIComponent(commandId)}/result`;
    await this.call(z.unknown(), { method: 'PUT', path, body: result, ...optional(signal) });
  }

  async report(batch: ReportBatch, signal?: AbortSignal): Promise<ReportResult> {
    return this.call(reportResult, { method: 'POST', path: '/reports', body: batch, ...optional(signal) });
  }

  private async call<T>(schema: z.ZodType<T>, call: Call): Promise<T> {
    const url = `${this.baseUrl}${AGENT_API}${call.path}`;
    const timeout = AbortSignal.timeout(call.timeoutMs ?? TIMEOUT_MS);
    let status: number;
    let text: string;
    try {
      const response = await fetch(url, {
        method: call.method,
        headers: this.headers(call),
        body: call.body === undefined ? null : JSON.stringify(call.body),
        signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
        // A redirect would hand the credential to another address.
        redirect: 'error',
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      if (call.signal?.aborted) throw call.signal.reason;
      throw new ServerUnavailableError(`no answer from ${this.baseUrl}: ${reasonOf(error)}`, { cause: error });
    }
    if (status < 200 || status > 299) throw problem(status, text, `${call.method} ${call.path}`);
    const parsed = schema.safeParse(text === '' ? undefined : parseJson(text));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0]!;
    throw new ServerUnavailableError(
      `${this.baseUrl} answered ${call.method} ${call.path} with something this agent does not understand ` +
        `(${issue.path.join('.') || 'body'}: ${issue.message}); is it a Batchpoint server of this release?`,
    );
  }

  private headers(call: Call): Record<string, string> {
    return {
      accept: 'application/json, application/problem+json',
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(this.credential === null ? {} : { authorization: `Bearer ${this.credential}` }),
      ...(this.session === null ? {} : { [SESSION_HEADER]: String(this.session) }),
      ...call.headers,
    };
  }
}

function optional(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function problem(status: number, text: string, what: string): Error {
  const body = z
    .object({ code: z.string(), detail: z.string().optional(), title: z.string().optional() })
    .safeParse(parseJson(text));
  const code = body.success ? body.data.code : `http-${status}`;
  const detail = (body.success ? (body.data.detail ?? body.data.title) : undefined) ?? text.slice(0, 200);
  const message = `${what} was answered ${status}: ${detail}`;
  if (status === 409 && code === 'stale-agent-session') return new StaleSessionError(status, code, message);
  // 404 from something that is not our server (a proxy, a server still starting) has no code of ours.
  const later = status >= 500 || status === 408 || status === 429 || (status === 404 && !body.success);
  return later ? new ServerUnavailableError(message) : new ServerRefusedError(status, code, message);
}

/** fetch hides what happened one or two causes deep; of several addresses tried, the first speaks for all. */
function reasonOf(error: unknown): string {
  let deepest = error as NodeJS.ErrnoException & { errors?: Error[] };
  while (deepest.cause !== undefined) deepest = deepest.cause as typeof deepest;
  return deepest.errors?.[0]?.message ?? (deepest.message || (deepest.code ?? deepest.name));
}
