/**
 * `node scripts/unseen-answers.js <folder>`: which answers the API documents but no test of a whole run produced. The folder
 * is what the tests wrote with BPTEST_ANSWERS set to it. A documented answer nobody has seen is a guess.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** `operationId status` pairs that are documented and not among the answers noted in the folder. */
export function unseenAnswers(folder) {
  const seen = new Set(readdirSync(folder).flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n')));
  const { paths } = JSON.parse(readFileSync(join(root, 'openapi/openapi.json'), 'utf8'));
  return Object.values(paths)
    .flatMap((methods) => Object.values(methods))
    .flatMap(({ operationId, responses }) =>
      // `default` stands for mishaps of the server, of which there is no list.
      Object.keys(responses)
        .filter((status) => status !== 'default')
        .map((status) => `${operationId} ${status}`),
    )
    .filter((pair) => !seen.has(pair));
}

if (process.argv[1] === import.meta.filename) {
  const folder = process.argv[2];
  if (folder === undefined) {
    console.error('usage: node scripts/unseen-answers.js <folder>');
    process.exit(2);
  }
  const unseen = unseenAnswers(folder);
  for (const pair of unseen) console.error(`documented, and never seen in a test: ${pair}`);
  process.exit(unseen.length === 0 ? 0 : 1);
}
