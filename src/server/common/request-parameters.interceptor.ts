import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import type { FieldError } from './domain-error.js';
import { requestContext } from './request-context.js';
import { ROUTE_OPTIONS, type RouteOptions } from './route-options.js';
import { refuseUnstorable, validationFailed } from './validation.js';
import { parseWait } from './wait.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** `?dryRun=true` on a route that offers it. */
    dryRun?: boolean;
  }
}

/**
 * Takes `?wait` and `?dryRun` out of the query before the route's own query DTO sees it, and refuses by name every query
 * parameter or body of a route that takes none (the pipe only sees what a route asks for).
 */
@Injectable()
export class RequestParametersInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const options = this.reflector.get<RouteOptions | undefined>(ROUTE_OPTIONS, context.getHandler());
    refuseUnstorable(request.query, '?');
    refuseUnstorable(request.body, '');
    const query = { ...(request.query as Record<string, unknown>) };
    if (options?.wait) {
      const waitMs = parseWait(query.wait);
      const current = requestContext();
      if (current) current.waitMs = waitMs;
      delete query.wait;
    }
    if (options?.dryRun && query.dryRun !== undefined) {
      if (query.dryRun !== 'true' && query.dryRun !== 'false') {
        throw validationFailed([{ pointer: '?dryRun', code: 'is-boolean', detail: 'dryRun must be true or false.' }]);
      }
      request.dryRun = query.dryRun === 'true';
      delete query.dryRun;
    }
    request.query = query;
    this.refuseUnknown(context, request, query);
    return next.handle();
  }

  private refuseUnknown(context: ExecutionContext, request: FastifyRequest, query: Record<string, unknown>): void {
    const taken = takenParts(context);
    const errors: FieldError[] = [];
    if (!taken.has(RouteParamtypes.QUERY)) {
      for (const name of Object.keys(query)) {
        errors.push({ pointer: `?${name}`, code: 'unknown', detail: `There is no query parameter "${name}" here.` });
      }
    }
    if (!taken.has(RouteParamtypes.BODY) && typeof request.body === 'object' && request.body !== null) {
      for (const name of Object.keys(request.body)) {
        errors.push({
          pointer: `/${name}`,
          code: 'unknown',
          detail: `There is no field "${name}" here: this takes no body.`,
        });
      }
    }
    if (errors.length > 0) throw validationFailed(errors);
  }
}

/** Which parts of the request the handler asks for (`@Query()`, `@Body()`, ...). Nest's keys are `<type>:<index>`. */
function takenParts(context: ExecutionContext): Set<number> {
  const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name) ??
    {}) as object;
  return new Set(Object.keys(args).map((key) => Number.parseInt(key, 10)));
}
