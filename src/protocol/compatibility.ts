import type { FailureCode } from './failure.js';
import { type GpuIncompatibility, gpuIncompatibilities } from './gpu-compatibility.js';
import type { HostFacts } from './host-facts.js';
import type { Manifest } from './manifest.js';

export interface Incompatibility {
  code: Extract<
    FailureCode,
    | 'architecture-mismatch'
    | 'cpu-features-missing'
    | 'kernel-too-old'
    | 'criu-too-old'
    | 'cgroup-version-mismatch'
    | 'host-memory-too-small'
    | GpuIncompatibility['code']
    | 'host-not-ready'
  >;
  message: string;
  remedy: string;
}

/** What of an image decides where it can go; without `residentBytes` and `gpus` it needs no memory and no GPU that are known of. */
export type ImageNeeds = Pick<Manifest, 'host'> & Partial<Pick<Manifest, 'residentBytes' | 'gpus'>>;

/** Numbers of a version, for comparison: `6.1.112-122.189.amzn2023` is [6, 1, 112]. */
function numbers(version: string): number[] {
  return (/^\D*(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? '0').split('.').slice(0, 3).map(Number);
}

function older(a: string, b: string, parts: number): boolean {
  const [x, y] = [numbers(a), numbers(b)];
  for (let i = 0; i < parts; i += 1) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/**
 * x86 flags that name instructions a process can use directly. The rest of /proc/cpuinfo (virtualisation, mitigations,
 * topology, kernel inventions) says nothing about whether a program will run. Neither do `erms` and `fsrm` (`rep movsb` is fast,
 * but works everywhere), `hle` (prefixes older CPUs ignore) and `wbnoinvd` (kernel only): hosts of one model differ in them by firmware.
 * Source: Intel SDM vol. 1 ch. 5 and AMD APM vol. 3 feature bits, in the kernel's spelling (arch/x86/include/asm/cpufeatures.h).
 */
const X86_INSTRUCTION_FLAGS =
  /^(sse|sse2|pni|ssse3|sse4_1|sse4_2|sse4a|avx\w*|fma|fma4|f16c|bmi1|bmi2|abm|popcnt|movbe|aes|vaes|pclmulqdq|vpclmulqdq|gfni|sha_ni|sha512|sm3|sm4|adx|rdrand|rdseed|rdtscp|rdpid|fsgsbase|clflushopt|clwb|cldemote|movdiri|movdir64b|enqcmd|waitpkg|serialize|xop|tbm|lahf_lm|cx16|xsave|xsaveopt|xsavec|xgetbv1|amx_\w+|rtm|pku|ospke|3dnow\w*|mmx\w*|user_shstk|clzero)$/;

/** The flags of a host that a program on it may have come to depend on. On arm every `Features` entry is one. */
export function instructionFlags(facts: Pick<HostFacts, 'architecture' | 'cpu'>): string[] {
  return facts.architecture === 'x86_64'
    ? facts.cpu.flags.filter((flag) => X86_INSTRUCTION_FLAGS.test(flag))
    : facts.cpu.flags;
}

/** Every reason why this image cannot restore on that host, which messages call `called`; empty when it can. All reasons, not the first. */
export function incompatibilities(image: ImageNeeds, host: HostFacts, called = 'this host'): Incompatibility[] {
  const from = image.host;
  const found: Incompatibility[] = [];
  if (from.architecture !== host.architecture) {
    found.push({
      code: 'architecture-mismatch',
      message: `the image was taken on ${from.architecture}, ${called} is ${host.architecture}`,
      remedy: `allow only ${from.architecture} instance types in the compute environment`,
    });
  } else {
    const has = new Set(host.cpu.flags);
    const missing = instructionFlags(from).filter((flag) => !has.has(flag));
    if (missing.length > 0) {
      found.push({
        code: 'cpu-features-missing',
        message: `the job may use CPU features ${called}'s ${host.cpu.model} lacks: ${missing.join(', ')}`,
        remedy: `allow only instance types of one compatibility group (the image comes from ${from.cpu.model})`,
      });
    }
    if (from.cpu.xsaveBytes !== null && (host.cpu.xsaveBytes ?? 0) < from.cpu.xsaveBytes) {
      found.push({
        code: 'cpu-features-missing',
        message: `the image holds ${from.cpu.xsaveBytes} bytes of CPU state a thread, ${called} takes ${host.cpu.xsaveBytes ?? 0}`,
        remedy: 'allow only instance types of one compatibility group',
      });
    }
  }
  if (older(host.kernel, from.kernel, 2)) {
    found.push({
      code: 'kernel-too-old',
      message: `the image was taken on kernel ${from.kernel}, ${called} runs the older ${host.kernel}`,
      remedy: 'use the same AMI release, or a newer one, on every host of the environment',
    });
  }
  if (host.software.criu === null) {
    found.push({
      code: 'host-not-ready',
      message: `CRIU is not installed on ${called}`,
      remedy: 'run `batchpoint doctor` on it',
    });
  } else if (from.software.criu !== null && older(host.software.criu, from.software.criu, 2)) {
    found.push({
      code: 'criu-too-old',
      message: `the image was written by CRIU ${from.software.criu}, ${called} has the older ${host.software.criu}`,
      remedy: 'install the same agent release on every host of the environment',
    });
  }
  if (from.cgroupVersion !== host.cgroupVersion) {
    found.push({
      code: 'cgroup-version-mismatch',
      message: `the image was taken under cgroup v${from.cgroupVersion}, ${called} has v${host.cgroupVersion}`,
      remedy: 'use the same AMI on every host of the environment',
    });
  }
  const needed = memoryNeeded(image);
  if (host.memoryBytes < needed.bytes) {
    found.push({
      code: 'host-memory-too-small',
      message: `the image needs ${needed.words}, ${called} has ${gib(host.memoryBytes)}`,
      remedy: 'allow only larger instance types in the compute environment',
    });
  }
  const facts = (of: HostFacts) => ({ gpus: of.gpus ?? [], driver: of.nvidiaDriver ?? null });
  found.push(...gpuIncompatibilities({ gpus: image.gpus ?? [], driver: facts(from).driver }, facts(host), called));
  if ((image.gpus ?? []).length > 0 && host.gpuCheckpoints === false) {
    found.push({
      code: 'host-not-ready',
      message: `the agent on ${called} (${host.software.batchpoint}) finds nothing to carry GPU memory with: NVIDIA's cuda-checkpoint and CRIU's CUDA plugin`,
      remedy: 'install them, and the same agent release, on every host; `batchpoint doctor` names what is missing',
    });
  }
  return found;
}

/** What the processes hold, and as much again as their GPU has: its memory passes through the host's on the way back. */
export function memoryNeeded({ residentBytes = 0, gpus = [] }: Omit<ImageNeeds, 'host'>): {
  bytes: number;
  words: string;
} {
  const gpuBytes = gpus.reduce((sum, gpu) => sum + gpu.memoryBytes, 0);
  const words = `${gib(residentBytes)} of memory`;
  return {
    bytes: residentBytes + gpuBytes,
    words: gpuBytes === 0 ? words : `${words} and ${gib(gpuBytes)} for its GPU's`,
  };
}

function gib(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
