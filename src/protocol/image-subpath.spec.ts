import fc from 'fast-check';
import { imageSubpath } from './image-subpath.js';

const MOUNT = '/mnt/checkpoints';
const PATH = 'MMC_CHECKPOINT_IMAGE_PATH';
const SUBPATH = 'MMC_CHECKPOINT_IMAGE_SUBPATH';

describe('imageSubpath', () => {
  it.each<[Record<string, string>, string | null]>([
    [{}, null],
    [{ [PATH]: '', [SUBPATH]: '' }, null],
    [{ [PATH]: MOUNT }, null],
    [{ [PATH]: `${MOUNT}//` }, null],
    [{ [PATH]: `${MOUNT}/rnaseq/` }, 'rnaseq'],
    [{ [SUBPATH]: 'rnaseq' }, 'rnaseq'],
    [{ [SUBPATH]: 'Team_A/rna-seq//v1.2/' }, 'Team_A/rna-seq/v1.2'],
    [{ [PATH]: `${MOUNT}/team`, [SUBPATH]: 'rnaseq' }, 'team/rnaseq'],
    // Only the first is the store's.
    [{ [PATH]: `${MOUNT}/team`, [SUBPATH]: 'batchpoint' }, 'team/batchpoint'],
  ])('reads %j', (env, subpath) => {
    expect(imageSubpath(env, MOUNT)).toEqual({ subpath, problems: [] });
    expect(imageSubpath(env, `${MOUNT}/`)).toEqual({ subpath, problems: [] });
  });

  const outside = `not in ${MOUNT}, where the checkpoint storage is mounted`;
  const odd = (name: string): string => `"${name}" is not a name of letters, digits, "_", "-" and, but first, "."`;
  it.each([
    [PATH, '/mnt/other', outside],
    [PATH, '/mnt', outside],
    [PATH, '/mnt/checkpoints-2', outside],
    [PATH, '/mnt/x/../checkpoints', outside],
    [PATH, 'mnt/checkpoints/team', outside],
    [PATH, `${MOUNT}/../etc`, odd('..')],
    [PATH, `${MOUNT}/batchpoint`, '"batchpoint" is the image store\'s own directory'],
    [SUBPATH, '/etc', 'not a relative path'],
    [SUBPATH, '../../etc', odd('..')],
    [SUBPATH, 'team/./x', odd('.')],
    [SUBPATH, '.hidden', odd('.hidden')],
    [SUBPATH, 'two words', odd('two words')],
    [SUBPATH, 'line\nbreak', odd('line\nbreak')],
    [SUBPATH, 'batchpoint/jobs', '"batchpoint" is the image store\'s own directory'],
    [SUBPATH, 'x'.repeat(256), 'longer than 255 characters'],
  ])('names %s=%j as a problem', (variable, value, reason) => {
    expect(imageSubpath({ [variable]: value }, MOUNT)).toEqual({
      subpath: null,
      problems: [{ variable, value, reason }],
    });
  });

  it('takes the good one of the two and names the bad one', () => {
    expect(imageSubpath({ [PATH]: '/scratch', [SUBPATH]: 'team' }, MOUNT)).toMatchObject({
      subpath: 'team',
      problems: [{ variable: PATH }],
    });
    expect(imageSubpath({ [PATH]: `${MOUNT}/team`, [SUBPATH]: '..' }, MOUNT)).toMatchObject({
      subpath: 'team',
      problems: [{ variable: SUBPATH }],
    });
  });

  it('never throws and never leaves the storage, whatever the job says', () => {
    const part = fc.constantFrom('a', '..', '.', '.x', 'batchpoint', '', 'b c', MOUNT.slice(1), '\0');
    const value = fc.oneof(
      fc.string(),
      fc.array(part).map((parts) => parts.join('/')),
      fc.array(part).map((parts) => `${MOUNT}/${parts.join('/')}`),
    );
    fc.assert(
      fc.property(value, value, (path, subpath) => {
        const found = imageSubpath({ [PATH]: path, [SUBPATH]: subpath }, MOUNT).subpath;
        if (found !== null) expect(found).toMatch(/^(?!batchpoint(\/|$))[\w-][\w.-]*(\/[\w-][\w.-]*)*$/);
      }),
    );
  });
});
