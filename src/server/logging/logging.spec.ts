import { Writable } from 'node:stream';
import { runInRequestContext } from '../common/request-context.js';
import { createPino, PinoLogger } from './logging.js';

describe('The log', () => {
  function capture(level = 'trace'): { logger: PinoLogger; lines: () => Record<string, unknown>[] } {
    let text = '';
    const stream = new Writable({
      write(chunk: Buffer, _, done) {
        text += chunk.toString();
        done();
      },
    });
    const logger = new PinoLogger(createPino(level, stream));
    return {
      logger,
      lines: () =>
        text
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as Record<string, unknown>),
    };
  }

  it('is one JSON object a line, with level, time, context and text', () => {
    const { logger, lines } = capture();
    logger.log('hello', 'Jobs');
    expect(lines()).toEqual([
      { level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), context: 'Jobs', msg: 'hello' },
    ]);
  });

  it('takes objects for members of the line', () => {
    const { logger, lines } = capture();
    logger.warn({ jobId: 'j', msg: 'odd' }, 'Jobs');
    expect(lines()[0]).toMatchObject({ level: 'warn', context: 'Jobs', jobId: 'j', msg: 'odd' });
  });

  it('keeps the stack of an error', () => {
    const { logger, lines } = capture();
    logger.error({ err: new Error('broken') }, 'Jobs');
    logger.error('broken', 'Error: broken\n at x', 'Jobs');
    expect(lines()[0]!.err).toMatchObject({ message: 'broken', stack: expect.stringContaining('logging.spec') });
    expect(lines()[1]).toMatchObject({ msg: 'broken', stack: 'Error: broken\n at x', context: 'Jobs' });
  });

  it('has the request in every line written below it', async () => {
    const { logger, lines } = capture();
    const context = { requestId: 'r1', traceparent: '00-a-b-01', waitMs: 0, signal: new AbortController().signal };
    await runInRequestContext(context, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      logger.log('inside');
    });
    logger.log('outside');
    expect(lines()[0]).toMatchObject({ requestId: 'r1', traceparent: '00-a-b-01' });
    expect(lines()[1]).not.toHaveProperty('requestId');
  });

  it('hides secrets', () => {
    const { logger, lines } = capture();
    logger.log({ token: 's3', headers: { authorization: 'Bearer s3' }, body: { deep: { password: 's3' } }, msg: 'x' });
    expect(JSON.stringify(lines())).not.toContain('s3');
  });

  it("keeps Nest's start-up talk for debugging", () => {
    const { logger, lines } = capture('info');
    logger.log('Mapped {/x, GET} route', 'RouterExplorer');
    logger.log('ready', 'Server');
    expect(lines().map((line) => line.msg)).toEqual(['ready']);
  });
});
