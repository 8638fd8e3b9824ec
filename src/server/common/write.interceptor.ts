import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { Database } from '../database/database.js';
import { Idempotency } from './idempotency.js';
import { ROUTE_OPTIONS, type RouteOptions } from './route-options.js';

/**
 * Every write route runs in one transaction: rows, commands, change notices and the idempotency record commit together.
 * `?dryRun=true` runs the very same code, with all its checks, in a transaction that is rolled back.
 */
@Injectable()
export class WriteInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly database: Database,
    private readonly idempotency: Idempotency,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const options = this.reflector.get<RouteOptions | undefined>(ROUTE_OPTIONS, context.getHandler());
    if (options?.write !== true) return next.handle();
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return from(this.write(request, reply, () => lastValueFrom(next.handle(), { defaultValue: undefined })));
  }

  private async write(request: FastifyRequest, reply: FastifyReply, work: () => Promise<unknown>): Promise<unknown> {
    if (request.dryRun) {
      const answer = await this.database.rehearse(work);
      reply.header('dry-run', 'true');
      return answer;
    }
    if (request.method !== 'POST') return this.database.transaction(work);
    const { answer, replayed } = await this.database.transaction(() => this.idempotency.once(request, work));
    if (replayed) reply.header('idempotency-replayed', 'true');
    return answer;
  }
}
