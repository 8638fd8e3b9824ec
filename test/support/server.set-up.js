import './typescript-loader.mjs';
import setUpRun from './run.set-up.js';

/** Once before the `server` tier: one PostgreSQL, and in it a migrated database for each test file to copy. */
export default async function setUp() {
  setUpRun();
  const { startTestPostgres } = await import('./postgres.ts');
  await startTestPostgres();
}
