import { incompatibilities, instructionFlags } from './compatibility.js';
import type { HostFacts } from './host-facts.js';

/** Flags as /proc/cpuinfo of real EC2 instances printed them. */
const ICE_LAKE =
  'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ss ht syscall nx pdpe1gb rdtscp lm ' +
  'constant_tsc arch_perfmon rep_good nopl xtopology nonstop_tsc cpuid aperfmperf tsc_known_freq pni pclmulqdq monitor ssse3 fma cx16 pcid ' +
  'sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave avx f16c rdrand hypervisor lahf_lm abm 3dnowprefetch invpcid_single ssbd ' +
  'ibrs ibpb stibp ibrs_enhanced fsgsbase tsc_adjust bmi1 avx2 smep bmi2 erms invpcid avx512f avx512dq rdseed adx smap avx512ifma ' +
  'clflushopt clwb avx512cd sha_ni avx512bw avx512vl xsaveopt xsavec xgetbv1 xsaves wbnoinvd ida arat avx512vbmi pku ospke avx512_vbmi2 ' +
  'gfni vaes vpclmulqdq avx512_vnni avx512_bitalg tme avx512_vpopcntdq rdpid md_clear flush_l1d arch_capabilities';
/** The same model on a smaller instance, which is not shown `monitor` and the performance counters. */
const ICE_LAKE_SMALL = ICE_LAKE.replace(' arch_perfmon', '').replace(' monitor', '');
const EPYC_MILAN =
  'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ht syscall nx mmxext fxsr_opt pdpe1gb ' +
  'rdtscp lm constant_tsc rep_good nopl nonstop_tsc cpuid extd_apicid aperfmperf tsc_known_freq pni pclmulqdq ssse3 fma cx16 pcid sse4_1 ' +
  'sse4_2 x2apic movbe popcnt aes xsave avx f16c rdrand hypervisor lahf_lm cmp_legacy cr8_legacy abm sse4a misalignsse 3dnowprefetch ' +
  'topoext invpcid_single ssbd ibrs ibpb stibp vmmcall fsgsbase bmi1 avx2 smep bmi2 erms invpcid rdseed adx smap clflushopt clwb sha_ni ' +
  'xsaveopt xsavec xgetbv1 clzero xsaveerptr rdpru wbnoinvd arat npt nrip_save vaes vpclmulqdq rdpid';
/** The same model, seen on another instance without `erms`. */
const EPYC_MILAN_OTHER_FIRMWARE = EPYC_MILAN.replace(' erms', '').replace(' invpcid_single', '');
const GRAVITON3 =
  'fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm jscvt fcma lrcpc dcpop sha3 sm3 sm4 asimddp sha512 sve ' +
  'asimdfhm dit uscat ilrcpc flagm ssbs paca pacg dcpodp svei8mm svebf16 i8mm bf16 dgh rng';
/** Graviton2 (Neoverse N1) has no SVE, no pointer authentication. */
const GRAVITON2 =
  'fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp ssbs';

function host(model: string, flags: string, changes: Partial<HostFacts> = {}): HostFacts {
  const arm = flags.startsWith('fp ');
  return {
    hostName: 'ip-10-0-0-12',
    architecture: arm ? 'aarch64' : 'x86_64',
    kernel: '6.1.112-122.189.amzn2023.x86_64',
    cpu: { vendor: 'any', model, cores: 4, flags: flags.split(' ').sort(), xsaveBytes: arm ? null : 2696 },
    memoryBytes: 16 * 1024 ** 3,
    cgroupVersion: 2,
    software: { batchpoint: '0.1.0', criu: '4.2.1', runc: '1.3.6', docker: '25.0.8' },
    instance: null,
    ...changes,
  };
}

const iceLake = host('Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz', ICE_LAKE);
const milan = host('AMD EPYC 7R13 Processor', EPYC_MILAN, {
  cpu: { ...host('', EPYC_MILAN).cpu, model: 'AMD EPYC 7R13 Processor', xsaveBytes: 832 },
});
const graviton3 = host('Neoverse-V1', GRAVITON3);

const check = (from: HostFacts, to: HostFacts) => incompatibilities({ host: { ...from, hostId: 'host_1' } }, to);

