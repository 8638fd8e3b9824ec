import { describe, expect, it } from '@jest/globals';
import { validateSettings } from '../../src/server/storage/settings-validation.js';
import { driverOf } from '../../src/server/storage/storage-drivers.js';
import { STORAGE_PURPOSES, type StorageKind } from '../../src/server/storage/storage-kind.js';

/** What `StorageDriver` promises, asked of one kind with settings that are right. `secrets`: texts in them that must never be seen. */
export function storageDriverContract(kind: StorageKind, input: object, secrets: readonly string[] = []): void {
  describe(`the driver of ${kind} ${JSON.stringify(input)}`, () => {
    const driver = driverOf(kind);
    const checked = validateSettings(driver, input);
    if (checked.settings === null) throw new Error(JSON.stringify(checked.errors));
    const settings = checked.settings;
    const shown = driver.publicSettings(settings);
    const script = (): string =>
      driver.mountScript({ id: 'stor_1', name: 'checkpoints', mountPath: '/mnt/batchpoint', settings: shown });

    it('is of its kind, for some purpose', () => {
      expect(driver.kind).toBe(kind);
      expect(driver.purposes.length).toBeGreaterThan(0);
      for (const purpose of driver.purposes) expect(STORAGE_PURPOSES).toContain(purpose);
    });

    it('finds nothing wrong with settings that are right, and changes none of them', () => {
      const before = structuredClone({ ...settings });
      expect(driver.problems(settings)).toEqual([]);
      script();
      driver.requirements(shown);
      driver.economics(shown, null);
      expect({ ...settings }).toEqual(before);
    });

    it('shows no secret field, and says nothing secret anywhere', () => {
      for (const field of driver.secretFields) expect(shown).not.toHaveProperty(field);
      const said = JSON.stringify([shown, script(), driver.requirements(shown), driver.economics(shown, null)]);
      for (const secret of secrets) expect(said).not.toContain(secret);
    });

    it('says the same each time', () => {
      expect(script()).toBe(script());
      expect(driver.requirements(shown)).toEqual(driver.requirements(shown));
    });

    it('asks for exact permissions on named resources, and for reads only where it names none', () => {
      const { iam } = driver.requirements(shown);
      for (const { sid, actions, resources } of [...iam.server, ...iam.host]) {
        expect(sid).toMatch(/^[A-Za-z0-9]+$/);
        expect(actions.length).toBeGreaterThan(0);
        for (const action of actions) expect(action).toMatch(/^[a-z0-9]+:[A-Z][A-Za-z]+$/);
        if (resources.includes('*')) {
          expect(resources).toEqual(['*']);
          for (const action of actions) expect(action).toMatch(/:Describe/);
        } else
          for (const resource of resources)
            expect(resource).toMatch(/^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9*-]*:[0-9*]*:.+/);
      }
    });

    it('names resources as CloudFormation does, and ports that are some', () => {
      const { cloudFormation, ports } = driver.requirements(shown);
      for (const type of cloudFormation) expect(type).toMatch(/^AWS::[A-Za-z0-9]+::[A-Za-z]+$/);
      for (const { from, to } of ports) expect([from >= 1, to >= from, to <= 65_535]).toEqual([true, true, true]);
    });

    it('gives a figure with its source and date, or a reason why there is none', () => {
      const { throughput, cost } = driver.economics(shown, null);
      for (const [figure, sourced] of [
        [throughput.writeMibPerSecond, throughput],
        [cost.perGibMonth, cost],
      ] as const) {
        if (figure === null) expect(sourced.note).toMatch(/\w/);
        else
          expect([sourced.source, sourced.asOf]).toEqual([
            expect.stringMatching(/^https:/),
            expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
          ]);
      }
      if (cost.perGibMonth !== null) expect(cost.perGibMonth).toMatch(/^\d+\.\d+$/);
    });
  });
}
