import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { SESSION_HEADER } from '../../protocol/agent-api.js';
import { validationFailed } from '../common/validation.js';

/** Which process of which host's agent is calling. Whether it is the newest is for the service to check. */
export interface AgentCallerInfo {
  hostId: string;
  session: number;
}

/** `@AgentCaller() caller: AgentCallerInfo`, on routes with `role: 'agent'` and `@InSession()`. */
export const AgentCaller = createParamDecorator((_: unknown, context: ExecutionContext): AgentCallerInfo => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  if (request.principal?.kind !== 'agent') throw new Error('this route must have the role agent');
  const header = request.headers[SESSION_HEADER];
  if (typeof header !== 'string' || !/^\d{1,9}$/.test(header)) {
    const detail = 'Send the number of your session (POST /api/v1/agent/sessions) in the header Batchpoint-Session.';
    throw validationFailed([{ pointer: 'header:Batchpoint-Session', code: 'required', detail }]);
  }
  return { hostId: request.principal.hostId, session: Number(header) };
});

/** Documents the header. */
export function InSession(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'Batchpoint-Session',
      required: true,
      description: 'The number of the session.',
      schema: { type: 'integer', example: 1 },
    }),
  );
}
