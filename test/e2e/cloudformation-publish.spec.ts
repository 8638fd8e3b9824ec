import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutPublicAccessBlockCommand, S3Client } from '@aws-sdk/client-s3';
import { readTemplate, substitution, type TemplateName } from '../support/cloudformation-template.js';
import { EmulatedStacks, type MadeStack } from '../support/emulated-stacks.js';
import { agentStandIn } from '../support/agent-stand-in.js';
import { describeNeeding } from '../support/requires.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Stands in for the AWS CLI: the emulator's CloudFormation makes no secrets. The secret hosts read is a file. */
const AWS = `#!/bin/bash
case "$*" in
  *get-secret-value*HostSetup*) cat "$STATE/host-setup.json" ;;
  *get-secret-value*) echo a-password-of-letters ;;
  *put-secret-value*HostSetup*) last="\${*: -1}"; cp "\${last#file://}" "$STATE/host-setup.json"; echo put >>"$STATE/puts" ;;
  *) echo "unexpected: $*" >&2; exit 9 ;;
esac
`;
interface HostSetup {
  serverUrl: string;
  certificate: string;
  joinToken: string;
  mountScript: string;
  installerSha256: string;
}

describeNeeding(['moto'], 'The server of a stack, once it has started,', () => {
  let stacks: EmulatedStacks;
  let server: TestApp;
  let directory: string;
  beforeAll(async () => {
    stacks = await EmulatedStacks.start();
    directory = mkdtempSync(join(tmpdir(), 'bp-publish-'));
    server = await startTestApp({ settings: ['--agent-dir', agentStandIn(directory).agentDir] });
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true });
    await server.close();
    await stacks.close();
  });

  /** What user data writes to `/usr/local/sbin/<name>`, with the names of the stack in place and directories of ours. */
  const script = (template: TemplateName, stack: string, made: MadeStack, name: string): string => {
    const data = readTemplate(template).Resources['Server']!.Properties['UserData'] as {
      'Fn::Base64': { 'Fn::Sub': unknown };
    };
    const values: Record<string, string> = {
      'AWS::StackName': stack,
      'AWS::Region': 'us-east-1',
      MetadataUser: `${stack}-juicefs`,
      MetadataAddress: 'clustercfg.metadata.memorydb.us-east-1.amazonaws.com',
      MetadataPassword: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:MetadataPassword-a1b2c3',
      JuiceFsCacheGiB: '20',
      JuiceFsVersion: '1.3.0',
      JuiceFsSha256: 'a'.repeat(64),
      ...(template === 'efs' ? { FileSystem: made.id('FileSystem') } : { Bucket: made.output('BucketName') }),
    };
    const whole = substitution(data['Fn::Base64']['Fn::Sub']).text;
    const text = new RegExp(`^cat >/usr/local/sbin/${name} <<'END'\n([^]*?)^END$`, 'm').exec(whole)![1]!;
    return text
      .replaceAll(/\$\{([^}]*)\}/g, (_, key: string) => values[key]!)
      .replaceAll(/\/(run|etc)\/batchpoint/g, `${directory}/${stack}/$1`);
  };

  const prepare = (template: TemplateName, stack: string, made: MadeStack): void => {
    for (const name of ['run', 'etc', 'bin', 'state']) mkdirSync(join(directory, stack, name), { recursive: true });
    const write = (path: string, text: string): void =>
      writeFileSync(join(directory, stack, path), text, { mode: 0o700 });
    write('bin/aws', AWS);
    write('bin/batchpoint-storage', script(template, stack, made, 'batchpoint-storage'));
    write('bin/batchpoint-publish', script(template, stack, made, 'batchpoint-publish'));
    write('run/url', server.url);
    write('run/admin-token', server.adminToken);
    write('run/server.crt', 'the certificate');
    write('state/host-setup.json', '{}');
    write(
      'etc/stack.env',
      `AWS_REGION=us-east-1\nSTACK=${stack}\nHOST_SETUP=HostSetup\nEVENT_QUEUE_URL=${made.id('EventQueue')}\n`,
    );
  };

  const publish = async (stack: string): Promise<HostSetup> => {
    const own = join(directory, stack);
    const env = { ...process.env, PATH: `${own}/bin:${process.env['PATH']}`, STATE: `${own}/state` };
    const child = spawn('bash', [join(own, 'bin/batchpoint-publish')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect([code, output]).toEqual([0, '']);
    return JSON.parse(readFileSync(join(own, 'state/host-setup.json'), 'utf8')) as HostSetup;
  };
  const puts = (stack: string): number =>
    readFileSync(join(directory, stack, 'state/puts'), 'utf8')
      .trim()
      .split('\n').length;

  it.each(['efs', 'juicefs'] as const)(
    'registers what the template %s made, and tells hosts how to join',
    async (name) => {
      const stack = `publish-${name}`;
      const juicefs = { JuiceFsVersion: '1.3.0', JuiceFsSha256: 'a'.repeat(64) };
      const made = await stacks.create(stack, name, name === 'juicefs' ? juicefs : {});
      if (name === 'juicefs') await keepPrivate(made.output('BucketName'));
      prepare(name, stack, made);
      const setup = await publish(stack);

      const { body: storages } = await server.api('get', `/storages?name=${stack}`).expect(200);
      expect(storages.items).toMatchObject([{ kind: name, mountPath: '/mmc-checkpoint' }]);
      const { body: environments } = await server.api('get', `/compute-environments?name=${stack}`).expect(200);
      expect(environments.items).toMatchObject([
        {
          name: stack,
          region: 'us-east-1',
          storageId: storages.items[0].id,
          eventsQueueUrl: made.id('EventQueue'),
        },
      ]);
      expect(setup).toMatchObject({ serverUrl: server.url, certificate: 'the certificate' });
      expect(setup.joinToken).toMatch(/^bpj_/);
      expect(setup.installerSha256).toMatch(/^[0-9a-f]{64}$/);
      expect(setup.mountScript).toContain("target='/mmc-checkpoint'");
      expect(JSON.stringify(setup)).not.toContain('a-password-of-letters');

      // At the next start all is there already.
      expect(await publish(stack)).toEqual(setup);
      expect(puts(stack)).toBe(1);
      const tokens = `/join-tokens?computeEnvironmentId=${environments.items[0].id}`;
      const { body: before } = await server.api('get', tokens).expect(200);
      expect(before.items.length).toBe(1);

      // A token that was revoked is replaced.
      await server.api('delete', `/join-tokens/${before.items[0].id}`).expect(204);
      expect((await publish(stack)).joinToken).not.toBe(setup.joinToken);
      expect(puts(stack)).toBe(2);
    },
  );
});

/** The emulator's CloudFormation leaves out what the template says of public access. */
async function keepPrivate(Bucket: string): Promise<void> {
  const s3 = new S3Client({ region: 'us-east-1', forcePathStyle: true });
  const { Properties } = readTemplate('juicefs').Resources['Bucket']!;
  const PublicAccessBlockConfiguration = Properties['PublicAccessBlockConfiguration'] as Record<string, boolean>;
  await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
  s3.destroy();
}
