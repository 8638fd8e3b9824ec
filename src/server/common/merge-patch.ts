/**
 * RFC 7386 on plain JSON: absent (undefined) keeps, null removes, objects merge, all else replaces. Neither argument is
 * changed. DTO instances count as objects.
 */
export function mergePatch<T extends object>(target: T, patch: object): T {
  const result = { ...target } as Record<string, unknown>;
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) delete result[key];
    else if (typeof value === 'object' && !Array.isArray(value)) {
      const before = result[key];
      result[key] = mergePatch(
        typeof before === 'object' && before !== null && !Array.isArray(before) ? before : {},
        value as object,
      );
    } else result[key] = value;
  }
  return result as T;
}
