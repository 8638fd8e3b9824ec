/** The one-way streets of docs/architecture.md. */
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

export default {
  forbidden: [
    rule('no-cycles', 'A cycle means that two things are one.', {}, { circular: true }),
    rule(
      'protocol-stands-alone',
      'The contract depends on neither side.',
      { path: '^src/protocol/' },
      { path: '^src/(?!protocol/)' },
    ),
    rule(
      'server-knows-no-agent',
      'They only meet over HTTP.',
      { path: '^src/server/' },
      { path: '^src/(agent|standalone|demo|runtime)/' },
    ),
    rule(
      'agent-knows-no-server',
      'They only meet over HTTP.',
      { path: '^src/agent/' },
      { path: '^src/(server|standalone|demo|runtime)/' },
    ),
    rule(
      'programs-are-spawned',
      'standalone and demo start server and agent as processes.',
      { path: '^src/(standalone|demo)/' },
      { path: '^src/(server|agent)/' },
    ),
    rule(
      'features-share-services',
      "A feature's entity, controller and credentials are its own; others use its service or DTOs.",
      { path: '^src/server/([^/]+)/.+', pathNot: '\\.spec\\.ts$' },
      {
        path: '^src/server/[^/]+/.+\\.(entity|controller|repository)\\.ts$',
        pathNot: '^src/server/($1|common|database)/',
      },
    ),
    rule(
      'common-knows-no-feature',
      'What all features share depends on none of them.',
      { path: '^src/server/(common|database|config|logging|metrics|background)/' },
      { path: '^src/server/(?!common|database|config|logging|metrics|background|auth/role|version)' },
    ),
    rule(
      'one-place-knows-the-aws-sdk',
      'The rest of the server speaks to the wrappers, one a service.',
      { path: '^(src/(?!server/aws/)|migrations/)' },
      { path: 'node_modules/@(aws-sdk|smithy)/' },
    ),
    rule(
      'aws-knows-no-feature',
      'The wrappers say what AWS says, whoever asks.',
      { path: '^src/server/aws/' },
      { path: '^src/server/(?!aws|common)' },
    ),
    rule('no-barrels', 'Import the file that has it.', {}, { path: '^src/.*/index\\.ts$' }),
    rule('no-missing', 'Everything imported exists.', { pathNot: '^src/main\\.ts$' }, { couldNotResolve: true }),
    rule(
      'no-dev-dependencies',
      'They are not there in production.',
      { path: '^(src|migrations)/', pathNot: '\\.spec\\.ts$' },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
