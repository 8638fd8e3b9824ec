import type Docker from 'dockerode';
import { type GpuRequest, gpuRequestOf, type GpuSettings } from '../gpu/gpu-request.js';
import { environmentOf } from './job-identity.js';

type Inspection = Docker.ContainerInspectInfo;

/** What of Docker's description tells which GPUs and other devices a container has. */
export function gpuSettings({ Config: config, HostConfig: hostConfig }: Inspection): GpuSettings {
  const devices = (hostConfig.Devices ?? []) as { PathOnHost?: string }[];
  return {
    environment: environmentOf(config.Env),
    runtime: hostConfig.Runtime ?? '',
    deviceRequests: hostConfig.DeviceRequests ?? [],
    devices: devices.map((device) => device.PathOnHost ?? 'device'),
  };
}

/** null: it uses none. */
export function gpuRequest(found: Inspection): GpuRequest {
  return gpuRequestOf(gpuSettings(found));
}

/** Bytes; null: none. Docker writes 0. */
export function memoryLimit({ HostConfig: { Memory } }: Inspection): number | null {
  return Memory === undefined || Memory === 0 ? null : Memory;
}
