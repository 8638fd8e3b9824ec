import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * What belongs to the request being answered, reachable anywhere below it without passing it along: the log lines'
 * request id, and what the common interceptors read from the query.
 */
export interface RequestContext {
  requestId: string;
  /** The caller's W3C trace context, as received; undefined when absent or malformed. */
  traceparent: string | undefined;
  /** `?wait` in milliseconds; 0 when absent. */
  waitMs: number;
  /** Aborted when the caller goes away before the answer. */
  signal: AbortSignal;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Undefined outside a request (background work, start-up). */
export function requestContext(): RequestContext | undefined {
  return storage.getStore();
}

export function runInRequestContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}
