import type { FastifyReply, FastifyRequest } from 'fastify';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/** The process's metrics. Features register theirs here; base units (seconds, bytes), never an id in a label. */
export const registry = new Registry();

collectDefaultMetrics({ register: registry });

const duration = new Histogram({
  name: 'batchpoint_http_request_duration_seconds',
  help: 'Time from the request line to the last byte of the answer. Long polls count their waiting.',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
  registers: [registry],
});

export function observeRequests(request: FastifyRequest, reply: FastifyReply, seconds: number): void {
  const route = request.routeOptions?.url ?? 'none';
  duration.observe({ method: request.method, route, status: String(reply.statusCode) }, seconds);
}
