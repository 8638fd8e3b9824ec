import fc from 'fast-check';
import { CHECKPOINT_MODES, DEFAULT_POLICY, jobPolicy, mergePolicy, type Policy } from './policy.js';

const duration = fc.integer({ min: 1, max: 500 }).map((minutes) => `${minutes}m`);
const policy: fc.Arbitrary<Policy> = fc.record({
  mode: fc.constantFrom(...CHECKPOINT_MODES),
  interval: duration,
  keep: fc.integer({ min: 1, max: 100 }),
  timeout: duration,
  writableLayer: fc.boolean(),
  diagnosis: fc.boolean(),
  failureRetention: duration,
});
const override = fc.record(
  {
    mode: fc.constantFrom(...CHECKPOINT_MODES),
    interval: duration,
    keep: fc.integer({ min: 1, max: 100 }),
    timeout: duration,
    writableLayer: fc.boolean(),
    diagnosis: fc.boolean(),
    failureRetention: duration,
  },
  { requiredKeys: [] },
);

describe('mergePolicy', () => {
  it('inherits what an override leaves out, and takes what it names', () => {
    const merged = mergePolicy(DEFAULT_POLICY, { interval: '30m' }, { keep: 5 });
    expect(merged).toEqual({ ...DEFAULT_POLICY, interval: '30m', keep: 5 });
  });

  it('lets the later win: system < environment < job', () => {
    expect(mergePolicy(DEFAULT_POLICY, { interval: '30m', keep: 3 }, { interval: '5m' })).toMatchObject({
      interval: '5m',
      keep: 3,
    });
  });

  it('takes false for a value, not for an absence', () => {
    expect(mergePolicy(DEFAULT_POLICY, { writableLayer: false }).writableLayer).toBe(false);
  });

  it('does not change what it was given', () => {
    fc.assert(
      fc.property(policy, override, (system, over) => {
        const before = structuredClone([system, over]);
        mergePolicy(system, over);
        expect([system, over]).toEqual(before);
      }),
    );
  });

  it('each field comes from the last that names it', () => {
    fc.assert(
      fc.property(policy, fc.array(fc.option(override), { maxLength: 4 }), (system, overrides) => {
        const merged = mergePolicy(system, ...overrides);
        for (const key of Object.keys(system) as (keyof Policy)[]) {
          const last = overrides.findLast((over) => over?.[key] !== undefined);
          expect(merged[key]).toBe(last?.[key] ?? system[key]);
        }
      }),
    );
  });

  it('merging in two steps is merging at once', () => {
    fc.assert(
      fc.property(policy, override, override, (system, a, b) => {
        expect(mergePolicy(mergePolicy(system, a), b)).toEqual(mergePolicy(system, a, b));
      }),
    );
  });

  it('null and undefined inherit', () => {
    expect(mergePolicy(DEFAULT_POLICY, null, undefined, { interval: undefined, keep: null as never })).toEqual(
      DEFAULT_POLICY,
    );
  });
});

describe('jobPolicy', () => {
  it('is empty without the variables', () => {
    expect(jobPolicy({ PATH: '/bin', MMC_CHECKPOINT_MODE: '' })).toEqual({ override: {}, problems: [] });
  });

  it.each([
    ['iterative', 'periodic'],
    ['Iterative', 'periodic'],
    ['true', 'periodic'],
    ['on', 'periodic'],
    ['none', 'off'],
    ['false', 'off'],
    ['manual', 'manual'],
  ])('reads MMC_CHECKPOINT_MODE=%s as %s', (value, mode) => {
    expect(jobPolicy({ MMC_CHECKPOINT_MODE: value })).toEqual({ override: { mode }, problems: [] });
  });

  it.each([
    ['5m', '5m'],
    ['1h0m0s', '1h0m0s'],
    ['1s', '1s'],
  ])('reads MMC_CHECKPOINT_INTERVAL=%s', (value, interval) => {
    expect(jobPolicy({ MMC_CHECKPOINT_INTERVAL: value })).toEqual({ override: { interval }, problems: [] });
  });

  it.each([
    ['true', true],
    ['false', false],
  ])('reads MMC_CHECKPOINT_DIAGNOSIS=%s', (value, diagnosis) => {
    expect(jobPolicy({ MMC_CHECKPOINT_DIAGNOSIS: value })).toEqual({ override: { diagnosis }, problems: [] });
  });

  it.each([
    ['MMC_CHECKPOINT_MODE', 'sometimes', 'not one of iterative, periodic, true, on, manual, none, off, false'],
    // An object's own inherited names are no modes.
    ['MMC_CHECKPOINT_MODE', 'constructor', 'not one of iterative, periodic, true, on, manual, none, off, false'],
    ['MMC_CHECKPOINT_MODE', '__proto__', 'not one of iterative, periodic, true, on, manual, none, off, false'],
    ['MMC_CHECKPOINT_INTERVAL', '15', '"15" is not a duration; write for example 15m, 90s or 1h30m'],
    ['MMC_CHECKPOINT_INTERVAL', '999ms', 'shorter than 1s'],
    ['MMC_CHECKPOINT_INTERVAL', '0s', 'shorter than 1s'],
    ['MMC_CHECKPOINT_DIAGNOSIS', 'yes', 'not true or false'],
  ])('names %s=%s as a problem and leaves the policy alone', (variable, value, reason) => {
    expect(jobPolicy({ [variable]: value })).toEqual({ override: {}, problems: [{ variable, value, reason }] });
  });

  it('takes the good ones and names the bad ones', () => {
    expect(
      jobPolicy({
        MMC_CHECKPOINT_MODE: 'iterative',
        MMC_CHECKPOINT_INTERVAL: 'often',
        MMC_CHECKPOINT_DIAGNOSIS: 'maybe',
      }),
    ).toMatchObject({
      override: { mode: 'periodic' },
      problems: [{ variable: 'MMC_CHECKPOINT_INTERVAL' }, { variable: 'MMC_CHECKPOINT_DIAGNOSIS' }],
    });
  });

  it('never throws and never makes a policy that is not one, whatever the job says', () => {
    const value = fc.oneof(fc.string(), fc.constantFrom('iterative', 'none', '5m', '1h', 'true', 'false', 'toString'));
    fc.assert(
      fc.property(value, value, value, (mode, interval, diagnosis) => {
        const { override } = jobPolicy({
          MMC_CHECKPOINT_MODE: mode,
          MMC_CHECKPOINT_INTERVAL: interval,
          MMC_CHECKPOINT_DIAGNOSIS: diagnosis,
        });
        const merged = mergePolicy(DEFAULT_POLICY, override);
        expect(CHECKPOINT_MODES).toContain(merged.mode);
        expect(merged.interval).toMatch(/^(\d+(\.\d+)?(ms|s|m|h))+$/);
        expect(typeof merged.diagnosis).toBe('boolean');
      }),
    );
  });
});
