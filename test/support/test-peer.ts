import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A server outside the containers that a job's program connects to. */
export class TestPeer {
  /** Oldest first. */
  readonly connections: { socket: Socket; received: string; ended: boolean }[] = [];

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      const connection = { socket, received: '', ended: false };
      this.connections.push(connection);
      socket.setEncoding('utf8');
      socket.on('data', (text: string) => (connection.received += text));
      socket.on('end', () => (connection.ended = true));
      socket.on('error', () => (connection.ended = true));
    });
  }

  static async listen(address: string): Promise<TestPeer> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, address);
    await once(server, 'listening');
    return new TestPeer(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Over the connection of that number. */
  send(line: string, connection = this.connections.length - 1): void {
    this.connections[connection]!.socket.write(`${line}\n`);
  }

  close(): void {
    for (const { socket } of this.connections) socket.destroy();
    this.server.close();
  }
}
