import { jest } from '@jest/globals';

/** How long one test may take, in every tier: there for what hangs, not for a slow machine. */
jest.setTimeout(180_000);
