import { z } from 'zod';
import { gpuSchema } from './gpu.js';

/** What an agent measured of the machine it runs on. Nothing here is taken from a name or a catalogue. */
export const hostFactsSchema = z.object({
  hostName: z.string(),
  /** `x86_64` or `aarch64`, as `uname -m` prints it. */
  architecture: z.string(),
  kernel: z.string(),
  cpu: z.object({
    vendor: z.string(),
    model: z.string(),
    cores: z.number().int(),
    /** `/proc/cpuinfo` flags (x86) or Features (arm), sorted. */
    flags: z.array(z.string()),
    /** Size of the extended state a process may use (XSAVE), bytes; null where the CPU has no such thing. */
    xsaveBytes: z.number().int().nullable(),
  }),
  memoryBytes: z.number().int(),
  /** NVIDIA GPUs, in the driver's order; empty where there is none. Absent: measured by an agent that did not look yet. */
  gpus: z.array(gpuSchema).optional(),
  /** Version of the loaded NVIDIA driver (`570.86.15`); null or absent where none answers. */
  nvidiaDriver: z.string().nullable().optional(),
  /**
   * This agent carries the memory of a job's GPU, and finds on this host what that takes (cuda-checkpoint, CRIU's CUDA plugin).
   * Absent: an agent that does not say.
   */
  gpuCheckpoints: z.boolean().optional(),
  cgroupVersion: z.union([z.literal(1), z.literal(2)]),
  /** null where the tool is missing or does not run. */
  software: z.object({
    batchpoint: z.string(),
    criu: z.string().nullable(),
    runc: z.string().nullable(),
    docker: z.string().nullable(),
  }),
  /** From instance metadata; null off EC2. */
  instance: z
    .object({ instanceId: z.string(), instanceType: z.string(), region: z.string(), availabilityZone: z.string() })
    .nullable(),
});
export type HostFacts = z.infer<typeof hostFactsSchema>;

/** One result of `batchpoint doctor`; the same shape is reported to the server at enrolment and shown with the host. */
export const FINDING_SEVERITIES = ['ok', 'info', 'warning', 'error'] as const;
export interface HostFinding {
  check: string;
  severity: (typeof FINDING_SEVERITIES)[number];
  message: string;
  remedy?: string;
}
