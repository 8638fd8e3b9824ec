import { readFile, writeFile } from 'node:fs/promises';

/** Of `file_entry` and `timerfd_entry` in CRIU's protocol buffers. */
const TIMERFD = 12;
const [TICKS, FLAGS, SECONDS, NANOSECONDS, EVERY_SECONDS, EVERY_NANOSECONDS] = [5, 6, 7, 8, 9, 10];
const TFD_TIMER_ABSTIME = 1n;

interface Field {
  number: number;
  value: bigint;
  /** Where the value, or the message in it, stands. */
  start: number;
  end: number;
}

/**
 * Makes timerfds go on as they were. The image holds the time they had to go.
 *
 * - A periodic one that has expired shows none until it is read, when the kernel starts it again; with that CRIU restores a
 *   timer that is off and never ticks again. A nanosecond to go makes it expire at once, as it had.
 * - Of one that was set to a point in time CRIU adds the time to go to whole seconds of the clock: it would expire early, or
 *   again. As one set to a time from now it does not.
 */
export async function rearmTimers(filesImage: string): Promise<void> {
  const image = await readFile(filesImage);
  if (rearm(image)) await writeFile(filesImage, image);
}

/** Changes the content of a `files.img` in place; whether there was anything to change. */
export function rearm(image: Buffer): boolean {
  let changed = false;
  const put = (field: Field | undefined, value: number): void => {
    if (field === undefined) return;
    image[field.start] = value;
    changed = true;
  };
  // Two magic numbers, then entries that each have their length before them.
  for (let at = 8; at + 4 <= image.length;) {
    const end = at + 4 + image.readUInt32LE(at);
    for (const timer of fields(image, at + 4, end).filter(({ number }) => number === TIMERFD)) {
      const parts = new Map(fields(image, timer.start, timer.end).map((field) => [field.number, field]));
      const zero = (...numbers: number[]): boolean => numbers.every((number) => parts.get(number)?.value === 0n);
      const expired = zero(SECONDS, NANOSECONDS) && !zero(TICKS);
      if (expired && !zero(EVERY_SECONDS, EVERY_NANOSECONDS)) put(parts.get(NANOSECONDS), 1);
      if (parts.get(FLAGS)?.value === TFD_TIMER_ABSTIME) put(parts.get(FLAGS), 0);
    }
    at = end;
  }
  return changed;
}

/** Fields of one message; of a field that is a message, a string or bytes, the value is its length. */
function fields(image: Buffer, from: number, to: number): Field[] {
  const found: Field[] = [];
  let at = from;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = image.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < to) {
    const tag = Number(varint());
    const before = at;
    const kind = tag & 7;
    const value = kind === 0 || kind === 2 ? varint() : 0n;
    const start = kind === 2 ? at : before;
    if (kind === 2) at += Number(value);
    else if (kind !== 0) at += kind === 1 ? 8 : 4;
    found.push({ number: tag >>> 3, value, start, end: at });
  }
  return found;
}
