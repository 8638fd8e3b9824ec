import type { Gpu } from '../../protocol/gpu.js';

/** Which GPUs a container was started with. null: none. */
export type GpuRequest = 'all' | { count: number } | { ids: string[] } | null;

/** What of Docker's description says so. */
export interface GpuSettings {
  environment: Readonly<Record<string, string>>;
  /** HostConfig.Runtime */
  runtime: string;
  /** HostConfig.DeviceRequests */
  deviceRequests: readonly {
    Driver?: string;
    Count?: number;
    DeviceIDs?: string[] | null;
    Capabilities?: string[][] | null;
  }[];
  /** Paths on the host of HostConfig.Devices. */
  devices: readonly string[];
}

const GPU_DEVICE = /^\/dev\/nvidia(\d+)$/;
const NVIDIA_DEVICE = /^\/dev\/nvidia/;

export function isGpuDevice(path: string): boolean {
  return NVIDIA_DEVICE.test(path);
}

/** `docker run --gpus`, or another way to ask for what the driver `nvidia` offers. */
export function isGpuRequest(request: GpuSettings['deviceRequests'][number]): boolean {
  return request.Driver === 'nvidia' || (request.Capabilities ?? []).flat().includes('gpu');
}

/**
 * In order: a device request (`--gpus`), mapped device files, and NVIDIA_VISIBLE_DEVICES. The variable is how ECS, and so
 * AWS Batch with a GPU in its resource requirements, gives a container its GPUs: by UUID, under the runtime `nvidia`. Images made
 * from NVIDIA's own have it too (`all`), which means nothing under a runtime that does not read it.
 */
export function gpuRequestOf({ environment, runtime, deviceRequests, devices }: GpuSettings): GpuRequest {
  const asked = deviceRequests.find(isGpuRequest);
  if (asked !== undefined) {
    if ((asked.DeviceIDs ?? []).length > 0) return { ids: asked.DeviceIDs! };
    return (asked.Count ?? -1) < 0 ? 'all' : { count: asked.Count! };
  }
  const mapped = devices.flatMap((path) => GPU_DEVICE.exec(path)?.[1] ?? []);
  if (mapped.length > 0) return { ids: mapped };
  const visible = (environment['NVIDIA_VISIBLE_DEVICES'] ?? '').trim();
  if (visible === '' || visible === 'void' || visible === 'none') return null;
  const assigned = visible.includes('GPU-');
  if (!assigned && !/nvidia/i.test(runtime)) return null;
  return visible === 'all' ? 'all' : { ids: visible.split(',').map((id) => id.trim()) };
}

/** How many GPUs were asked for, on a host that has these. */
export function requestedCount(request: GpuRequest, present: readonly Gpu[]): number {
  if (request === null) return 0;
  if (request === 'all') return present.length;
  return 'count' in request ? request.count : request.ids.length;
}

/** Those of the host's GPUs the container has. Ids are indexes in the driver's order, or UUIDs, which may be shortened. */
export function givenGpus(request: GpuRequest, present: readonly Gpu[]): Gpu[] {
  if (request === null) return [];
  if (request === 'all') return [...present];
  if ('count' in request) return present.slice(0, request.count);
  return present.filter((gpu, index) =>
    request.ids.some((id) => id === String(index) || (id.startsWith('GPU-') && gpu.uuid?.startsWith(id) === true)),
  );
}
