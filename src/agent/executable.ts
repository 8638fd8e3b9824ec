import { run as agent } from './main.js';
import { run as dockerRuntime } from './docker-runtime-command.js';
import { run as doctor } from './doctor-command.js';
import { productVersion } from './product-version.js';
import { run as shimCreate } from './restore/shim-create.js';

/**
 * What the self-contained executable runs: the commands of a host. The others (server, demo) are not in it. One bundle holds
 * all of it, so nothing here is loaded later, and nothing is awaited at the top: it is bundled as CommonJS.
 */
const COMMANDS: Record<string, { run: (argv: string[]) => Promise<number>; summary: string }> = {
  agent: { run: agent, summary: 'the agent, on every host that runs jobs' },
  doctor: { run: doctor, summary: 'check whether this host can checkpoint and restore, and what to do if not' },
  'docker-runtime': { run: dockerRuntime, summary: "name the runtime in Docker's configuration" },
  'shim-create': { run: shimCreate, summary: 'called by batchpoint-runc, not by people' },
};

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([word, { summary }]) => `  ${word.padEnd(14)} ${summary}`);
  return `batchpoint ${productVersion()}\nusage: batchpoint <command> [options]\n\n${lines.join('\n')}\n`;
}

async function main([name = 'help', ...argv]: string[]): Promise<number> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command.run(argv);
  if (name === '--version' || name === 'version') {
    process.stdout.write(`${productVersion()}\n`);
    return 0;
  }
  const asked = ['help', '--help', '-h'].includes(name);
  if (asked) process.stdout.write(usage());
  else process.stderr.write(`batchpoint: there is no command "${name}" in the agent's executable\n\n${usage()}`);
  return asked ? 0 : 2;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`batchpoint: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
