import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the simulator says of an action on a resource. */
export interface SimulatedDecision {
  decision: 'allowed' | 'explicitDeny' | 'implicitDeny';
  missingContext?: string[];
  /** Name of the policy whose statement decided. */
  policy?: string;
  allowedByBoundary?: boolean;
  allowedByOrganization?: boolean;
}

/** A call of `iam:SimulatePrincipalPolicy`, as it came. */
export interface SimulationCall {
  principalArn: string;
  actions: string[];
  resources: string[];
  context: Record<string, string[]>;
}

/**
 * Stands for IAM's policy simulator, which the emulator lacks: answers `SimulatePrincipalPolicy` in AWS's query protocol from
 * what a test decides, and hands everything else on to the emulator. `test/contract/iam-simulation.spec.ts` holds it to the
 * answers AWS documents.
 */
export class FakeIamSimulation {
  readonly calls: SimulationCall[] = [];
  /** By default everything is allowed. */
  decide: (action: string, resource: string, principalArn: string) => SimulatedDecision = () => ({
    decision: 'allowed',
  });
  /** Nobody may simulate. */
  denied = false;
  /** Hands on simulations too, as if it were not there. */
  away = false;
  /** Results on a page. */
  pageSize = 100;
  private readonly server = createServer((request, response) => void this.answer(request, response));

  private constructor(private readonly motoUrl: string) {}

  /** Points this process's IAM clients at it until it is closed. */
  static async start(motoUrl: string): Promise<FakeIamSimulation> {
    const fake = new FakeIamSimulation(motoUrl);
    await new Promise<void>((resolve) => fake.server.listen(0, '127.0.0.1', resolve));
    process.env['AWS_ENDPOINT_URL_IAM'] = fake.url;
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    delete process.env['AWS_ENDPOINT_URL_IAM'];
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const form = new URLSearchParams(body.toString());
    if (this.away || form.get('Action') !== 'SimulatePrincipalPolicy') this.handOn(request, body, response);
    else if (this.denied) xml(response, 403, deniedXml());
    else xml(response, 200, this.simulate(form));
  }

  private simulate(form: URLSearchParams): string {
    const call: SimulationCall = {
      principalArn: form.get('PolicySourceArn') ?? '',
      actions: members(form, 'ActionNames'),
      resources: members(form, 'ResourceArns'),
      context: contextOf(form),
    };
    const from = Number(form.get('Marker') ?? 0);
    if (from === 0) this.calls.push(call);
    const of = (action: string, resource: string): SimulatedDecision =>
      this.decide(action, resource, call.principalArn);
    const results = call.actions.map((action) => {
      if (call.resources.length === 0) return resultXml(action, [['*', of(action, '*')]], false);
      return resultXml(
        action,
        call.resources.map((resource) => [resource, of(action, resource)]),
        true,
      );
    });
    const to = from + this.pageSize;
    const more = to < results.length;
    return (
      '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulatePrincipalPolicyResult>' +
      `<IsTruncated>${more}</IsTruncated>${more ? `<Marker>${to}</Marker>` : ''}` +
      `<EvaluationResults>${results.slice(from, to).join('')}</EvaluationResults></SimulatePrincipalPolicyResult>` +
      '<ResponseMetadata><RequestId>1cdb5b0a-4c15-11e5-b121-bd8c7EXAMPLE</RequestId></ResponseMetadata></SimulatePrincipalPolicyResponse>'
    );
  }

  private handOn(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.motoUrl);
    // The host header stays what the client signed.
    const passed = forward(url, { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    passed.end(body);
  }
}

/** One action's result; with resources named, each resource's own inside of it. */
function resultXml(action: string, on: [resource: string, decision: SimulatedDecision][], specific: boolean): string {
  const [, first] = on[0]!;
  const worst = on.map(([, each]) => each).find(({ decision }) => decision !== 'allowed') ?? first;
  const inside = on.map(
    ([resource, each]) =>
      `<member><EvalResourceName>${escaped(resource)}</EvalResourceName><EvalResourceDecision>${each.decision}</EvalResourceDecision>${detailsXml(each)}</member>`,
  );
  return (
    `<member><EvalActionName>${action}</EvalActionName><EvalResourceName>${escaped(on[0]![0])}</EvalResourceName>` +
    `<EvalDecision>${worst.decision}</EvalDecision>${specific ? '<MatchedStatements/><MissingContextValues/>' : detailsXml(first)}` +
    (specific ? `<ResourceSpecificResults>${inside.join('')}</ResourceSpecificResults>` : '') +
    (worst.allowedByOrganization === undefined
      ? ''
      : `<OrganizationsDecisionDetail><AllowedByOrganizations>${worst.allowedByOrganization}</AllowedByOrganizations></OrganizationsDecisionDetail>`) +
    '</member>'
  );
}

function detailsXml({ policy, missingContext = [], allowedByBoundary }: SimulatedDecision): string {
  const statement =
    '<SourcePolicyType>IAM Policy</SourcePolicyType><EndPosition><Column>6</Column><Line>9</Line></EndPosition>' +
    '<StartPosition><Column>16</Column><Line>3</Line></StartPosition>';
  return (
    `<MatchedStatements>${policy === undefined ? '' : `<member><SourcePolicyId>${policy}</SourcePolicyId>${statement}</member>`}</MatchedStatements>` +
    `<MissingContextValues>${missingContext.map((key) => `<member>${key}</member>`).join('')}</MissingContextValues>` +
    (allowedByBoundary === undefined
      ? ''
      : `<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>${allowedByBoundary}</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>`)
  );
}

function deniedXml(): string {
  return (
    '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>AccessDenied</Code>' +
    '<Message>User is not authorized to perform: iam:SimulatePrincipalPolicy</Message></Error><RequestId>1cdb5b0a</RequestId></ErrorResponse>'
  );
}

function xml(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
}

function members(form: URLSearchParams, name: string): string[] {
  return [...form].filter(([key]) => key.startsWith(`${name}.member.`)).map(([, value]) => value);
}

function contextOf(form: URLSearchParams): Record<string, string[]> {
  const keys = [...form].filter(([key]) => /^ContextEntries\.member\.\d+\.ContextKeyName$/.test(key));
  return Object.fromEntries(
    keys.map(([at, name]) => [name, members(form, at.replace('ContextKeyName', 'ContextKeyValues'))]),
  );
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
