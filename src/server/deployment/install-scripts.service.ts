import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { packageRoot } from '../package-root.js';
import { version } from '../version.js';
import { AgentExecutables } from './agent-executables.js';
import { renderInstallScript } from './install-script.js';
import { ServerAddress, type ServerIdentity } from './server-address.js';

export interface InstallScript {
  text: string;
  /** Hex. */
  sha256: string;
}

/** The installer of the agent, pinned to this server. */
@Injectable()
export class InstallScripts {
  private readonly template = read('install-agent.sh');
  private readonly unit = read('batchpoint-agent.service');

  constructor(
    private readonly address: ServerAddress,
    private readonly executables: AgentExecutables,
  ) {}

  /** `host`: as for `ServerAddress`. Throws `agent-not-packaged`. */
  async forHost(host: string | undefined): Promise<InstallScript> {
    return this.of(this.address.identity(host));
  }

  /** Throws `agent-not-packaged`. */
  async of(server: ServerIdentity): Promise<InstallScript> {
    const checksums = await this.executables.checksums();
    const text = renderInstallScript(this.template, { server, version: version(), checksums, unit: this.unit });
    return { text, sha256: createHash('sha256').update(text).digest('hex') };
  }
}

function read(name: string): string {
  return readFileSync(join(packageRoot(), 'deploy', name), 'utf8');
}
