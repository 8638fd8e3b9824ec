import { SetMetadata } from '@nestjs/common';
import type { Role } from '../auth/role.js';

/** Who may call a route: a person's role (or higher), an enrolled agent, the holder of a join token, or anyone. */
export type Access = { role: Role } | 'agent' | 'join-token' | 'public';

/** What a route's composite decorator says of it; read by the guard and the interceptors. */
export interface RouteOptions {
  access: Access;
  /** Runs in one transaction, honours `Idempotency-Key` (POST). */
  write: boolean;
  /** Takes `?dryRun`. */
  dryRun: boolean;
  /** Takes `?wait`. */
  wait: boolean;
  /** Builds the `Location` of what was created from the answer. */
  location?: (body: never) => string;
  /** Seconds, for `Retry-After`. */
  retryAfterSeconds?: number;
}

export const ROUTE_OPTIONS = 'batchpoint:route-options';
export const SetRouteOptions = (options: RouteOptions): MethodDecorator => SetMetadata(ROUTE_OPTIONS, options);
