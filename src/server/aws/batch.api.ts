import { Injectable } from '@nestjs/common';
import {
  BatchClient,
  type ComputeEnvironmentDetail,
  DescribeComputeEnvironmentsCommand,
  DescribeJobsCommand,
  type JobDefinition,
  ListJobsCommand,
  paginateDescribeJobDefinitions,
  paginateDescribeJobQueues,
  type RetryStrategy,
  UpdateComputeEnvironmentCommand,
} from '@aws-sdk/client-batch';
import type { AwsAccess } from './aws-access.js';
import { callAws, collectPages } from './aws-call.js';
import { AwsClients } from './aws-clients.js';

/** As `DescribeComputeEnvironments` has it; null where Batch sets nothing. */
export interface BatchEnvironment {
  arn: string;
  name: string;
  managed: boolean;
  state: string;
  status: string;
  statusReason: string | null;
  /** `ECS` or `EKS`. */
  orchestration: string;
  ecsClusterArn: string | null;
  /** `SPOT`, `EC2`, `FARGATE`, `FARGATE_SPOT`. */
  resourceType: string | null;
  allocationStrategy: string | null;
  minvCpus: number | null;
  maxvCpus: number | null;
  instanceTypes: string[];
  instanceRole: string | null;
  subnetIds: string[];
  securityGroupIds: string[];
  /** By id or name; Batch keeps whichever it was given. */
  launchTemplate: { id: string | null; name: string | null; version: string } | null;
  imageId: string | null;
  imageType: string | null;
}

export interface BatchQueue {
  arn: string;
  name: string;
  state: string;
  priority: number;
  /** ARNs, or names where the queue was made with those. */
  environments: string[];
}

/** When Batch tries a job again. */
export interface BatchRetryStrategy {
  attempts: number;
  /** In order: the first whose conditions all hold decides. */
  evaluateOnExit: {
    action: string;
    onStatusReason: string | null;
    onReason: string | null;
    onExitCode: string | null;
  }[];
}

export interface BatchRetries {
  jobDefinitionArn: string;
  retryStrategy: BatchRetryStrategy;
}

/** An active job definition for containers that asks for a GPU. */
export interface BatchGpuJobDefinition {
  /** `train:3` */
  name: string;
  gpus: number;
  /** null: Batch does not say. */
  memoryBytes: number | null;
}

const MIB = 1024 ** 2;

/** What one `DescribeJobs` takes, and the largest page of `ListJobs` (API reference). */
const JOBS_A_CALL = 100;

@Injectable()
export class BatchApi {
  constructor(private readonly clients: AwsClients) {}

  /** By name or ARN; null when there is none. */
  async computeEnvironment(access: AwsAccess, nameOrArn: string): Promise<BatchEnvironment | null> {
    const command = new DescribeComputeEnvironmentsCommand({ computeEnvironments: [nameOrArn] });
    const answer = await callAws('batch:DescribeComputeEnvironments', () => this.client(access).send(command));
    const [found] = answer.computeEnvironments ?? [];
    return found === undefined || found.status === 'DELETED' ? null : toBatchEnvironment(found);
  }

  /**
   * Has it start instances from this launch template, `version` a number, `$Latest` or `$Default`. Batch replaces those it has, and lets
   * their jobs end first, within the limits of the environment's own update policy (user guide, "Update compute environments").
   */
  async useLaunchTemplate(
    access: AwsAccess,
    nameOrArn: string,
    { id, version }: { id: string; version: string },
  ): Promise<void> {
    const command = new UpdateComputeEnvironmentCommand({
      computeEnvironment: nameOrArn,
      computeResources: { launchTemplate: { launchTemplateId: id, version } },
    });
    await callAws('batch:UpdateComputeEnvironment', () => this.client(access).send(command));
  }

  /** All queues of the region: one call for each hundred, as Batch has no way to ask for those of one environment. */
  async jobQueues(access: AwsAccess): Promise<BatchQueue[]> {
    const pages = paginateDescribeJobQueues({ client: this.client(access), pageSize: 100 }, {});
    const found = await collectPages('batch:DescribeJobQueues', pages, (page) => page.jobQueues);
    return found.map((queue) => ({
      arn: queue.jobQueueArn!,
      name: queue.jobQueueName!,
      state: queue.state!,
      priority: queue.priority ?? 0,
      environments: (queue.computeEnvironmentOrder ?? []).map((entry) => entry.computeEnvironment!),
    }));
  }

  /**
   * How Batch retries the newest jobs of a queue, at most `limit` (up to 100), none older than `since`: two calls. What was given when a
   * job was submitted counts; a job that does not say goes by its definition (a third call). Jobs of several nodes are left out.
   */
  async recentRetries(access: AwsAccess, queue: string, since: Date, limit: number): Promise<BatchRetries[]> {
    const list = new ListJobsCommand({
      jobQueue: queue,
      filters: [{ name: 'AFTER_CREATED_AT', values: [String(since.getTime())] }],
      maxResults: Math.min(limit, JOBS_A_CALL),
    });
    const { jobSummaryList = [] } = await callAws('batch:ListJobs', () => this.client(access).send(list));
    const ids = jobSummaryList.slice(0, limit).map((job) => job.jobId!);
    if (ids.length === 0) return [];
    const describe = new DescribeJobsCommand({ jobs: ids });
    const answer = await callAws('batch:DescribeJobs', () => this.client(access).send(describe));
    const jobs = (answer.jobs ?? []).filter((job) => job.nodeProperties === undefined);
    const silent = jobs.filter((job) => job.retryStrategy === undefined).map((job) => job.jobDefinition!);
    const defined = await this.definitions(access, [...new Set(silent)]);
    return jobs.map(({ jobDefinition, retryStrategy }) => ({
      jobDefinitionArn: jobDefinition!,
      retryStrategy: toRetryStrategy(retryStrategy ?? defined.get(jobDefinition!)),
    }));
  }

