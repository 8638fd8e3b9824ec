import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';

/** A certificate of 127.0.0.1 signed by itself, as files in `directory`. */
export function selfSignedCertificate(directory: string): { certFile: string; keyFile: string } {
  const [certFile, keyFile] = [join(directory, 'tls.crt'), join(directory, 'tls.key')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=batchpoint.test', '-addext', 'subjectAltName=IP:127.0.0.1'],
      ...['-keyout', keyFile, '-out', certFile],
    ],
    { stdio: 'pipe' },
  );
  return { certFile, keyFile };
}

/** TLS in front of a server that speaks plain HTTP, so that a test can call the one and hosts the other. */
export class TlsFront {
  private constructor(
    readonly url: string,
    readonly certificateFile: string,
    private readonly server: Server,
    private readonly sockets: Set<Socket>,
  ) {}

  static async start(target: string, directory: string): Promise<TlsFront> {
    const { certFile, keyFile } = selfSignedCertificate(directory);
    const { port } = new URL(target);
    const sockets = new Set<Socket>();
    const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (socket) => {
      const onward = connect(Number(port), '127.0.0.1');
      for (const [one, other] of [
        [socket, onward],
        [onward, socket],
      ] as const) {
        sockets.add(one);
        one
          .on('error', () => other.destroy())
          .on('close', () => sockets.delete(one))
          .pipe(other);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return new TlsFront(url, certFile, server, sockets);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
