import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const NAMES: Record<string, string> = {
  'L-3819A6DF': 'All G and VT Spot Instance Requests',
  'L-7212CCBC': 'All P4, P3 and P2 Spot Instance Requests',
  'L-34B43A08': 'All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests',
};
const TARGET = 'ServiceQuotasV20190624.';
const ACCOUNT = '123456789012';

/**
 * Stands for Service Quotas of EC2, which the emulator of AWS lacks (it has those of VPC). It answers the calls we make in the
 * shapes AWS documents and passes every other request on to the emulator behind it, so that it can be AWS_ENDPOINT_URL as
 * well as AWS_ENDPOINT_URL_SERVICE_QUOTAS. Held to `test/contract/service-quotas.spec.ts`.
 */
export class FakeServiceQuotas {
  /** By code; what is not in it has never been set, and AWS then knows the default only. */
  readonly applied = new Map<string, number>();
  /** AWS's defaults of EC2's Spot quotas for a new account. */
  readonly defaults = new Map<string, number>([
    ['L-3819A6DF', 0],
    ['L-7212CCBC', 0],
    ['L-34B43A08', 5],
  ]);
  /** The actions that were called, in order. */
  readonly calls: string[] = [];
  /** Set: every call is answered with this code of AWS's. */
  failure: { code: string; status: number } | null = null;
  private readonly before = process.env['AWS_ENDPOINT_URL_SERVICE_QUOTAS'];

  private constructor(
    private readonly server: Server,
    /** The emulator. */
    private readonly behind: string | null,
  ) {}

  /** Points this process's SDK at it. `behind`: where the rest goes; null: it is refused. */
  static async start(behind: string | null): Promise<FakeServiceQuotas> {
    const server = createServer();
    const fake = new FakeServiceQuotas(server, behind);
    server.on('request', (request, response) => void fake.answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    process.env['AWS_ENDPOINT_URL_SERVICE_QUOTAS'] = fake.url;
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    if (this.before === undefined) delete process.env['AWS_ENDPOINT_URL_SERVICE_QUOTAS'];
    else process.env['AWS_ENDPOINT_URL_SERVICE_QUOTAS'] = this.before;
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request);
    const target = String(request.headers['x-amz-target'] ?? '');
    const asked = target.startsWith(TARGET) ? (JSON.parse(body.toString()) as Record<string, string>) : null;
    if (asked === null || (asked['ServiceCode'] !== 'ec2' && this.behind !== null)) {
      await this.passOn(request, body, response);
      return;
    }
    const action = target.slice(TARGET.length);
    this.calls.push(action);
    if (this.failure !== null) {
      refuse(response, this.failure.status, this.failure.code, 'as the test asked');
      return;
    }
    const values = { GetServiceQuota: this.applied, GetAWSDefaultServiceQuota: this.defaults }[action];
    const code = asked['QuotaCode']!;
    const value = values?.get(code);
    if (values === undefined) refuse(response, 400, 'UnknownOperationException', `no ${action} here`);
    else if (value === undefined || asked['ServiceCode'] !== 'ec2')
      refuse(
        response,
        400,
        'NoSuchResourceException',
        'The request failed because the specified service quota does not exist.',
      );
    else json(response, 200, { Quota: quotaOf(regionOf(request), code, value) });
  }

  private async passOn(request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    if (this.behind === null) {
      refuse(response, 400, 'UnknownOperationException', 'there is nothing behind this stand-in');
      return;
    }
    const headers = Object.entries(request.headers).filter(
      ([name]) => !['host', 'connection', 'content-length'].includes(name),
    );
    const { method = 'GET', url = '/' } = request;
    const init = { method, headers: headers as [string, string][] };
    const answer = await fetch(
      `${this.behind}${url}`,
      body.length === 0 ? init : { ...init, body: new Uint8Array(body) },
    );
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  }
}

/** As in the answers AWS documents for GetServiceQuota and GetAWSDefaultServiceQuota. */
function quotaOf(region: string, code: string, value: number): Record<string, unknown> {
  return {
    ServiceCode: 'ec2',
    ServiceName: 'Amazon Elastic Compute Cloud (Amazon EC2)',
    QuotaArn: `arn:aws:servicequotas:${region}:${ACCOUNT}:ec2/${code}`,
    QuotaCode: code,
    QuotaName: NAMES[code] ?? code,
    Value: value,
    Unit: 'None',
    Adjustable: true,
    GlobalQuota: false,
  };
}

/** From the signature's scope: `Credential=AKIA.../20260131/us-east-1/servicequotas/aws4_request`. */
function regionOf(request: IncomingMessage): string {
  return /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? 'unknown';
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  json(response, status, { __type: code, message });
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify(body));
}
