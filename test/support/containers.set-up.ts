import { afterAll } from '@jest/globals';
import { TestHost } from './test-host.js';

/** After every file of the containers tier, also when its own hooks failed. */
afterAll(() => TestHost.stopAll(), 120_000);
