import type { StorageHealth } from '../../protocol/agent-api.js';
import { incompatibilities, instructionFlags } from '../../protocol/compatibility.js';
import type { HostFacts, HostFinding } from '../../protocol/host-facts.js';
import { list } from '../common/finding.js';
import type { EnvironmentFinding } from './environment-finding.js';
import { isAllowed } from './instance-type-name.js';

/** A host of the environment as it last reported itself. */
export interface EnvironmentHost {
  id: string;
  name: string;
  online: boolean;
  facts: HostFacts;
  findings: HostFinding[];
  storageHealth: StorageHealth | null;
}

/** What the hosts that are online measured. */
export function hostFindings(
  hosts: readonly EnvironmentHost[],
  instanceTypes: readonly string[],
): EnvironmentFinding[] {
  const online = hosts.filter((host) => host.online);
  if (online.length === 0) return [noHostsOnline(hosts.length)];
  return [
    ...online.flatMap((host) => storageNotReady(host)),
    ...online.flatMap((host) => failedChecks(host)),
    ...notAllowed(online, instanceTypes),
    ...notPortable(online),
  ];
}

function noHostsOnline(registered: number): EnvironmentFinding {
  return {
    severity: 'warning',
    code: 'no-hosts-online',
    message:
      registered === 0
        ? 'No host has enrolled in this environment.'
        : `None of the ${registered} hosts of this environment is online.`,
    why: 'Jobs that run there now are not seen, and checkpoints cannot be asked for. Spot fleets at zero are normal.',
    remedy:
      'When instances do run: check that the agent is installed and reaches the server (`batchpoint doctor` on the host).',
  };
}

function storageNotReady(host: EnvironmentHost): EnvironmentFinding[] {
  if (host.storageHealth === null || host.storageHealth.ready) return [];
  return [
    {
      severity: 'error',
      code: 'host-storage-not-ready',
      message: `Host ${host.name} cannot use its storage: ${host.storageHealth.reason ?? 'no reason given'}.`,
      why: 'Jobs on this host cannot be checkpointed.',
      remedy: "Run the storage's mount script on the host (GET /api/v1/storages/{id}/mount-script).",
    },
  ];
}

function failedChecks(host: EnvironmentHost): EnvironmentFinding[] {
  const errors = host.findings.filter((finding) => finding.severity === 'error');
  if (errors.length === 0) return [];
  return [
    {
      severity: 'error',
      code: 'host-check-failed',
      message: `Host ${host.name} fails ${list(errors.map((error) => error.check))}: ${errors.map((error) => error.message).join('; ')}.`,
      why: 'Checkpoints or restores on this host will fail.',
      remedy:
        errors
          .map((error) => error.remedy)
          .filter(Boolean)
          .join('; ') || 'Run `batchpoint doctor` on the host.',
    },
  ];
}

function notAllowed(hosts: readonly EnvironmentHost[], instanceTypes: readonly string[]): EnvironmentFinding[] {
  if (instanceTypes.length === 0) return [];
  const strangers = hosts.filter(
    (host) => host.facts.instance !== null && !isAllowed(host.facts.instance.instanceType, instanceTypes),
  );
  if (strangers.length === 0) return [];
  const named = strangers.map((host) => `${host.name} (${host.facts.instance!.instanceType})`);
  return [
    {
      severity: 'warning',
      code: 'instance-type-not-allowed',
      message: `Instance types that are not registered are in use: ${list(named)}.`,
      why: 'What was checked when the environment was registered does not hold for them.',
      remedy: 'Add the types to instanceTypes, or check which compute environment these hosts belong to.',
    },
  ];
}

/**
 * Would an image taken on each host restore on each other one? Asked of `incompatibilities`, the same rule restores follow, once
 * for each pair of distinct machines: a fleet of a thousand equal hosts is one.
 */
function notPortable(hosts: readonly EnvironmentHost[]): EnvironmentFinding[] {
  const kinds = [...Map.groupBy(hosts, (host) => machineKind(host.facts)).values()];
  const found: EnvironmentFinding[] = [];
  for (const from of kinds) {
    for (const to of kinds) {
      if (from === to) continue;
      const reasons = incompatibilities({ host: { ...from[0]!.facts, hostId: from[0]!.id } }, to[0]!.facts);
      if (reasons.length === 0) continue;
      found.push({
        severity: 'warning',
        code: 'image-not-portable',
        message: `An image taken on ${names(from)} cannot restore on ${names(to)}: ${reasons.map((reason) => reason.message).join('; ')}.`,
        why: 'A job reclaimed there and retried here starts from the beginning.',
        remedy: `${capital([...new Set(reasons.map((reason) => reason.remedy))].join('; '))}.`,
      });
    }
  }
  return found;
}

/** Everything of a host that decides where images can go. */
function machineKind(facts: HostFacts): string {
  const { architecture, cpu, kernel, software, cgroupVersion } = facts;
  const flags = instructionFlags(facts).toSorted();
  return JSON.stringify([architecture, flags, cpu.xsaveBytes, kernel, software.criu, cgroupVersion]);
}

const names = (hosts: readonly EnvironmentHost[]): string => list(hosts.map((host) => host.name));
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
