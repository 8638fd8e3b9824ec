import type { AgentPrincipal, JoinTokenPrincipal, UserPrincipal } from './principal.js';

/**
 * What the guard needs of the features that own credentials. Each owner provides its own:
 * `{ provide: AgentCredentials, useExisting: HostCredentials }` in the module's providers and exports. `hash` is
 * `hashSecret(bearer)`. All return null when there is none, or it is no longer valid.
 */
export abstract class AgentCredentials {
  /** Called for every request of an agent. */
  abstract findAgent(hash: string): Promise<AgentPrincipal | null>;
}

export abstract class ApiTokenCredentials {
  abstract findUser(hash: string): Promise<UserPrincipal | null>;
}

export abstract class JoinTokenCredentials {
  /** Does not use the token up: enrolment does, in its own transaction (`JoinTokensService.consume`). */
  abstract findJoinToken(hash: string): Promise<JoinTokenPrincipal | null>;
}
