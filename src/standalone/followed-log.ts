import { closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';

const LOOK_EVERY_MS = 250;
const CHUNK_BYTES = 64 * 1024;

/**
 * A child's log: the child writes to the file itself, so that neither our end nor our being slow is felt by it, and we
 * read along.
 */
export class FollowedLog {
  /** For the child's stdout and stderr. */
  readonly descriptor: number;
  private readonly reader: number;
  private readonly timer: NodeJS.Timeout;
  private offset = 0;
  private rest = '';
  private readonly decoder = new StringDecoder('utf8');

  /** Empties the file. `onLine` gets whole lines, a moment late. */
  constructor(
    path: string,
    private readonly onLine: (line: string) => void,
  ) {
    mkdirSync(dirname(path), { recursive: true });
    // Appending: what two starts of a child write does not overwrite each other.
    closeSync(openSync(path, 'w', 0o600));
    this.descriptor = openSync(path, 'a');
    this.reader = openSync(path, 'r');
    this.timer = setInterval(() => this.catchUp(), LOOK_EVERY_MS).unref();
  }

  /** Reads what was written until now. */
  catchUp(): void {
    const buffer = Buffer.alloc(CHUNK_BYTES);
    while (this.offset < fstatSync(this.reader).size) {
      const length = readSync(this.reader, buffer, 0, CHUNK_BYTES, this.offset);
      if (length === 0) return;
      this.offset += length;
      const lines = (this.rest + this.decoder.write(buffer.subarray(0, length))).split('\n');
      this.rest = lines.pop()!;
      for (const line of lines) this.onLine(line);
    }
  }

  close(): void {
    clearInterval(this.timer);
    this.catchUp();
    closeSync(this.descriptor);
    closeSync(this.reader);
  }
}