describe('where an image can go', () => {
  it('restores on a host like its own', () => {
    for (const facts of [iceLake, milan, graviton3]) expect(check(facts, facts)).toEqual([]);
  });

  it('does not mind flags that no program can use: virtualisation, mitigations, counters', () => {
    const small = host(iceLake.cpu.model, ICE_LAKE_SMALL);
    expect(check(iceLake, small)).toEqual([]);
    expect(check(small, iceLake)).toEqual([]);
  });

  it('does not refuse the same model with other firmware', () => {
    const other = { ...milan, cpu: { ...milan.cpu, flags: EPYC_MILAN_OTHER_FIRMWARE.split(' ').sort() } };
    expect(check(milan, other)).toEqual([]);
    expect(check(other, milan)).toEqual([]);
  });

  it('refuses AVX-512 on a processor without it, naming what is missing and both processors', () => {
    const [flags, ...rest] = check(iceLake, milan);
    expect(flags).toMatchObject({ code: 'cpu-features-missing' });
    expect(flags!.message).toContain("this host's AMD EPYC 7R13 Processor lacks: ");
    const missing = flags!.message.split('lacks: ')[1]!.split(', ');
    expect(missing).toEqual(expect.arrayContaining(['avx512f', 'avx512_vnni', 'gfni', 'pku']));
    expect(missing).not.toEqual(expect.arrayContaining(['ibrs']));
    expect(flags!.remedy).toContain('Platinum 8375C');
    // Its register state does not fit either.
    expect(rest).toEqual([
      expect.objectContaining({ code: 'cpu-features-missing', message: expect.stringContaining('2696 bytes') }),
    ]);
  });

  it('refuses the other way round as well: AMD has instructions Intel has not', () => {
    const [flags] = check(milan, iceLake);
    expect(flags!.message).toMatch(/lacks: (clzero, )?.*sse4a/);
  });

  it('lets an older processor’s image onto a newer one, not back', () => {
    const graviton2 = host('Neoverse-N1', GRAVITON2);
    expect(check(graviton2, graviton3)).toEqual([]);
    expect(check(graviton3, graviton2)[0]).toMatchObject({
      code: 'cpu-features-missing',
      message: expect.stringContaining('sve'),
    });
  });

  it('refuses another architecture, and does not compare flags that cannot be compared', () => {
    expect(check(iceLake, graviton3)).toEqual([
      {
        code: 'architecture-mismatch',
        message: 'the image was taken on x86_64, this host is aarch64',
        remedy: 'allow only x86_64 instance types in the compute environment',
      },
    ]);
  });

  it.each([
    ['6.1.112-122.189.amzn2023.x86_64', '5.10.228-219.884.amzn2.x86_64', true],
    ['6.1.112-122.189.amzn2023.x86_64', '6.1.90-99.173.amzn2023.x86_64', false],
    ['6.1.112', '6.12.1', false],
    ['6.12.1', '6.1.112', true],
    ['6.18.0-rc1', '6.18.5', false],
  ])('image of kernel %s on kernel %s: refused is %s', (from, to, refused) => {
    const codes = check({ ...iceLake, kernel: from }, { ...iceLake, kernel: to }).map((reason) => reason.code);
    expect(codes).toEqual(refused ? ['kernel-too-old'] : []);
  });

  it.each([
    ['4.2.1', '4.1.1', ['criu-too-old']],
    ['4.2.1', '4.2.0', []],
    ['4.1.1', '4.2.1', []],
    ['4.2.1', null, ['host-not-ready']],
    [null, '4.2.1', []],
  ])('image of CRIU %s on a host with CRIU %s: %j', (from, to, codes) => {
    const withCriu = (criu: string | null): HostFacts => ({ ...iceLake, software: { ...iceLake.software, criu } });
    expect(check(withCriu(from), withCriu(to)).map((reason) => reason.code)).toEqual(codes);
  });

  it('refuses another cgroup version', () => {
    expect(check({ ...iceLake, cgroupVersion: 1 }, iceLake)).toEqual([
      expect.objectContaining({
        code: 'cgroup-version-mismatch',
        message: 'the image was taken under cgroup v1, this host has v2',
      }),
    ]);
  });

  it('refuses a host with less memory than the image holds, and its GPU has', () => {
    const image = { host: { ...iceLake, hostId: 'host_1' }, residentBytes: 12 * 1024 ** 3 };
    expect(incompatibilities(image, iceLake)).toEqual([]);
    expect(incompatibilities(image, { ...iceLake, memoryBytes: 8 * 1024 ** 3 })).toEqual([
      {
        code: 'host-memory-too-small',
        message: 'the image needs 12.0 GiB of memory, this host has 8.0 GiB',
        remedy: 'allow only larger instance types in the compute environment',
      },
    ]);
    const t4 = { model: 'Tesla T4', memoryBytes: 15 * 1024 ** 3 };
    const withGpu = { ...iceLake, gpus: [t4], nvidiaDriver: '570.133.20' };
    expect(incompatibilities({ ...image, gpus: [t4] }, withGpu)).toMatchObject([
      {
        code: 'host-memory-too-small',
        message: "the image needs 12.0 GiB of memory and 15.0 GiB for its GPU's, this host has 16.0 GiB",
      },
    ]);
    expect(incompatibilities({ ...image, gpus: [t4] }, { ...withGpu, memoryBytes: 32 * 1024 ** 3 })).toEqual([]);
  });

  it('refuses an image with GPU memory on a host that measured no GPU, or did not look for one', () => {
    const gpus = [{ model: 'Tesla T4', memoryBytes: 0 }];
    const image = { host: { ...iceLake, hostId: 'host_1' }, gpus };
    for (const facts of [iceLake, { ...iceLake, gpus: [], nvidiaDriver: null }]) {
      expect(incompatibilities(image, facts).map((reason) => reason.code)).toEqual(['gpu-model-mismatch']);
    }
  });

  it('gives all reasons, not the first, each with a remedy', () => {
    const reasons = check(iceLake, {
      ...milan,
      kernel: '5.10.1',
      cgroupVersion: 1,
      software: { ...milan.software, criu: '3.17' },
    });
    expect(new Set(reasons.map((reason) => reason.code))).toEqual(
      new Set(['cpu-features-missing', 'kernel-too-old', 'criu-too-old', 'cgroup-version-mismatch']),
    );
    for (const reason of reasons) expect(reason.remedy).not.toBe('');
  });
});

describe('instructionFlags', () => {
  it('keeps what programs choose code by, and nothing of the kernel’s own', () => {
    const kept = instructionFlags(iceLake);
    expect(kept).toEqual(
      expect.arrayContaining(['avx2', 'avx512f', 'aes', 'bmi2', 'sha_ni', 'vaes', 'pku', 'xsavec', 'rdpid']),
    );
    for (const flag of [
      'hypervisor',
      'ibrs',
      'smep',
      'smap',
      'invpcid',
      'xsaves',
      'tme',
      'arat',
      'erms',
      'wbnoinvd',
      'md_clear',
      'arch_capabilities',
    ]) {
      expect(kept).not.toContain(flag);
    }
  });

  it('keeps every feature on arm, where the list holds nothing else', () => {
    expect(instructionFlags(graviton3)).toEqual(graviton3.cpu.flags);
  });
});
