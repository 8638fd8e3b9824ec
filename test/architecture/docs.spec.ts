import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FAILURE_CODES } from '../../src/protocol/failure.js';
import { ERROR_CODES } from '../../src/server/common/error-codes.js';
import { IAM_FINDING_CODES } from '../../src/server/preflight/iam/iam-report.js';
import { ENVIRONMENT_FINDING_CODES } from '../../src/server/compute-environments/environment-finding.js';
import { SETTINGS } from '../../src/server/config/settings.js';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PAGES = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: ROOT })];

/** Of a page's headings, what links to them end in. */
function headings(page: string): string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
    text!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** Cells of every row of a page's tables. */
function rows(page: string): string[][] {
  return page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
const code = (text: string | undefined): string => (text ? `\`${text}\`` : '');
const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

describe('Documentation', () => {
  it('has every setting of the server, as it is', () => {
    const expected = Object.entries(SETTINGS).map(([name, { env, byDefault, description }]) => [
      code(env),
      code(`--${kebab(name)}`),
      name === 'configFile' ? '' : code(name),
      code(byDefault),
      description,
    ]);
    expect(rows(read('docs/configuration.md'))).toEqual(expected);
  });

  it('has every error code with its status, and none that is not', () => {
    const documented = rows(read('docs/errors.md')).map(([name, status]) => [name, status]);
    const expected = Object.entries(ERROR_CODES).map(([name, { status }]) => [code(name), String(status)]);
    expect(documented.sort()).toEqual(expected.sort());
    for (const row of rows(read('docs/errors.md'))) expect(row.filter((cell) => cell === '')).toEqual([]);
  });

  it('has every failure code with its cause and its remedy, in the order of the list', () => {
    const documented = rows(read('docs/failure-codes.md'));
    expect(documented.map(([name]) => name)).toEqual(FAILURE_CODES.map(code));
    for (const [name, why, remedy] of documented) {
      expect([name, why, remedy]).toEqual([
        name,
        expect.stringMatching(/^[A-Z].*\.$/),
        expect.stringMatching(/^[A-Z].*\.$/),
      ]);
    }
  });

  it('has every finding of an environment, in words', () => {
    const documented = rows(read('docs/environment-findings.md'));
    expect(documented.map(([name]) => name).sort()).toEqual(ENVIRONMENT_FINDING_CODES.map(code).sort());
    for (const [, what] of documented) expect(what).toMatch(/^.+\.$/);
  });

  it('has every finding that only preflights make, in words', () => {
    const page = read('docs/preflights.md');
    const documented = rows(page.slice(page.indexOf('## Findings'), page.indexOf('## IAM')));
    expect(documented.map(([name]) => name).sort()).toEqual(['check-not-made', ...IAM_FINDING_CODES].map(code).sort());
    for (const [, what] of documented) expect(what).toMatch(/^.+\.$/);
  });

  it('leads to pages, sections and files that are there', () => {
    const broken = PAGES.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
        .filter(([, path, section]) => {
          const target = join(dirname(page), path === '' ? basename(page) : path!);
          if (!existsSync(join(ROOT, target))) return true;
          return section !== undefined && !headings(read(target)).includes(section);
        })
        .map(([link]) => `${page}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  it('lists every page of docs/ in the README', () => {
    const listed = read('README.md');
    expect(PAGES.filter((page) => /^docs\/[^/]+$/.test(page) && !listed.includes(`(${page})`))).toEqual([]);
  });

  it('carries the licence whole', () => {
    expect(read('LICENSE')).toContain('Version 2.0, January 2004');
    expect(read('LICENSE')).toContain('END OF TERMS AND CONDITIONS');
  });
});
