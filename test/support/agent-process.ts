/** Run as a program (`typescript-loader.mjs`): one agent from the sources, for tests that kill it. argv: --shim-node, --shim-main, then the agent's. */
import { pino } from 'pino';
import { Agent } from '../../src/agent/agent.js';
import { readAgentSettings } from '../../src/agent/agent-settings.js';

const [node, main, ...argv] = process.argv.slice(2);
const settings = readAgentSettings(argv, process.env);
const log = pino({ level: settings.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
const agent = await Agent.start(
  { ...settings, runc: settings.runc! },
  { log, shimProgram: { node: node!, main: main! } },
);
process.once('SIGTERM', () => void agent.stop().then(() => process.exit(0)));
agent.failed.catch(() => process.exit(1));
