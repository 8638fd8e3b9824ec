#!/usr/bin/env node

/** Every command, and the module that runs it; loaded only when asked for. Each exports `run(argv): Promise<exit code>`. */
const COMMANDS: Record<string, { module: string; summary: string }> = {
  start: {
    module: './standalone/main.js',
    summary: 'everything on this machine: server, PostgreSQL, Docker Engine and agent',
  },
  server: { module: './server/main.js', summary: 'the server: API, Swagger UI at /docs' },
  agent: { module: './agent/main.js', summary: 'the agent, on every host that runs jobs' },
  doctor: {
    module: './agent/doctor-command.js',
    summary: 'check whether this host can checkpoint and restore, and what to do if not',
  },
  'docker-runtime': {
    module: './agent/docker-runtime-command.js',
    summary: "name the runtime in Docker's configuration",
  },
  openapi: { module: './server/openapi.js', summary: 'print the OpenAPI document' },
  demo: { module: './demo/main.js', summary: 'checkpoint a job, kill its host, restore it on another' },
  'shim-create': { module: './agent/restore/shim-create.js', summary: 'called by batchpoint-runc, not by people' },
};

interface Command {
  run: (argv: string[]) => Promise<number>;
}

async function main([name = 'help', ...argv]: string[]): Promise<number> {
  const command = COMMANDS[name];
  if (command === undefined) {
    const asked = ['help', '--help', '-h'].includes(name);
    const lines = Object.entries(COMMANDS).map(([word, { summary }]) => `  ${word.padEnd(14)} ${summary}`);
    const text = `usage: batchpoint <command> [options]\n\n${lines.join('\n')}\n`;
    if (asked) process.stdout.write(text);
    else process.stderr.write(`batchpoint: there is no command "${name}"\n\n${text}`);
    return asked ? 0 : 2;
  }
  const { run } = (await import(command.module)) as Command;
  return run(argv);
}

process.exitCode = await main(process.argv.slice(2));
