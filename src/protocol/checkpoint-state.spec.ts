import {
  CHECKPOINT_STATUSES,
  CHECKPOINT_TRANSITIONS,
  OPERATION_STATUSES,
  OPERATION_TRANSITIONS,
  RESTORE_STATUSES,
  RESTORE_TRANSITIONS,
  statesLeadingTo,
  type Transitions,
} from './checkpoint-state.js';

/** Every state that can come after `from`, directly or not. */
function reachable(transitions: Transitions<string>, from: string): Set<string> {
  const seen = new Set<string>();
  const queue = [from];
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    for (const next of transitions[state] ?? []) {
      if (!seen.has(next)) {
        seen.add(next);
        queue.push(next);
      }
    }
  }
  return seen;
}

describe.each<[string, readonly string[], Transitions<string>, string[]]>([
  ['checkpoint', CHECKPOINT_STATUSES, CHECKPOINT_TRANSITIONS, ['deleted']],
  ['restore', RESTORE_STATUSES, RESTORE_TRANSITIONS, ['succeeded']],
  ['operation', OPERATION_STATUSES, OPERATION_TRANSITIONS, ['succeeded', 'failed', 'cancelled']],
])('%s states', (_, statuses, transitions, ends) => {
  it('has transitions of every state, to known states only', () => {
    expect(Object.keys(transitions).sort()).toEqual([...statuses].sort());
    for (const targets of Object.values(transitions)) {
      for (const target of targets) expect(statuses).toContain(target);
    }
  });

  it('reaches every state from the first', () => {
    const [first, ...rest] = statuses;
    expect([...reachable(transitions, first!)].sort()).toEqual([...rest].sort());
  });

  it('never comes back: there is no cycle, so late and repeated reports end in one state', () => {
    for (const state of statuses) expect(reachable(transitions, state)).not.toContain(state);
  });

  it('ends where it is meant to end, and can always end', () => {
    expect(statuses.filter((state) => transitions[state]!.length === 0)).toEqual(ends);
    for (const state of statuses) {
      const after = [state, ...reachable(transitions, state)];
      expect(after.some((end) => ends.includes(end))).toBe(true);
    }
  });
});

describe('statesLeadingTo', () => {
  it('is the WHERE clause of a conditional update', () => {
    expect(statesLeadingTo(OPERATION_TRANSITIONS, 'running')).toEqual(['pending']);
    expect(statesLeadingTo(OPERATION_TRANSITIONS, 'pending')).toEqual([]);
    expect(statesLeadingTo(CHECKPOINT_TRANSITIONS, 'committed')).toEqual(['pending', 'running', 'failed']);
  });

  it('agrees with the table, both ways', () => {
    for (const to of CHECKPOINT_STATUSES) {
      for (const from of CHECKPOINT_STATUSES) {
        expect(statesLeadingTo(CHECKPOINT_TRANSITIONS, to).includes(from)).toBe(
          CHECKPOINT_TRANSITIONS[from].includes(to),
        );
      }
    }
  });

  it('never lets a deleted checkpoint come back, nor a committed one fail', () => {
    expect(CHECKPOINT_TRANSITIONS.deleted).toEqual([]);
    expect(statesLeadingTo(CHECKPOINT_TRANSITIONS, 'failed')).not.toContain('committed');
  });
});
