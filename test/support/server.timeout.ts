import { jest } from '@jest/globals';

/** Per project, which `testTimeout` in jest.config.js cannot be. */
jest.setTimeout(60_000);
