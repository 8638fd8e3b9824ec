import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { HostFinding } from '../../protocol/host-facts.js';
import { DockerEngine } from '../containers/docker-engine.js';
import { error, ok, PREREQUISITES, tryTool, warning, type HostExamination } from './finding.js';

export async function checkRunc({ runc }: HostExamination): Promise<HostFinding> {
  if (runc === null) return error('runc', 'runc is not installed', `${PREREQUISITES}, or name it with BATCHPOINT_RUNC`);
  const { output } = await tryTool(runc, ['--version']);
  const version = /runc version\s+(\S+)/.exec(output)?.[1];
  if (version === undefined) return error('runc', `${runc} does not run: ${output.split('\n')[0]}`, PREREQUISITES);
  return ok('runc', `runc ${version} (${runc})`);
}

/** Docker answers, keeps writable layers where they can be captured, and knows our runtime. */
export async function checkDocker({ dockerSocket, stateDir }: HostExamination): Promise<HostFinding[]> {
  const shim = join(stateDir, 'bin', 'batchpoint-runc');
  const installed = existsSync(shim)
    ? ok('shim', `the runtime shim is installed (${shim})`)
    : warning(
        'shim',
        `the runtime shim is not installed in ${stateDir}/bin`,
        'start the agent, or run `batchpoint agent --install-shim-only`',
      );
  const engine = new DockerEngine(dockerSocket, stateDir);
  let about: { ServerVersion?: string; Driver?: string };
  try {
    about = (await within(engine.api.info(), 10_000)) as typeof about;
  } catch (cause) {
    const remedy = existsSync(dockerSocket)
      ? 'look at its log: journalctl -u docker'
      : `${PREREQUISITES}; or name the socket of a running engine with BATCHPOINT_DOCKER_SOCKET`;
    return [
      error('docker', `Docker does not answer at ${dockerSocket}: ${(cause as Error).message}`, remedy),
      installed,
    ];
  }
  const findings = [ok('docker', `Docker Engine ${about.ServerVersion}`), driverFinding(about.Driver ?? 'unknown')];
  const names = await engine.runtimesOf(shim);
  findings.push(
    names.length > 0
      ? ok('runtime', `Docker knows the shim as runtime ${names.join(', ')}`)
      : error(
          'runtime',
          'Docker does not know the runtime shim: no job can be checkpointed',
          `add to /etc/docker/daemon.json: "runtimes": {"batchpoint": {"path": "${shim}"}}, "default-runtime": "batchpoint", and restart Docker`,
        ),
  );
  return [...findings, installed];
}

function driverFinding(driver: string): HostFinding {
  if (driver === 'overlay2' || driver === 'overlayfs') return ok('storage-driver', `storage driver ${driver}`);
  return error(
    'storage-driver',
    `Docker's storage driver is ${driver}; writable layers are captured from overlay2`,
    'set "storage-driver": "overlay2" in /etc/docker/daemon.json and restart Docker (images are pulled again)',
  );
}

function within<T>(work: Promise<T>, ms: number): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms).unref(),
    ),
  ]);
}
