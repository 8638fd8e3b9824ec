import { takeNonconformities } from './conformance.js';

/** After each test of the server: see `conformance.ts`. */
function failOnNonconformity(): void {
  const found = takeNonconformities();
  if (found.length === 0) return;
  throw new Error(
    `answers that do not conform to openapi/openapi.json (after a change of the API: npm run openapi):\n\n${found.join('\n\n')}`,
  );
}

afterEach(failOnNonconformity);
afterAll(failOnNonconformity);
