import { type CanActivate, type ExecutionContext, Injectable, type Type } from '@nestjs/common';
import { ModuleRef, Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../common/domain-error.js';
import { type Access, ROUTE_OPTIONS, type RouteOptions } from '../common/route-options.js';
import { AgentCredentials, ApiTokenCredentials, JoinTokenCredentials } from './credentials.js';
import type { Principal } from './principal.js';
import { includesRole } from './role.js';
import { hashSecret } from './secrets.js';

/** Every route is closed unless its decorator says otherwise; one without a decorator is closed to all. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly modules: ModuleRef,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.reflector.get<RouteOptions | undefined>(ROUTE_OPTIONS, context.getHandler())?.access;
    if (access === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const hash = hashSecret(bearer(request));
    const principal = access === undefined ? null : await this.find(access, hash);
    if (principal === null) throw await this.refusal(access, hash);
    if (principal.kind === 'user' && typeof access === 'object' && !includesRole(principal.role, access.role)) {
      throw new DomainError(
        'forbidden',
        `This needs the role ${access.role}; the token "${principal.name}" has ${principal.role}.`,
      );
    }
    request.principal = principal;
    return true;
  }

  private async find(access: Access, hash: string): Promise<Principal | null> {
    if (access === 'agent') return (await this.owner(AgentCredentials)?.findAgent(hash)) ?? null;
    if (access === 'join-token') return (await this.owner(JoinTokenCredentials)?.findJoinToken(hash)) ?? null;
    return (await this.owner(ApiTokenCredentials)?.findUser(hash)) ?? null;
  }

  /** A valid credential of another kind is 403, which tells its holder to use another, not to renew this one. */
  private async refusal(access: Access | undefined, hash: string): Promise<DomainError> {
    const others: Access[] = [{ role: 'viewer' }, 'agent', 'join-token'];
    for (const other of others) {
      if (other === access || (await this.find(other, hash)) === null) continue;
      return new DomainError(
        'forbidden',
        `This route is not for ${NAMES[typeof other === 'object' ? 'user' : other]}.`,
      );
    }
    return unauthenticated('The bearer token is not known here: mistyped, deleted, expired or used up.');
  }

  /** Found by its class wherever it is provided: the guard depends on no feature. Where none is, no such credential is valid. */
  private owner<T>(type: abstract new () => T): T | undefined {
    try {
      return this.modules.get<T>(type as unknown as Type<T>, { strict: false });
    } catch {
      return undefined;
    }
  }
}

const NAMES: Record<string, string> = { user: 'API tokens', agent: "a host's credential", 'join-token': 'join tokens' };

function bearer(request: FastifyRequest): string {
  const header = request.headers.authorization;
  if (header === undefined) throw unauthenticated('Send "Authorization: Bearer <token>".');
  const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
  if (token === undefined) throw unauthenticated('The Authorization header must read "Bearer <token>".');
  return token;
}

function unauthenticated(detail: string): DomainError {
  return new DomainError('unauthenticated', detail, { headers: { 'www-authenticate': 'Bearer realm="batchpoint"' } });
}
