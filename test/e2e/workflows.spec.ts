import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BatchClient,
  DescribeJobDefinitionsCommand,
  type RetryStrategy,
  RegisterJobDefinitionCommand,
} from '@aws-sdk/client-batch';
import { type Moto, startMoto } from '../support/moto.js';
import { describeNeeding } from '../support/requires.js';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const strategy = JSON.parse(read('deploy/workflows/retry-strategy.json')) as RetryStrategy;

interface Ending {
  statusReason: string;
  reason: string;
  exitCode?: number;
}

/**
 * What AWS Batch does with a failed attempt (API reference, EvaluateOnExit and RetryStrategy): the first rule all of whose
 * patterns match decides; only an asterisk at the end stands for anything; without a match the job is tried again.
 */
function decision({ evaluateOnExit = [] }: RetryStrategy, ending: Ending): string {
  const matches = (pattern: string | undefined, value: string): boolean =>
    pattern === undefined || (pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : value === pattern);
  const rule = evaluateOnExit.find(
    ({ onStatusReason, onReason, onExitCode }) =>
      matches(onStatusReason, ending.statusReason) &&
      matches(onReason, ending.reason) &&
      matches(onExitCode, String(ending.exitCode ?? '')),
  );
  // The emulator answers the actions in lower case.
  return rule?.action?.toUpperCase() ?? 'RETRY';
}

const RECLAIMED: Ending = { statusReason: 'Host EC2 (instance i-0123456789abcdef0) terminated.', reason: '' };
const FAILED: Ending = { statusReason: 'Essential container in task exited', reason: '', exitCode: 1 };
const OUT_OF_MEMORY: Ending = {
  ...FAILED,
  reason: 'OutOfMemoryError: Container killed due to memory usage',
  exitCode: 137,
};

describeNeeding(['moto'], 'The retry strategy for workflows', () => {
  let moto: Moto;
  beforeAll(async () => {
    moto = await startMoto();
  });
  afterAll(() => moto.close());

  it('is one that AWS Batch takes, and that tries again after a reclaim and only then', async () => {
    const batch = new BatchClient({ region: 'us-east-1' });
    const resourceRequirements = [
      { type: 'VCPU' as const, value: '1' },
      { type: 'MEMORY' as const, value: '512' },
    ];
    await batch.send(
      new RegisterJobDefinitionCommand({
        jobDefinitionName: 'task',
        type: 'container',
        containerProperties: { image: 'busybox', resourceRequirements },
        retryStrategy: strategy,
      }),
    );
    const { jobDefinitions } = await batch.send(new DescribeJobDefinitionsCommand({ jobDefinitionName: 'task' }));
    batch.destroy();
    const registered = jobDefinitions![0]!.retryStrategy!;
    expect(registered.attempts).toBe(10);
    expect(decision(registered, RECLAIMED)).toBe('RETRY');
    expect(decision(registered, FAILED)).toBe('EXIT');
    expect(decision(registered, OUT_OF_MEMORY)).toBe('EXIT');
  });

  it('is what miniWDL’s back end registers with our plugin', () => {
    const run = spawnSync('python3', ['-B', '-c', PLUGIN_TRIAL], {
      cwd: join(root, 'deploy/workflows/miniwdl'),
      encoding: 'utf8',
    });
    expect(run.stderr).toBe('');
    const [given, already] = JSON.parse(run.stdout) as { retryStrategy: RetryStrategy }[];
    expect(given!.retryStrategy).toEqual(strategy);
    expect(already!.retryStrategy).toEqual({ attempts: 2 });
  });
});

/** Stand-ins for miniwdl-aws and for the part of a boto3 client that the plugin uses. */
const PLUGIN_TRIAL = `
import json, sys, types

class BatchJob:
    def _submit_batch_job(self, logger, cleanup, aws_batch, command):
        return aws_batch.register(dict(command))

class Client:
    def __init__(self):
        self.meta = self.events = self
        self.handlers = {}
    def __getattr__(self, name):
        raise AttributeError(name)
    def register(self, first, handler=None, unique_id=None):
        if handler is not None:
            self.handlers[(first, unique_id)] = handler
            return None
        for (name, _), each in self.handlers.items():
            assert name == 'provide-client-params.batch.RegisterJobDefinition', name
            each(params=first, model=None, context={})
        return first

package, module = types.ModuleType('miniwdl_aws'), types.ModuleType('miniwdl_aws.batch_job')
module.BatchJob, package.batch_job = BatchJob, module
sys.modules.update({'miniwdl_aws': package, 'miniwdl_aws.batch_job': module})
import miniwdl_batchpoint
job, client = miniwdl_batchpoint.BatchJob(), Client()
print(json.dumps([job._submit_batch_job(None, None, client, params)
                  for params in ({}, {'retryStrategy': {'attempts': 2}})]))
`;

describe('The snippets for workflow managers', () => {
  const page = read('docs/workflows.md');
  const files = readdirSync(join(root, 'deploy/workflows'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));

  it('stand in the documentation as they are in the files', () => {
    const shown = [...page.matchAll(/<!-- (deploy\/\S+) -->\n\n```\w+\n([^]*?\n)```/g)];
    for (const [, path, text] of shown) expect([path, text]).toEqual([path, read(path!)]);
    const notShown = files.filter((path) => !shown.some((match) => match[1] === path));
    expect(notShown).toEqual(['deploy/workflows/miniwdl/pyproject.toml']);
  });

  it.each(['nextflow.config', 'cromwell.conf', 'cromwell-task.wdl'])('close in %s what they open', (name) => {
    const text = read(`deploy/workflows/${name}`).replaceAll(/^\s*(#|\/\/).*$/gm, '');
    for (const [open, close] of ['{}', '[]', '()'].map((pair) => [...pair]))
      expect(text.split(open!).length).toBe(text.split(close!).length);
    expect(text.match(/["']/g)!.length % 2).toBe(0);
  });

  it('ask Batch for the same number of attempts, by the same rules', () => {
    const setting = (name: string, pattern: RegExp): string => pattern.exec(read(`deploy/workflows/${name}`))![1]!;
    expect(setting('nextflow.config', /^\s*maxSpotAttempts = (\d+)$/m)).toBe(String(strategy.attempts));
    expect(setting('cromwell.conf', /^\s*awsBatchRetryAttempts = (\d+)$/m)).toBe(String(strategy.attempts));
    expect(setting('cromwell-task.wdl', /^\s*awsBatchRetryAttempts: (\d+)$/m)).toBe(String(strategy.attempts));
    const rules = JSON.parse(setting('cromwell-task.wdl', /awsBatchEvaluateOnExit: (\[[^\]]*\])/)) as object[];
    expect(rules).toEqual(strategy.evaluateOnExit);
  });
});