  /** How the active job definitions for containers on EC2 retry, the newest revisions first, at most `limit`. */
  async definedRetries(access: AwsAccess, limit: number): Promise<BatchRetries[]> {
    const pages = paginateDescribeJobDefinitions({ client: this.client(access), pageSize: 100 }, { status: 'ACTIVE' });
    const found = await callAws('batch:DescribeJobDefinitions', async () => {
      const definitions = [];
      for await (const page of pages) {
        for (const definition of page.jobDefinitions ?? []) {
          const onFargate = definition.platformCapabilities?.includes('FARGATE') ?? false;
          if (definition.type === 'container' && !onFargate && !definition.eksProperties) definitions.push(definition);
        }
        if (definitions.length >= limit) break;
      }
      return definitions.slice(0, limit);
    });
    return found.map((definition) => ({
      jobDefinitionArn: definition.jobDefinitionArn!,
      retryStrategy: toRetryStrategy(definition.retryStrategy),
    }));
  }

  /** Of the `limit` newest active definitions, those that ask for a GPU. */
  async gpuJobDefinitions(access: AwsAccess, limit: number): Promise<BatchGpuJobDefinition[]> {
    const pages = paginateDescribeJobDefinitions({ client: this.client(access), pageSize: 100 }, { status: 'ACTIVE' });
    const found = await callAws('batch:DescribeJobDefinitions', async () => {
      const definitions: JobDefinition[] = [];
      for await (const page of pages) {
        definitions.push(...(page.jobDefinitions ?? []));
        if (definitions.length >= limit) break;
      }
      return definitions.slice(0, limit);
    });
    return found.flatMap((definition) => toGpuJobDefinition(definition) ?? []);
  }

  /** Retry strategies by ARN. */
  private async definitions(access: AwsAccess, arns: string[]): Promise<Map<string, RetryStrategy | undefined>> {
    if (arns.length === 0) return new Map();
    const pages = paginateDescribeJobDefinitions({ client: this.client(access) }, { jobDefinitions: arns });
    const found = await collectPages('batch:DescribeJobDefinitions', pages, (page) => page.jobDefinitions);
    return new Map(found.map((definition) => [definition.jobDefinitionArn!, definition.retryStrategy]));
  }

  private client(access: AwsAccess): BatchClient {
    return this.clients.get(BatchClient, access);
  }
}

/** null: it asks for no GPU. Memory may stand in either of two places, in MiB. */
function toGpuJobDefinition(definition: JobDefinition): BatchGpuJobDefinition | null {
  const { resourceRequirements = [], memory } = definition.containerProperties ?? {};
  const value = (type: string): number => Number(resourceRequirements.find((each) => each.type === type)?.value ?? 0);
  const gpus = value('GPU');
  if (gpus === 0) return null;
  const mib = value('MEMORY') || (memory ?? 0);
  return {
    name: `${definition.jobDefinitionName}:${definition.revision}`,
    gpus,
    memoryBytes: mib === 0 ? null : mib * MIB,
  };
}

function toBatchEnvironment(found: ComputeEnvironmentDetail): BatchEnvironment {
  const resources = found.computeResources;
  const template = resources?.launchTemplate;
  const [image] = resources?.ec2Configuration ?? [];
  return {
    arn: found.computeEnvironmentArn!,
    name: found.computeEnvironmentName!,
    managed: found.type !== 'UNMANAGED',
    state: found.state ?? 'ENABLED',
    status: found.status ?? 'VALID',
    statusReason: found.statusReason ?? null,
    orchestration: found.containerOrchestrationType ?? (found.eksConfiguration ? 'EKS' : 'ECS'),
    ecsClusterArn: found.ecsClusterArn ?? null,
    resourceType: resources?.type ?? null,
    allocationStrategy: resources?.allocationStrategy ?? null,
    minvCpus: resources?.minvCpus ?? null,
    maxvCpus: resources?.maxvCpus ?? null,
    instanceTypes: resources?.instanceTypes ?? [],
    instanceRole: resources?.instanceRole ?? null,
    subnetIds: resources?.subnets ?? [],
    securityGroupIds: resources?.securityGroupIds ?? [],
    launchTemplate:
      template === undefined
        ? null
        : {
            id: template.launchTemplateId ?? null,
            name: template.launchTemplateName ?? null,
            // API reference, LaunchTemplateSpecification: without one it is the default version.
            version: template.version ?? '$Default',
          },
    imageId: image?.imageIdOverride ?? resources?.imageId ?? null,
    imageType: image?.imageType ?? null,
  };
}

function toRetryStrategy(strategy: RetryStrategy | undefined): BatchRetryStrategy {
  return {
    attempts: strategy?.attempts ?? 1,
    evaluateOnExit: (strategy?.evaluateOnExit ?? []).map((condition) => ({
      action: (condition.action ?? 'RETRY').toUpperCase(),
      onStatusReason: condition.onStatusReason ?? null,
      onReason: condition.onReason ?? null,
      onExitCode: condition.onExitCode ?? null,
    })),
  };
}
