import type { Failure } from '../../protocol/failure.js';

/**
 * `shared`: each of several hosts read what every other wrote. `read-back`: a single host read what it wrote itself, which says
 * nothing about others. `not-shared`: hosts could write, but some did not see what others wrote. `failed`: some host could not use it at all.
 */
export const STORAGE_VERDICTS = ['shared', 'read-back', 'not-shared', 'failed'] as const;
export type StorageVerdict = (typeof STORAGE_VERDICTS)[number];

/** What one host found. */
export interface VerifiedHost {
  hostId: string;
  hostName: string;
  /** Ids of the hosts whose canary it read, its own included. */
  sees: string[];
  failure: Failure | null;
}

/** The outcome of one verification: the facts, and what they prove. */
export interface StorageVerification {
  operationId: string;
  finishedAt: string;
  verdict: StorageVerdict;
  /** The verdict in words, with the names of the hosts. */
  message: string;
  hosts: VerifiedHost[];
}

/** What the hosts' findings prove. `hosts` is not empty. */
export function judge(hosts: readonly VerifiedHost[]): Pick<StorageVerification, 'verdict' | 'message'> {
  const failed = hosts.filter((host) => host.failure !== null);
  if (failed.length > 0) {
    const each = failed.map((host) => `${host.hostName}: ${host.failure!.message}`).join('; ');
    return {
      verdict: 'failed',
      message: `${failed.length} of ${hosts.length} ${plural(hosts.length)} could not use the storage (${each}).`,
    };
  }
  const blind = hosts.flatMap((reader) =>
    hosts
      .filter((writer) => !reader.sees.includes(writer.hostId))
      .map((writer) =>
        reader === writer
          ? `${reader.hostName} does not read back what it writes`
          : `${reader.hostName} does not see what ${writer.hostName} writes`,
      ),
  );
  if (blind.length > 0) {
    const rest = blind.length > 5 ? ` and ${blind.length - 5} more` : '';
    return {
      verdict: 'not-shared',
      message: `The storage is not one and the same on all hosts: ${blind.slice(0, 5).join('; ')}${rest}.`,
    };
  }
  if (hosts.length === 1) {
    return {
      verdict: 'read-back',
      message:
        `${hosts[0]!.hostName} wrote to the storage and read it back. It was the only host online, so whether other hosts see ` +
        'the same files is not proven: verify again when a second host is online.',
    };
  }
  return { verdict: 'shared', message: `All ${hosts.length} hosts read what each of the others wrote.` };
}

function plural(count: number): string {
  return count === 1 ? 'host' : 'hosts';
}
