import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What FSx says of a file system and moto leaves out (API reference, `FileSystem`). */
export interface FsxDetails {
  Lifecycle: string;
  VpcId: string;
  NetworkInterfaceIds: string[];
}

/**
 * FSx in front of moto's: passes every call on, and completes the answers of `DescribeFileSystems` by what moto lacks, life cycle and
 * network interfaces. While it runs this process's SDK asks it for FSx (AWS_ENDPOINT_URL_FSX).
 */
export class FakeFsx {
  /** By file system; one that is not named is answered as moto does. */
  readonly details = new Map<string, FsxDetails>();

  private constructor(
    private readonly server: Server,
    private readonly before: string | undefined,
  ) {}

  static async start(motoUrl: string): Promise<FakeFsx> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const {
          host: _,
          connection: __,
          'content-length': ___,
          'transfer-encoding': ____,
          ...headers
        } = request.headers;
        void fetch(new URL(request.url ?? '/', motoUrl), {
          method: request.method ?? 'POST',
          headers: headers as Record<string, string>,
          body: Buffer.concat(chunks),
        })
          .then(async (answer) => {
            const body = (await answer.json()) as { FileSystems?: { FileSystemId: string }[] };
            body.FileSystems = body.FileSystems?.map((each) => ({ ...each, ...fake.details.get(each.FileSystemId) }));
            response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' });
            response.end(JSON.stringify(body));
          })
          .catch((error: Error) => response.writeHead(500).end(error.message));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const fake = new FakeFsx(server, process.env['AWS_ENDPOINT_URL_FSX']);
    process.env['AWS_ENDPOINT_URL_FSX'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return fake;
  }

  async close(): Promise<void> {
    if (this.before === undefined) delete process.env['AWS_ENDPOINT_URL_FSX'];
    else process.env['AWS_ENDPOINT_URL_FSX'] = this.before;
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
