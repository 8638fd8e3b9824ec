import { covers, parsePattern } from './policy-pattern.js';
import type { PolicyStatement } from './policy-document.js';

/** Whether something holds; `unknown` where it depends on what is known only when the call is made. */
export type Tristate = 'yes' | 'no' | 'unknown';

/** What is known of a call beforehand: condition key in lower case -> its values. */
export type RequestContext = ReadonlyMap<string, readonly string[]>;

type Test = (actual: string, wanted: string) => boolean;

const equal: Test = (actual, wanted) => actual === wanted;
const equalIgnoringCase: Test = (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase();
const like: Test = (actual, wanted) => covers(parsePattern(wanted), { tokens: [...actual], certain: true });
const compare =
  (read: (text: string) => number, holds: (actual: number, wanted: number) => boolean): Test =>
  (actual, wanted) =>
    holds(read(actual), read(wanted));
const time = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text));

/** Of an operator without prefix and suffix. What is not here (addresses, binaries) cannot be told beforehand. */
const TESTS: Readonly<Record<string, Test>> = {
  stringequals: equal,
  stringequalsignorecase: equalIgnoringCase,
  stringlike: like,
  arnequals: like,
  arnlike: like,
  bool: equalIgnoringCase,
  numericequals: compare(Number, (a, b) => a === b),
  numericlessthan: compare(Number, (a, b) => a < b),
  numericlessthanequals: compare(Number, (a, b) => a <= b),
  numericgreaterthan: compare(Number, (a, b) => a > b),
  numericgreaterthanequals: compare(Number, (a, b) => a >= b),
  dateequals: compare(time, (a, b) => a === b),
  datelessthan: compare(time, (a, b) => a < b),
  datelessthanequals: compare(time, (a, b) => a <= b),
  dategreaterthan: compare(time, (a, b) => a > b),
  dategreaterthanequals: compare(time, (a, b) => a >= b),
};
/** Negated operators, and what each negates. */
const NEGATED: Readonly<Record<string, string>> = {
  stringnotequals: 'stringequals',
  stringnotequalsignorecase: 'stringequalsignorecase',
  stringnotlike: 'stringlike',
  arnnotequals: 'arnequals',
  arnnotlike: 'arnlike',
  numericnotequals: 'numericequals',
  datenotequals: 'dateequals',
};

/**
 * Do the conditions of a statement hold? All operators and all keys must; one of a key's values is enough. A key that is not
 * known leaves it unknown, whatever the operator: it may be there when the call is made.
 */
export function conditionHolds(condition: PolicyStatement['Condition'], context: RequestContext): Tristate {
  let all: Tristate = 'yes';
  for (const [operator, keys] of Object.entries(condition ?? {})) {
    for (const [key, values] of Object.entries(keys)) {
      const one = keyHolds(operator, key.toLowerCase(), textsOf(values), context);
      if (one === 'no') return 'no';
      if (one === 'unknown') all = 'unknown';
    }
  }
  return all;
}

/** The keys it depends on that are not known beforehand. */
export function unknownKeys(condition: PolicyStatement['Condition'], context: RequestContext): string[] {
  return Object.values(condition ?? {})
    .flatMap((keys) => Object.keys(keys))
    .filter((key) => !context.has(key.toLowerCase()));
}

function keyHolds(operator: string, key: string, wanted: readonly string[], context: RequestContext): Tristate {
  const actual = context.get(key);
  if (actual === undefined) return 'unknown';
  const [, quantifier, plain] = /^(?:(forallvalues|foranyvalue):)?(.*?)(?:ifexists)?$/.exec(operator.toLowerCase())!;
  // It is there: null: "true" asks for its absence.
  if (plain === 'null') return wanted.every((value) => value.toLowerCase() === 'false') ? 'yes' : 'no';
  const negated = NEGATED[plain!];
  const test = TESTS[negated ?? plain!];
  if (test === undefined || wanted.some((value) => value.includes('${'))) return 'unknown';
  const fits = (value: string): boolean => wanted.some((each) => test(value, each)) !== (negated !== undefined);
  const holds =
    quantifier === 'foranyvalue' || (quantifier === undefined && negated === undefined)
      ? actual.some(fits)
      : actual.every(fits);
  return holds ? 'yes' : 'no';
}

function textsOf(values: unknown): string[] {
  return [values].flat().map(String);
}
