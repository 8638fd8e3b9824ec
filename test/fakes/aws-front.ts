import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateLaunchTemplateVersionCommand,
  DescribeLaunchTemplateVersionsCommand,
  EC2Client,
  type RequestLaunchTemplateData,
} from '@aws-sdk/client-ec2';

type LaunchTemplate = { launchTemplateId?: string; launchTemplateName?: string; version?: string };
interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/**
 * Stands in front of moto for two things it takes and does nothing about: the launch template in `UpdateComputeEnvironment`, and
 * `SourceVersion` of `CreateLaunchTemplateVersion`. Everything else is moto's own; `aws-front.spec.ts` holds it to that, and to AWS's
 * API reference for the rest.
 */
export class FakeAwsFront {
  private readonly templates = new Map<string, LaunchTemplate>();
  private readonly ec2: EC2Client;
  /** Calls that changed or would change something, `UpdateComputeEnvironment` and the like, in order. */
  readonly writes: string[] = [];

  private constructor(
    private readonly moto: URL,
    private readonly server: Server,
  ) {
    this.ec2 = new EC2Client({ region: 'us-east-1', endpoint: moto.href });
  }

  /** Points this process's SDK at itself; `close` points it back at moto. */
  static async start(moto: string): Promise<FakeAwsFront> {
    const server = createServer();
    const front = new FakeAwsFront(new URL(moto), server);
    server.on('request', (incoming, outgoing) => {
      void front
        .answer(incoming)
        .catch((error: unknown): Answer => ({ status: 500, headers: {}, body: String(error) }))
        .then(({ status, headers: { 'transfer-encoding': _, ...headers }, body }) => {
          outgoing.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    process.env['AWS_ENDPOINT_URL'] = front.url;
    return front;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    process.env['AWS_ENDPOINT_URL'] = this.moto.origin;
    this.ec2.destroy();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(incoming: IncomingMessage): Promise<Answer> {
    const body = await text(incoming);
    const form = new URLSearchParams(body);
    const action = form.get('Action') ?? incoming.url?.split('/v1/')[1] ?? '';
    if (/^(create|update|modify|delete)/i.test(action)) this.writes.push(action);
    if (action === 'CreateLaunchTemplateVersion' && form.has('SourceVersion'))
      return this.createVersion(incoming, form);
    if (action === 'updatecomputeenvironment') return this.updateEnvironment(incoming, body);
    if (action === 'describecomputeenvironments') return this.describeEnvironments(incoming, body);
    return this.forward(incoming, body);
  }

  /** API reference: what is not given anew comes from the source version. */
  private async createVersion(incoming: IncomingMessage, form: URLSearchParams): Promise<Answer> {
    const LaunchTemplateId = form.get('LaunchTemplateId')!;
    const describe = { LaunchTemplateId, Versions: [form.get('SourceVersion')!] };
    const found = await this.ec2.send(new DescribeLaunchTemplateVersionsCommand(describe)).catch(() => null);
    // An unknown template or version: in moto's words.
    if (found === null) {
      const asked = new URLSearchParams({ ...Object.fromEntries(form), Action: 'DescribeLaunchTemplateVersions' });
      asked.set('LaunchTemplateVersion.1', form.get('SourceVersion')!);
      return this.forward(incoming, asked.toString());
    }
    const data = found.LaunchTemplateVersions![0]!.LaunchTemplateData as RequestLaunchTemplateData;
    const given = form.get('LaunchTemplateData.UserData');
    const { LaunchTemplateVersion: made } = await this.ec2.send(
      new CreateLaunchTemplateVersionCommand({
        LaunchTemplateId,
        VersionDescription: form.get('VersionDescription') ?? undefined,
        LaunchTemplateData: { ...data, ...(given === null ? {} : { UserData: given }) },
      }),
    );
    const version = `<launchTemplateId>${LaunchTemplateId}</launchTemplateId><launchTemplateName>${made!.LaunchTemplateName}</launchTemplateName><versionNumber>${made!.VersionNumber}</versionNumber>`;
    const xml = `<CreateLaunchTemplateVersionResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><launchTemplateVersion>${version}</launchTemplateVersion></CreateLaunchTemplateVersionResponse>`;
    return { status: 200, headers: { 'content-type': 'text/xml' }, body: xml };
  }

  private async updateEnvironment(incoming: IncomingMessage, body: string): Promise<Answer> {
    const input = JSON.parse(body) as {
      computeEnvironment: string;
      computeResources?: { launchTemplate?: LaunchTemplate };
    };
    const template = input.computeResources?.launchTemplate;
    const answer = await this.forward(incoming, body);
    if (answer.status !== 200 || template === undefined) return answer;
    const name = (JSON.parse(answer.body) as { computeEnvironmentName: string }).computeEnvironmentName;
    const strategy = await this.allocationStrategy(incoming, name);
    // User guide, "Update compute environments": the others allow changes of scale only.
    if (!['BEST_FIT_PROGRESSIVE', 'SPOT_CAPACITY_OPTIMIZED', 'SPOT_PRICE_CAPACITY_OPTIMIZED'].includes(strategy)) {
      return refusal(`Update to launchTemplate is not allowed with allocation strategy ${strategy}`);
    }
    if ((template.launchTemplateId === undefined) === (template.launchTemplateName === undefined))
      return refusal('Either launchTemplateId or launchTemplateName must be given');
    this.templates.set(name, template);
    return answer;
  }

  private async describeEnvironments(incoming: IncomingMessage, body: string): Promise<Answer> {
    const answer = await this.forward(incoming, body);
    if (answer.status !== 200) return answer;
    const found = JSON.parse(answer.body) as {
      computeEnvironments: { computeEnvironmentName: string; computeResources?: { launchTemplate?: LaunchTemplate } }[];
    };
    for (const { computeEnvironmentName, computeResources } of found.computeEnvironments) {
      const template = this.templates.get(computeEnvironmentName);
      if (template !== undefined) computeResources!.launchTemplate = template;
    }
    return { ...answer, body: JSON.stringify(found) };
  }

  private async allocationStrategy(incoming: IncomingMessage, name: string): Promise<string> {
    const { body } = await this.forward(
      incoming,
      JSON.stringify({ computeEnvironments: [name] }),
      '/v1/describecomputeenvironments',
    );
    const found = JSON.parse(body) as { computeEnvironments: { computeResources?: { allocationStrategy?: string } }[] };
    return found.computeEnvironments[0]?.computeResources?.allocationStrategy ?? 'BEST_FIT';
  }

  private forward({ method, url, headers }: IncomingMessage, body: string, path = url): Promise<Answer> {
    const onward = { ...headers, host: this.moto.host, 'content-length': String(Buffer.byteLength(body)) };
    return new Promise((resolve, reject) => {
      request(new URL(path!, this.moto), { method, headers: onward }, (answer) => {
        text(answer).then(
          (received) => resolve({ status: answer.statusCode!, headers: answer.headers, body: received }),
          reject,
        );
      })
        .on('error', reject)
        .end(body);
    });
  }
}

/** As Batch refuses: a 400 named by header and body. */
function refusal(message: string): Answer {
  return {
    status: 400,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': 'ClientException' },
    body: JSON.stringify({ code: 'ClientException', message }),
  };
}

async function text(stream: AsyncIterable<unknown>): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}
