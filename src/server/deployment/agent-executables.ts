import { createReadStream, type ReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import { ServerConfig } from '../config/server-config.js';
import { packageRoot } from '../package-root.js';
import { AGENT_PLATFORMS, type AgentPlatform, isAgentPlatform } from './agent-platform.js';

export interface AgentExecutable {
  path: string;
  bytes: number;
  /** Hex, as the file beside it says: what the executable was when it was made. */
  sha256: string;
}

/** The agent's executables this server hands to new hosts. They hold no secret. */
@Injectable()
export class AgentExecutables {
  private readonly directory: string;

  constructor(config: ServerConfig) {
    this.directory = config.agentDir ?? join(packageRoot(), 'dist', 'agent');
  }

  /** Throws `not-found` for a platform there is none for, and `agent-not-packaged`. */
  async get(platform: string): Promise<AgentExecutable> {
    if (!isAgentPlatform(platform)) {
      throw new DomainError(
        'not-found',
        `There is no agent for ${platform}; there is one for ${AGENT_PLATFORMS.join(' and ')}.`,
      );
    }
    const found = await this.find(platform);
    if (found === null) throw this.notPackaged(platform);
    return found;
  }

  /** Hex digests of those there are. Throws `agent-not-packaged` when there is none. */
  async checksums(): Promise<Partial<Record<AgentPlatform, string>>> {
    const found = await Promise.all(
      AGENT_PLATFORMS.map(async (platform) => [platform, await this.find(platform)] as const),
    );
    const checksums = found.flatMap(([platform, executable]) =>
      executable ? [[platform, executable.sha256] as const] : [],
    );
    if (checksums.length === 0) throw this.notPackaged(AGENT_PLATFORMS.join(' or '));
    return Object.fromEntries(checksums);
  }

  open({ path }: AgentExecutable): ReadStream {
    return createReadStream(path);
  }

  private async find(platform: AgentPlatform): Promise<AgentExecutable | null> {
    const path = join(this.directory, `batchpoint-${platform}`);
    try {
      const [{ size }, text] = await Promise.all([stat(path), readFile(`${path}.sha256`, 'utf8')]);
      const sha256 = /^[0-9a-f]{64}/.exec(text)?.[0];
      return sha256 === undefined ? null : { path, bytes: size, sha256 };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  private notPackaged(what: string): DomainError {
    return new DomainError(
      'agent-not-packaged',
      `This server has no executable of the agent for ${what} in ${this.directory}. Run "npm run package" where it is installed, or set BATCHPOINT_AGENT_DIR to where they are.`,
    );
  }
}
