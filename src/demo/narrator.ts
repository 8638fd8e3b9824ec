import type { ApiCall } from '../standalone/api-client.js';

const tty = process.stdout.isTTY === true && !process.env['NO_COLOR'];
const style = (code: number) => (text: string) => (tty ? `\x1b[${code}m${text}\x1b[0m` : text);
const bold = style(1);
const dim = style(2);
const green = style(32);

/** Tells the demonstration on the terminal: chapters, the commands as a user would type them, what came of them. */
export class Narrator {
  private chapters = 0;
  private readonly started = Date.now();
  private quiet = false;

  constructor(private readonly write: (text: string) => void = (text) => void process.stdout.write(text)) {}

  line(text = ''): void {
    this.write(`${text}\n`);
  }

  chapter(title: string): void {
    this.chapters += 1;
    this.line(`\n${bold(`${this.chapters}. ${title}`)} ${dim(`(${this.seconds()} s)`)}`);
  }

  say(text: string): void {
    this.line(`   ${text}`);
  }

  command(text: string): void {
    this.line(`   $ ${text}`);
  }

  good(text: string): void {
    this.line(`   ${green('ok')}  ${text}`);
  }

  seconds(): string {
    return ((Date.now() - this.started) / 1000).toFixed(0);
  }

  /** Calls made while `work` runs are not shown: the tenth look at a job's state teaches nothing. */
  async quietly<T>(work: () => Promise<T>): Promise<T> {
    this.quiet = true;
    try {
      return await work();
    } finally {
      this.quiet = false;
    }
  }

  /** The call as a curl line, with $API and $AUTH as {@link Narrator} introduced them, and what it answered in short. */
  call(call: ApiCall): void {
    if (this.quiet) return;
    const url = `"$API${call.url.slice(call.url.indexOf('/api/v1') + '/api/v1'.length)}"`;
    const method = call.method === 'GET' ? '' : ` -X ${call.method}`;
    this.command(
      `curl -s${method} ${url} -H "$AUTH"${call.body === undefined ? '' : " -H 'Content-Type: application/json' \\"}`,
    );
    if (call.body !== undefined) this.line(`       -d '${JSON.stringify(call.body)}'`);
    this.line(dim(`     ${call.status}  ${summary(call.answer)}`));
  }
}

/** The fields that say what a resource is and how it fares. */
const TELLING = ['id', 'name', 'hostName', 'jobId', 'type', 'status', 'trigger', 'checkpointId', 'hostId'];

function summary(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null) return '';
  if ('items' in answer && Array.isArray(answer.items)) {
    return answer.items.length === 0 ? '(none)' : answer.items.map((item) => summary(item)).join('\n          ');
  }
  const fields = answer as Record<string, unknown>;
  if (typeof fields['message'] === 'string' && typeof fields['happenedAt'] === 'string') {
    return `${fields['happenedAt'].slice(11, 19)} ${String(fields['type']).padEnd(24)} ${fields['message']}`;
  }
  return TELLING.filter((key) => typeof fields[key] === 'string')
    .map((key) => (key === 'id' ? String(fields[key]) : `${key}=${String(fields[key])}`))
    .join('  ');
}
