import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Failure } from '../../../protocol/failure.js';
import type { AwsAccess } from '../../aws/aws-access.js';
import { AwsError } from '../../aws/aws-error.js';
import { BatchApi } from '../../aws/batch.api.js';
import { Ec2Api } from '../../aws/ec2.api.js';
import { BackgroundTasks } from '../../background/background-tasks.js';
import { DomainError } from '../../common/domain-error.js';
import { ComputeEnvironmentsService } from '../../compute-environments/compute-environments.service.js';
import { JoinTokensService } from '../../join-tokens/join-tokens.service.js';
import type { OperationDto } from '../../operations/dto/operation.dto.js';
import { OperationsService } from '../../operations/operations.service.js';
import { version } from '../../version.js';
import { describeChange, type NamedLaunchTemplate, versionToName } from './launch-template-plan.js';
import { LaunchTemplatePlanner, type PlannedEnvironment } from './launch-template-planner.js';

const TASK = 'update-launch-template';
interface Payload {
  operationId: string;
  environmentId: string;
}

/** As long as a real one, so that the size is right. */
const STAND_IN_TOKEN = `bpj_${'*'.repeat(43)}`;

/** A failure half way, which leaves something behind in EC2. */
class PointingError extends Error {
  constructor(
    override readonly cause: AwsError,
    readonly made: number,
  ) {
    super(cause.message);
  }
}

/**
 * Gives an environment's launch template a version with our user data. What can be found wrong is found while the request
 * waits; the writing is a background task, which may be run again after a crash: the version carries the operation's id, so
 * that it is made once.
 */
@Injectable()
export class LaunchTemplateVersionsService implements OnModuleInit {
  constructor(
    private readonly environments: ComputeEnvironmentsService,
    private readonly joinTokens: JoinTokensService,
    private readonly operations: OperationsService,
    private readonly tasks: BackgroundTasks,
    private readonly planner: LaunchTemplatePlanner,
    private readonly batch: BatchApi,
    private readonly ec2: Ec2Api,
  ) {}

  onModuleInit(): void {
    this.tasks.register({ name: TASK, run: (payload) => this.work(payload as Payload) });
  }

  /** The operation, with what it is going to change as its result; in a dry run nothing comes of it. */
  async start(environmentId: string): Promise<OperationDto> {
    const { environment, access } = await this.environmentInAws(environmentId);
    const template = await this.planner.template(environment, access);
    const change = describeChange(template, await this.planner.merged(environment, template, STAND_IN_TOKEN));
    const operationId = await this.operations.open({
      type: 'update-launch-template',
      resourceType: 'compute-environment',
      resourceId: environmentId,
    });
    await this.tasks.enqueue(TASK, { operationId, environmentId } satisfies Payload);
    return { ...(await this.operations.find(operationId)), result: change };
  }

  private async work({ operationId, environmentId }: Payload): Promise<void> {
    const { status } = await this.operations.find(operationId);
    if (status !== 'pending' && status !== 'running') return;
    await this.operations.start(operationId);
    try {
      await this.operations.succeed(operationId, await this.carryOut(operationId, environmentId));
    } catch (error) {
      const failure = failureOf(error);
      if (failure === null) throw error;
      // Nothing in EC2 holds it.
      if (!(error instanceof PointingError)) await this.joinTokens.removeNamed(tokenName(operationId));
      await this.operations.fail(operationId, failure);
    }
  }

  private async carryOut(operationId: string, environmentId: string): Promise<Record<string, unknown>> {
    const { environment, access } = await this.environmentInAws(environmentId);
    const template = await this.planner.template(environment, access);
    const change = describeChange(template, await this.planner.merged(environment, template, STAND_IN_TOKEN));
    const number = await this.makeVersion(operationId, environment, access, template);
    const after = versionToName(template.named, number);
    try {
      if (template.named === '$Default') await this.ec2.setDefaultLaunchTemplateVersion(access, template.id, number);
      if (!template.named.startsWith('$'))
        await this.batch.useLaunchTemplate(access, environment.name, { id: template.id, version: after });
    } catch (error) {
      throw error instanceof AwsError ? new PointingError(error, number) : error;
    }
    return {
      ...change,
      environmentVersion: { before: template.named, after },
      newVersion: number,
      joinTokenName: tokenName(operationId),
    };
  }

  /** With a join token of its own, bound to the environment: it can be told from others, and taken back alone. */
  private async makeVersion(
    operationId: string,
    environment: PlannedEnvironment,
    access: AwsAccess,
    template: NamedLaunchTemplate,
  ): Promise<number> {
    const description = `Batchpoint ${version()}, ${operationId}`;
    const made = await this.ec2.launchTemplateVersionDescribed(access, template.id, description);
    if (made !== null) return made;
    const name = tokenName(operationId);
    await this.joinTokens.removeNamed(name);
    const { token } = await this.joinTokens.create({ name, computeEnvironmentId: environment.id });
    const userData = await this.planner.merged(environment, template, token);
    return this.ec2.createLaunchTemplateVersion(access, template.id, {
      source: template.versionNumber,
      userData: Buffer.from(userData).toString('base64'),
      description,
    });
  }

  private async environmentInAws(id: string): Promise<{ environment: PlannedEnvironment; access: AwsAccess }> {
    const environment = await this.environments.find(id);
    const { name, storageId, region, roleArn, externalId } = environment;
    if (region === null) {
      throw new DomainError(
        'environment-not-in-aws',
        `Compute environment ${name} is registered by its name only, without a region: AWS is not asked about it.`,
      );
    }
    return { environment: { id, name, storageId }, access: { region, roleArn, externalId } };
  }
}

const tokenName = (operationId: string): string => `launch-template-${operationId}`;

/** null: not known, and worth another try. */
function failureOf(error: unknown): Failure | null {
  if (error instanceof PointingError) {
    return {
      code: 'aws-failed',
      message: `Version ${error.made} of the launch template was made and stays, but nothing uses it yet: ${error.message}`,
      remedy: `Put right what AWS says, then ask for a new version again, or point the environment at version ${error.made} yourself.`,
    };
  }
  if (error instanceof AwsError) {
    return {
      code: 'aws-failed',
      message: error.message,
      remedy: 'Nothing was changed. Put right what AWS says, then ask again.',
    };
  }
  if (error instanceof DomainError) {
    return { code: 'cancelled', message: error.message, remedy: 'Nothing was changed. Put it right, then ask again.' };
  }
  return null;
}
