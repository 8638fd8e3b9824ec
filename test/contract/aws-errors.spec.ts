import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AwsClients } from '../../src/server/aws/aws-clients.js';
import { AwsError } from '../../src/server/aws/aws-error.js';
import { StsApi } from '../../src/server/aws/sts.api.js';
import { describeNeeding } from '../support/requires.js';
import { type Moto, startMoto } from '../support/moto.js';

const ACCESS = { region: 'us-east-1', roleArn: null, externalId: null };

async function failure(work: Promise<unknown>): Promise<AwsError> {
  try {
    await work;
  } catch (error) {
    expect(error).toBeInstanceOf(AwsError);
    return error as AwsError;
  }
  throw new Error('it succeeded');
}

describe('What AWS answers in place of an answer', () => {
  let server: Server;
  let answer: { status: number; type: string; body: string };
  let clients: AwsClients;
  let sts: StsApi;
  beforeAll(async () => {
    server = createServer((request, response) => {
      request
        .resume()
        .on('end', () => response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    process.env['AWS_ENDPOINT_URL'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    process.env['AWS_ACCESS_KEY_ID'] = 'AKIATEST';
    process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
    clients = new AwsClients();
    sts = new StsApi(clients);
  });
  afterAll(async () => {
    clients.onApplicationShutdown();
    for (const name of ['AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) delete process.env[name];
    await new Promise((resolve) => server.close(resolve));
  });

  const xmlError = (code: string, message: string): string =>
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;

  it.each<[string, typeof answer, string]>([
    [
      'a refusal',
      { status: 400, type: 'text/xml', body: xmlError('ValidationError', 'no such value') },
      'aws-rejected',
    ],
    [
      'a denial',
      { status: 403, type: 'text/xml', body: xmlError('AccessDenied', 'not authorized') },
      'aws-access-denied',
    ],
    [
      'a denial in another language',
      { status: 403, type: 'application/json', body: '{"__type":"AccessDeniedException","message":"no"}' },
      'aws-access-denied',
    ],
    [
      'expired credentials',
      { status: 403, type: 'text/xml', body: xmlError('ExpiredToken', 'expired') },
      'aws-credentials-invalid',
    ],
    ['throttling', { status: 400, type: 'text/xml', body: xmlError('Throttling', 'Rate exceeded') }, 'aws-throttled'],
    [
      'something missing',
      { status: 400, type: 'text/xml', body: xmlError('NoSuchEntity', 'no role') },
      'aws-not-found',
    ],
    ['a failure', { status: 500, type: 'text/xml', body: xmlError('InternalFailure', 'sorry') }, 'aws-failed'],
    [
      'a page',
      { status: 200, type: 'text/html', body: '<!doctype html><html><body><p>Sign in<br></body></html>' },
      'aws-answer-unreadable',
    ],
  ])('%s is told in our words', async (_, given, code) => {
    answer = given;
    const error = await failure(sts.callerIdentity(ACCESS));
    expect(error.code).toBe(code);
    expect(error.message).toContain('sts:GetCallerIdentity');
  });

  it('a page of HTML with status 500 names the call and is no crash', async () => {
    answer = { status: 500, type: 'text/html', body: '<!doctype html><title>500 Internal Server Error</title>' };
    const error = await failure(sts.callerIdentity(ACCESS));
    expect(['aws-failed', 'aws-answer-unreadable']).toContain(error.code);
    expect(error.message).toContain('sts:GetCallerIdentity');
  });

  it('nobody there', async () => {
    const kept = process.env['AWS_ENDPOINT_URL'];
    process.env['AWS_ENDPOINT_URL'] = 'http://127.0.0.1:1';
    const lonely = new AwsClients();
    const error = await failure(new StsApi(lonely).callerIdentity({ ...ACCESS, region: 'eu-west-1' }));
    process.env['AWS_ENDPOINT_URL'] = kept;
    lonely.onApplicationShutdown();
    expect(error).toMatchObject({ code: 'aws-unreachable', status: 503 });
  });
});

describeNeeding(['moto'], 'The emulator of AWS', () => {
  let moto: Moto;
  const clients = new AwsClients();
  beforeAll(async () => {
    moto = await startMoto();
  });
  afterAll(async () => {
    clients.onApplicationShutdown();
    await moto.close();
  });

  it('says who we are', async () => {
    expect((await new StsApi(clients).callerIdentity(moto.access)).accountId).toBe(moto.accountId);
  });

  it('lets us assume a role of another account', async () => {
    const access = { ...moto.access, roleArn: 'arn:aws:iam::210987654321:role/batchpoint', externalId: 'x' };
    expect(await new StsApi(clients).callerIdentity(access)).toMatchObject({ accountId: '210987654321' });
  });
});
