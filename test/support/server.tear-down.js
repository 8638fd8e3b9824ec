import tearDownRun from './run.tear-down.js';
import { stopTestPostgres } from './postgres.ts';

export default async function tearDown() {
  await stopTestPostgres();
  tearDownRun();
}
