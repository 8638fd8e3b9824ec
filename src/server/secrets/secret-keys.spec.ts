import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownSecretKeyFile, parseSecretKeys, readSecretKeys } from './secret-keys.js';

const BYTES = Buffer.from(Array.from({ length: 32 }, (_, i) => i));

describe('secret keys', () => {
  it('are 32 bytes as base64, base64url or hexadecimal: the same key by the same id', () => {
    const texts = [BYTES.toString('base64'), BYTES.toString('base64url'), BYTES.toString('hex')];
    const keys = texts.map((text) => parseSecretKeys(`${text}\n`, 'file')[0]!);
    expect(new Set(keys.map(({ id }) => id)).size).toBe(1);
    for (const { id, bytes } of keys) {
      expect(bytes).toEqual(BYTES);
      expect(texts.join()).not.toContain(id);
    }
  });

  it('stand one a line, comments between them', () => {
    const other = Buffer.alloc(32, 7).toString('base64');
    const keys = parseSecretKeys(`# since January\n${BYTES.toString('base64')}\n\n# before\n${other}\n`, 'file');
    expect(keys.map(({ bytes }) => bytes.toString('base64'))).toEqual([BYTES.toString('base64'), other]);
  });

  it.each([
    ['', /holds no key.*openssl rand -base64 32/],
    ['# nothing\n', /holds no key/],
    ['too short', /not a key of 32 bytes/],
    [BYTES.subarray(1).toString('base64'), /not a key of 32 bytes/],
    [`${BYTES.toString('hex')}00`, /not a key of 32 bytes/],
  ])('are not %j, which is not repeated', (text, message) => {
    expect(() => parseSecretKeys(text, '/etc/key')).toThrow(message);
    expect(() => parseSecretKeys(text, '/etc/key')).toThrow('/etc/key');
  });

  it('are not in a file that cannot be read', () => {
    expect(() => readSecretKeys('/nowhere/key')).toThrow(/cannot read \/nowhere\/key/);
  });

  describe('of a server with its own database', () => {
    let directory: string;
    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'bp-key-'));
    });
    afterEach(() => rmSync(directory, { recursive: true }));

    it('are made once, for the owner only', () => {
      const path = ownSecretKeyFile(directory);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const [key] = readSecretKeys(path);
      expect(ownSecretKeyFile(directory)).toBe(path);
      expect(readSecretKeys(path)).toEqual([key]);
    });

    it('stay as they are where the file is there, closed to others again', () => {
      writeFileSync(join(directory, 'secret-key'), BYTES.toString('base64'), { mode: 0o644 });
      const path = ownSecretKeyFile(directory);
      expect(readFileSync(path, 'utf8')).toBe(BYTES.toString('base64'));
      expect(statSync(path).mode & 0o777).toBe(0o600);
    });
  });
});
