import { Header, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ApiResource, ReadText } from '../common/api.decorators.js';
import { InstallScripts } from './install-scripts.service.js';
import { RequestHost } from './request-host.js';
import { setChecksum } from './checksum-headers.js';

/** Public: a new host has no credential yet, and there is no secret in them. */
@ApiResource('scripts', 'Deployment')
export class ScriptsController {
  constructor(private readonly scripts: InstallScripts) {}

  @ReadText({
    id: 'getInstallAgentScript',
    summary: "Get the agent's installer",
    description:
      "A POSIX shell script to run as root on a host, pinned to this server's version, its certificate and the checksums of its " +
      'executables. It refuses anything else. No credentials needed: a host has none yet, and the script holds no secret. ' +
      'Do not run what came over a connection nobody verified: docs/installing.md shows how to check it. ' +
      'Its SHA-256 is in `Repr-Digest`, and in hex in `X-Checksum-Sha256`.',
    path: 'install-agent',
    role: 'public',
    mediaType: 'text/x-shellscript',
    example:
      "#!/bin/sh\n# Installs the Batchpoint agent on this host.\nset -eu\nserver_url='https://batchpoint.example.internal:8080'\n",
    errors: ['agent-not-packaged'],
  })
  @Header('content-type', 'text/x-shellscript; charset=utf-8')
  async script(
    @RequestHost() host: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const { text, sha256 } = await this.scripts.forHost(host);
    setChecksum(reply, sha256);
    return text;
  }

  @ReadText({
    id: 'getInstallAgentChecksum',
    summary: "Get the checksum of the agent's installer",
    description:
      'As `sha256sum -c` reads it. Proves nothing unless it comes another way than the script, or over a connection that is verified.',
    path: 'install-agent.sha256',
    role: 'public',
    mediaType: 'text/plain',
    example: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  install-agent\n',
    errors: ['agent-not-packaged'],
  })
  @Header('content-type', 'text/plain; charset=utf-8')
  async checksum(@RequestHost() host: string | undefined): Promise<string> {
    return `${(await this.scripts.forHost(host)).sha256}  install-agent\n`;
  }
}
