import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Role } from './role.js';

/** Who is calling, as the guard found out. */
export type Principal =
  | { kind: 'user'; tokenId: string; name: string; role: Role }
  | { kind: 'agent'; hostId: string }
  | { kind: 'join-token'; joinTokenId: string; computeEnvironmentId: string | null };

export type UserPrincipal = Extract<Principal, { kind: 'user' }>;
export type AgentPrincipal = Extract<Principal, { kind: 'agent' }>;
export type JoinTokenPrincipal = Extract<Principal, { kind: 'join-token' }>;

declare module 'fastify' {
  interface FastifyRequest {
    principal?: Principal;
  }
}

/** `@Caller() caller: UserPrincipal`: the kind is what the route's `role` lets in. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal | undefined => {
  return context.switchToHttp().getRequest<FastifyRequest>().principal;
});
