import type { SimulatedAction } from '../../aws/iam.api.js';
import { batches, toRuling } from './policy-simulation.service.js';
import { worstOf } from './ruling.js';

const answer = (changes: Partial<SimulatedAction> = {}): SimulatedAction => ({
  action: 'ec2:DeleteVolume',
  resource: '*',
  decision: 'allowed',
  missingContext: [],
  decidedBy: [],
  allowedByBoundary: true,
  allowedByOrganization: true,
  ...changes,
});

describe('simulation', () => {
  it('asks for actions on the same resources together, twenty at a time', () => {
    const describeActions = Array.from({ length: 23 }, (_, i) => ({ action: `ec2:Describe${i}`, resources: ['*'] }));
    const made = batches([
      { action: 'ec2:DeleteVolume', resources: ['v'] },
      ...describeActions,
      { action: 'ec2:AttachVolume', resources: ['v', 'i'] },
      { action: 'ec2:DetachVolume', resources: ['v', 'i'] },
    ]);
    expect(made.map(({ actions, resources }) => [actions.length, resources])).toEqual([
      [1, ['v']],
      [20, []],
      [3, []],
      [2, ['v', 'i']],
    ]);
  });

  it.each<[string, Partial<SimulatedAction>, object]>([
    ['allowed', { decidedBy: ['p', 'p'] }, { decision: 'allowed', detail: 'allowed by p' }],
    ['not allowed', { decision: 'implicitDeny' }, { decision: 'denied', cause: 'no-allow' }],
    ['denied', { decision: 'explicitDeny', decidedBy: ['no'] }, { cause: 'explicit-deny', detail: 'denied by no' }],
    ['outside the boundary', { decision: 'implicitDeny', allowedByBoundary: false }, { cause: 'boundary' }],
    ['outside the organization', { decision: 'explicitDeny', allowedByOrganization: false }, { cause: 'organization' }],
    [
      'allowed, for want of a key',
      { missingContext: ['aws:SourceIp'], decidedBy: ['p'] },
      { decision: 'conditional', detail: 'allowed by p, depending on aws:SourceIp' },
    ],
    ['denied, for want of a key', { decision: 'explicitDeny', missingContext: ['k'] }, { decision: 'conditional' }],
    [
      'not allowed, for want of a key or altogether',
      { decision: 'implicitDeny', missingContext: ['k'] },
      { decision: 'denied', cause: 'no-allow', detail: 'no policy allows it, depending on k' },
    ],
  ])('%s', (_, changes, ruling) => {
    expect(toRuling(answer(changes))).toMatchObject(ruling);
  });

  it('a call on several resources gets what the least permitted of them gets', () => {
    const rulings = [answer(), answer({ missingContext: ['k'] }), answer({ decision: 'implicitDeny' })].map(toRuling);
    expect(worstOf(rulings).cause).toBe('no-allow');
    expect(worstOf(rulings.slice(0, 2)).decision).toBe('conditional');
  });
});
