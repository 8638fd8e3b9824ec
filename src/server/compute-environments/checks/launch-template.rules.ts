import { parseDuration } from '../../../protocol/duration.js';
import type { AwsEnvironment, AwsLaunchTemplate } from '../aws-environment.js';
import type { EnvironmentFinding } from '../environment-finding.js';
import { USER_DATA_MARKER } from '../user-data-marker.js';
import { ecsSetting } from '../user-data.js';

/** A Spot instance is told two minutes before it goes: what stops with it may take that long. */
const STOP_TIMEOUT_SECONDS = 120;
/** Of the ECS agent (github.com/aws/amazon-ecs-agent, README, "Environment Variables"). */
const DEFAULT_STOP_TIMEOUT = '30s';

/** What every new instance of the environment does first. */
export function launchTemplateFindings(name: string, aws: AwsEnvironment): EnvironmentFinding[] {
  if (!aws.managed) return [];
  const { launchTemplate } = aws;
  if (launchTemplate === null) return [withoutTemplate(name, aws.lostLaunchTemplate)];
  return [...agentFindings(name, launchTemplate), ...ecsFindings(launchTemplate)];
}

function withoutTemplate(name: string, lost: string | null): EnvironmentFinding {
  return {
    severity: 'error',
    code: 'launch-template-missing',
    message:
      lost === null
        ? `${name} has no launch template.`
        : `${name} names a launch template that EC2 does not have: ${lost}.`,
    why:
      lost === null
        ? 'Its instances start without the agent and without the storage, so no job there is protected.'
        : 'Batch can start no instance of it.',
    remedy:
      'Give the environment a launch template with the user data of GET /api/v1/compute-environments/{id}/user-data.',
  };
}

function agentFindings(name: string, { userData, ...template }: AwsLaunchTemplate): EnvironmentFinding[] {
  if (userData?.includes(USER_DATA_MARKER)) return [];
  return [
    {
      severity: 'error',
      code: 'launch-template-without-agent',
      message: `The user data of ${described(template)} does not install the agent${userData === null ? ': there is none' : ''}.`,
      why: `Instances of ${name} start without the agent, the runtime and the storage, unless their image brings them: no job there is protected.`,
      remedy: 'Add the user data of GET /api/v1/compute-environments/{id}/user-data to the launch template.',
    },
  ];
}

function ecsFindings({ userData, ...template }: AwsLaunchTemplate): EnvironmentFinding[] {
  if (userData === null) return [];
  const found: EnvironmentFinding[] = [];
  if (ecsSetting(userData, 'ECS_ENABLE_SPOT_INSTANCE_DRAINING')?.toLowerCase() !== 'true') {
    found.push({
      severity: 'warning',
      code: 'spot-draining-off',
      message: `The user data of ${described(template)} does not set ECS_ENABLE_SPOT_INSTANCE_DRAINING=true.`,
      why: 'Batch goes on placing jobs on an instance that has been told it will be reclaimed, and they are stopped within two minutes.',
      remedy: 'Write ECS_ENABLE_SPOT_INSTANCE_DRAINING=true to /etc/ecs/ecs.config in the user data.',
    });
  }
  const timeout = ecsSetting(userData, 'ECS_CONTAINER_STOP_TIMEOUT');
  if (secondsOf(timeout ?? DEFAULT_STOP_TIMEOUT) < STOP_TIMEOUT_SECONDS) {
    found.push({
      severity: 'warning',
      code: 'ecs-stop-timeout-short',
      message:
        timeout === null
          ? `The user data of ${described(template)} does not set ECS_CONTAINER_STOP_TIMEOUT, which is then ${DEFAULT_STOP_TIMEOUT}.`
          : `The user data of ${described(template)} sets ECS_CONTAINER_STOP_TIMEOUT=${timeout}.`,
      why: `A container that is told to stop is killed after that, though a Spot instance has ${STOP_TIMEOUT_SECONDS} s left: a last checkpoint may be cut off.`,
      remedy: 'Write ECS_CONTAINER_STOP_TIMEOUT=2m to /etc/ecs/ecs.config in the user data.',
    });
  }
  return found;
}

const described = ({ name, versionNumber }: Pick<AwsLaunchTemplate, 'name' | 'versionNumber'>): string =>
  `launch template ${name}, version ${versionNumber},`;

/** Infinity for what is no duration: the ECS agent decides what it makes of that. */
function secondsOf(duration: string): number {
  try {
    return parseDuration(duration) / 1000;
  } catch {
    return Infinity;
  }
}
