import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A socket that takes the terminal runc offers, as containerd does, and drops it. */
export class UnusedConsole {
  private constructor(
    readonly path: string,
    private readonly directory: string,
    private readonly server: Server,
  ) {}

  static async open(): Promise<UnusedConsole> {
    // A short path: those of sockets end at 108 bytes.
    const directory = mkdtempSync(join(tmpdir(), 'bp-'));
    const path = join(directory, 'tty.sock');
    const server = createServer((connection) => connection.on('error', () => undefined).resume());
    await new Promise<void>((resolve, reject) => {
      server.on('error', reject);
      server.listen(path, resolve);
    });
    return new UnusedConsole(path, directory, server);
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.directory, { recursive: true, force: true });
  }
}
