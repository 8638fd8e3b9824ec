import fc from 'fast-check';
import type { CheckpointImage, CheckpointReport } from '../../protocol/agent-api.js';
import { CHECKPOINT_TRANSITIONS } from '../../protocol/checkpoint-state.js';
import type { HostFacts } from '../../protocol/host-facts.js';
import { mergeCheckpoint, type ReportedCheckpoint, UNREPORTED } from './checkpoint-merge.js';

const facts = { architecture: 'x86_64', cpu: { flags: [] }, software: {} } as unknown as HostFacts;
const image = {
  sequence: 4,
  storageId: 'stor_1',
  totalBytes: 10,
  architecture: 'x86_64',
  cpuFlags: ['avx2'],
  kernel: '6.1',
} as unknown as CheckpointImage;
const told: [second: number, report: Partial<CheckpointReport> & { status: CheckpointReport['status'] }][] = [
  [1, { status: 'running', step: 'freeze' }],
  [2, { status: 'running', step: 'dump' }],
  [3, { status: 'failed', failure: { code: 'host-offline', message: 'gone' } }],
  [4, { status: 'committed', image }],
  [5, { status: 'deleted', containerId: 'another' }],
];

function tell(indexes: readonly number[]): ReportedCheckpoint {
  return indexes.reduce<ReportedCheckpoint>((known, index) => {
    const [second, report] = told[index]!;
    const full: CheckpointReport = {
      type: 'checkpoint',
      checkpointId: 'ckpt_1',
      jobId: 'j',
      containerId: 'c',
      trigger: 'manual',
      ...report,
    };
    return mergeCheckpoint(known, full, new Date(second * 1000), facts);
  }, UNREPORTED);
}

describe('mergeCheckpoint', () => {
  it('gives the same, whatever the order of reports and however often they come', () => {
    fc.assert(
      fc.property(fc.subarray([0, 1, 2, 3, 4]), fc.infiniteStream(fc.nat()), (subset, randoms) => {
        const random = (): number => randoms.next().value as number;
        const shuffled = [...subset, ...subset.filter(() => random() % 2 === 0)]
          .map((index) => [random(), index] as const)
          .sort(([a], [b]) => a - b)
          .map(([, index]) => index);
        for (const index of subset) if (!shuffled.includes(index)) shuffled.push(index);
        expect(tell(shuffled)).toEqual(tell(subset));
      }),
      { numRuns: 500 },
    );
  });

  it('never lets a late report undo a commit', () => {
    expect(tell([3, 0])).toMatchObject({ status: 'committed', step: null, sequence: 4 });
    expect(tell([3, 2])).toMatchObject({ status: 'committed', failure: null });
    expect(tell([2, 3])).toMatchObject({ status: 'committed', failure: null });
  });

  it('keeps the image of a deleted one, and lets nothing follow', () => {
    expect(tell([4, 3])).toMatchObject({ status: 'deleted', image: { sequence: 4 }, containerId: 'c' });
    expect(CHECKPOINT_TRANSITIONS.deleted).toEqual([]);
  });
});
