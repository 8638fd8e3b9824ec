import { USER_DATA_MARKER } from '../../compute-environments/user-data-marker.js';
import { mergeUserData } from './merge-user-data.js';
import { type MimePart, parseUserData, renderUserData, UserDataError } from './mime.js';

const SHELL = 'Content-Type: text/x-shellscript; charset="us-ascii"';
/** As in AWS's own example. */
const EXAMPLE = `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="==MYBOUNDARY=="

--==MYBOUNDARY==
Content-Type: text/cloud-config; charset="us-ascii"

packages:
- amazon-efs-utils

runcmd:
- mount /mnt/efs

--==MYBOUNDARY==--
`;
const ours = (text: string): MimePart => ({ headers: SHELL, body: `#!/bin/sh\n${USER_DATA_MARKER}\n${text}\n` });

describe('user data', () => {
  it('is taken apart and put together again', () => {
    const parts = parseUserData(EXAMPLE);
    expect(parts).toEqual([
      {
        headers: 'Content-Type: text/cloud-config; charset="us-ascii"',
        body: 'packages:\n- amazon-efs-utils\n\nruncmd:\n- mount /mnt/efs\n',
      },
    ]);
    const again = renderUserData(parts);
    expect(parseUserData(again)).toEqual(parts);
    expect(again).toMatch(/^MIME-Version: 1\.0\nContent-Type: multipart\/mixed; boundary="[^"]+"\n\n--/);
  });

  it('may have lines of another system, no quotes, folded headers, and text before the first part', () => {
    const text = EXAMPLE.replace('; boundary="==MYBOUNDARY=="', ';\n boundary=XX\n\nignored')
      .replaceAll('==MYBOUNDARY==', 'XX')
      .replaceAll('\n', '\r\n');
    expect(parseUserData(text)).toEqual(parseUserData(EXAMPLE));
  });

  it.each([
    ['#!/bin/bash\necho hello\n', 'text/x-shellscript'],
    ['#cloud-config\npackages: [jq]\n', 'text/cloud-config'],
    ['#cloud-boothook\n#!/bin/sh\n', 'text/cloud-boothook'],
  ])('that is no multi-part, %j, becomes a part of its type', (text, type) => {
    expect(parseUserData(text)).toEqual([{ headers: `Content-Type: ${type}; charset="utf-8"`, body: text }]);
  });

  it.each(['', ' \n'])('that is empty, %j, has no part', (text) => expect(parseUserData(text)).toEqual([]));

  it.each([
    ['something else', /neither MIME multi-part nor a script/],
    ['<powershell>\nrestart\n</powershell>', /neither MIME/],
    ['Content-Type: multipart/mixed\n\n--x\n', /names no boundary/],
    ['Content-Type: multipart/mixed; boundary=x\n\n--y\n', /no part begins/],
  ])('%j is refused in words', (text, message) => {
    expect(() => parseUserData(text)).toThrow(UserDataError);
    expect(() => parseUserData(text)).toThrow(message);
  });

  it('has a boundary that no part holds', () => {
    const parts = [{ headers: SHELL, body: '#!/bin/sh\n# --==BATCHPOINT==\n# ===BATCHPOINT===\n' }];
    expect(parseUserData(renderUserData(parts))[0]!.body.trimEnd()).toBe(parts[0]!.body.trimEnd());
  });
});

describe('our parts in user data', () => {
  const bodies = (text: string): string[] => parseUserData(text).map(({ body }) => body.trimEnd());
  const [first, second] = [ours('first'), ours('second')];

  it('come behind those of the user, which are kept as they are', () => {
    const merged = mergeUserData(EXAMPLE, [first, second]);
    expect(bodies(merged)).toEqual([...bodies(EXAMPLE), first.body.trimEnd(), second.body.trimEnd()]);
    expect(parseUserData(merged)[0]!.headers).toBe(parseUserData(EXAMPLE)[0]!.headers);
  });

  it('replace those of an earlier time or release, where these were', () => {
    const theirs = (name: string): MimePart => ({ headers: SHELL, body: `#!/bin/sh\n# ${name}\n` });
    const old = { headers: SHELL, body: '#!/bin/sh\n# batchpoint-user-data v0\nold\n' };
    const before = renderUserData([theirs('a'), old, old, theirs('b')]);
    const merged = mergeUserData(before, [first, second]);
    expect(bodies(merged)).toEqual([theirs('a'), first, second, theirs('b')].map(({ body }) => body.trimEnd()));
    expect(mergeUserData(merged, [first, second])).toBe(merged);
  });

  it('stand alone where there was nothing', () => {
    expect(bodies(mergeUserData(null, [first]))).toEqual([first.body.trimEnd()]);
  });
});
