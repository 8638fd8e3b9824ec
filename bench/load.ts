import { connect, type Socket } from 'node:net';

/**
 * Requests a second that a server answers to `connections` clients, each sending its next request when it has the answer
 * to its last. Plain sockets, so that this side is not what is measured. Throws on any answer but 200.
 */
export async function throughput(
  url: URL,
  headers: Record<string, string>,
  connections: number,
  milliseconds: number,
): Promise<number> {
  const lines = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `host: ${url.host}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  const request = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  const sockets: Socket[] = [];
  let answered = 0;
  const start = process.hrtime.bigint();
  try {
    await new Promise<void>((resolve, reject) => {
      setTimeout(resolve, milliseconds);
      for (let index = 0; index < connections; index += 1) {
        const socket = connect(Number(url.port), url.hostname, () => socket.write(request));
        socket.setNoDelay(true).on('error', reject);
        sockets.push(socket);
        let expected = -1;
        let received = 0;
        socket.on('data', (chunk) => {
          if (expected < 0) {
            const head = chunk.toString('latin1');
            const end = head.indexOf('\r\n\r\n');
            const length = /\r\ncontent-length: (\d+)/i.exec(head);
            if (!head.startsWith('HTTP/1.1 200') || end < 0 || !length)
              return reject(new Error(`unexpected answer from ${url.href}: ${head.slice(0, 300)}`));
            expected = end + 4 + Number(length[1]);
            received = 0;
          }
          received += chunk.length;
          if (received < expected) return;
          expected = -1;
          answered += 1;
          socket.write(request);
        });
      }
    });
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  return answered / (Number(process.hrtime.bigint() - start) / 1e9);
}
