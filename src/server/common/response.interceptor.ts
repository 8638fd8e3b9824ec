import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { etagOf } from './etag.js';
import { ROUTE_OPTIONS, type RouteOptions } from './route-options.js';

/** The headers that follow from the body: `ETag`, `Location`, `Retry-After`, `Link: rel="next"`. */
@Injectable()
export class ResponseInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const options = this.reflector.get<RouteOptions | undefined>(ROUTE_OPTIONS, context.getHandler());
    if (options === undefined) return next.handle();
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map((body: unknown) => {
        if (typeof body !== 'object' || body === null) return body;
        if ('version' in body && typeof body.version === 'number' && !request.dryRun)
          reply.header('etag', etagOf(body.version));
        if ('nextPageToken' in body && typeof body.nextPageToken === 'string') {
          reply.header('link', `<${nextUrl(request, body.nextPageToken)}>; rel="next"`);
        }
        if (options.location && !request.dryRun) reply.header('location', options.location(body as never));
        if (options.retryAfterSeconds !== undefined) reply.header('retry-after', String(options.retryAfterSeconds));
        return body;
      }),
    );
  }
}

/** Relative to the host, so that it holds behind any proxy. */
function nextUrl(request: FastifyRequest, pageToken: string): string {
  const url = new URL(request.url, 'http://localhost');
  url.searchParams.set('pageToken', pageToken);
  return `${url.pathname}${url.search}`;
}
