import type { FieldError } from '../common/domain-error.js';
import { list } from '../common/finding.js';
import type { Catalogue } from './catalogue.js';
import { architecturesAmong, gpusAmong } from './instance-type.js';

/** Why these types cannot be one compatibility group; empty when they can. `pointer` names the field that lists them. */
export function groupProblems(
  instanceTypes: readonly string[],
  catalogue: Catalogue,
  pointer = '/instanceTypes',
): FieldError[] {
  const unknown = instanceTypes.flatMap((name, index): FieldError[] => {
    if (catalogue.get(name) !== undefined) return [];
    const detail = `There is no instance type ${name} in the catalogue (GET /api/v1/instance-types).`;
    return [{ pointer: `${pointer}/${index}`, code: 'unknown-instance-type', detail }];
  });
  const types = instanceTypes.map((name) => catalogue.get(name)).filter((type) => type !== undefined);
  const architectures = architecturesAmong(types);
  if (architectures.length > 1) {
    const detail = `The types are of several architectures, ${list(architectures)}: no image of one restores on another.`;
    return [...unknown, { pointer, code: 'mixed-architectures', detail }];
  }
  const gpus = gpusAmong(types);
  if (gpus.length > 1) {
    const detail = `The types have different GPUs, ${list(gpus)}: GPU memory restores on the same model only.`;
    return [...unknown, { pointer, code: 'mixed-gpu-models', detail }];
  }
  return unknown;
}
