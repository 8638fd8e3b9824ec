/** `*`: any run of characters, none included. */
const RUN = Symbol('*');
/** `?`: any one character. */
const ONE = Symbol('?');
type Token = string | symbol;

/** Text with IAM's wildcards, of a policy or of a question ("every volume"). */
export interface Pattern {
  tokens: readonly Token[];
  /** False where a policy variable stands for something that is not known: it may stand for anything, or nothing that fits. */
  certain: boolean;
}

/**
 * Reads a pattern. `${*}`, `${?}` and `${$}` are those characters themselves; another `${variable}` is what `valueOf` says, or
 * else unknown. A default (`${aws:username, 'nobody'}`) counts as unknown too. Source: "IAM policy elements: Variables and tags"
 * in the IAM user guide.
 */
export function parsePattern(
  text: string,
  valueOf: (variable: string) => string | undefined = () => undefined,
): Pattern {
  const tokens: Token[] = [];
  let certain = true;
  for (const [part, variable] of text.matchAll(/\$\{([^}]*)\}|[\s\S]/gu)) {
    if (variable !== undefined) {
      const value = ['*', '?', '$'].includes(variable) ? variable : valueOf(variable);
      if (value === undefined) certain = false;
      tokens.push(...(value === undefined ? [RUN] : value));
    } else if (part === '*') tokens.push(RUN);
    else tokens.push(part === '?' ? ONE : part);
  }
  return { tokens, certain };
}

/** Does everything that fits `subject` fit `pattern`? May say no where the answer is yes, never the other way round. */
export function covers({ tokens: pattern }: Pattern, { tokens: subject }: Pattern): boolean {
  return fits(pattern, subject, false, (own, other) => own === other || own === ONE);
}

/** Is there any text that fits both? */
export function overlaps({ tokens: one }: Pattern, { tokens: other }: Pattern): boolean {
  return fits(one, other, true, (a, b) => a === b || a === ONE || b === ONE);
}

/** The six parts of an ARN, the last with all its colons; null when there are fewer, as in `*`. */
export function arnParts({ tokens, certain }: Pattern): Pattern[] | null {
  const parts: Token[][] = [[]];
  for (const token of tokens) {
    if (token === ':' && parts.length < 6) parts.push([]);
    else parts.at(-1)!.push(token);
  }
  return parts.length < 6 ? null : parts.map((part) => ({ tokens: part, certain }));
}

/** Row by row from the end: does what is left of `one` fit what is left of `other`? `both`: the runs of `other` give way too. */
function fits(
  one: readonly Token[],
  other: readonly Token[],
  both: boolean,
  same: (a: Token, b: Token) => boolean,
): boolean {
  let below: boolean[] = [];
  for (let i = one.length; i >= 0; i -= 1) {
    const row = new Array<boolean>(other.length + 1).fill(false);
    for (let j = other.length; j >= 0; j -= 1) {
      const [a, b] = [one[i], other[j]];
      if (a === undefined && b === undefined) row[j] = true;
      else if (a === RUN) row[j] = below[j]! || (b !== undefined && row[j + 1]!);
      else if (b === RUN) row[j] = both && (row[j + 1]! || (a !== undefined && below[j]!));
      else row[j] = a !== undefined && b !== undefined && same(a, b) && below[j + 1]!;
    }
    below = row;
  }
  return below[0]!;
}
