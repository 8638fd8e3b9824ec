import { Param, Res, StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ApiResource, ReadFile } from '../common/api.decorators.js';
import { AgentExecutables } from './agent-executables.js';
import { setChecksum } from './checksum-headers.js';

/** Public, as the installer that fetches them is. */
@ApiResource('downloads', 'Deployment')
export class DownloadsController {
  constructor(private readonly executables: AgentExecutables) {}

  @ReadFile({
    id: 'getAgentExecutable',
    summary: "Download the agent's executable",
    description:
      'One self-contained file of some 120 MB, `linux-x64` or `linux-arm64`; the installer fetches it. No credentials needed: ' +
      'there is no secret in it. Its SHA-256 is in `Repr-Digest`, and in hex in `X-Checksum-Sha256`.',
    path: 'agent/:platform',
    role: 'public',
    mediaType: 'application/octet-stream',
    example: '(bytes)',
    errors: ['agent-not-packaged'],
  })
  async executable(
    @Param('platform') platform: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const executable = await this.executables.get(platform);
    setChecksum(reply, executable.sha256);
    return new StreamableFile(this.executables.open(executable), {
      type: 'application/octet-stream',
      length: executable.bytes,
      disposition: 'attachment; filename="batchpoint"',
    });
  }
}
