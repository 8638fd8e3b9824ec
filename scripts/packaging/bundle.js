/** The agent as one CommonJS file, which is what a single executable application of Node 24 runs. */
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');

/**
 * Parts of dockerode we never reach: Engines over SSH (a native module), BuildKit sessions (gRPC with its .proto files). What
 * does reach them is told so by an error.
 */
const LEFT_OUT = /^(ssh2|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs)$/;

const leaveOut = {
  name: 'leave-out',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: LEFT_OUT }, ({ path }) => ({ path, namespace: 'left-out' }));
    onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
      contents: `const refuse = () => { throw new Error('${path} is not part of this program'); };
        module.exports = new Proxy({}, { get: () => function () { refuse(); } });`,
    }));
  },
};

export async function bundleAgent(outfile) {
  await build({
    entryPoints: [join(root, 'src/agent/executable.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    logLevel: 'warning',
    plugins: [leaveOut],
    define: { 'import.meta.dirname': '__dirname' },
  });
}
