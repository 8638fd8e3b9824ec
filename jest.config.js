const timeLimit = '<rootDir>/test/support/time-limit.ts';

const common = {
  rootDir: import.meta.dirname,
  globalSetup: '<rootDir>/test/support/run.set-up.js',
  globalTeardown: '<rootDir>/test/support/run.tear-down.js',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
};

/** Tiers: `unit` needs nothing; `server` a real Postgres; `containers` root, Docker and CRIU. */
export default {
  reporters: ['default', './test/support/skips.reporter.js', './test/support/leftovers.reporter.js'],
  projects: [
    {
      ...common,
      displayName: 'unit',
      setupFilesAfterEnv: [timeLimit],
      testMatch: ['<rootDir>/src/**/*.spec.ts'],
    },
    {
      ...common,
      displayName: 'server',
      globalSetup: '<rootDir>/test/support/server.set-up.js',
      globalTeardown: '<rootDir>/test/support/server.tear-down.js',
      setupFilesAfterEnv: [timeLimit, '<rootDir>/test/support/conformance.set-up.ts'],
      testMatch: ['<rootDir>/test/{e2e,contract,architecture,prerequisites}/**/*.spec.ts'],
    },
    {
      ...common,
      displayName: 'containers',
      testMatch: ['<rootDir>/test/agent/**/*.spec.ts'],
      setupFilesAfterEnv: [timeLimit, '<rootDir>/test/support/containers.set-up.ts'],
    },
  ],
};
