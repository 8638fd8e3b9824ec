import { pino } from 'pino';
import { Agent } from './agent.js';
import {
  AGENT_USAGE,
  readAgentSettings,
  SettingsError,
  type AgentSettings,
  type UsableAgentSettings,
} from './agent-settings.js';
import { LocalState } from './local-state.js';
import { installShim } from './shim-install.js';
import { storeRoot } from './image-store/store-layout.js';
import { StateDirectoryInUseError } from './state-lock.js';

/** `batchpoint agent`. Exit codes: 0 stopped, 1 cannot go on, 2 called wrongly or not able to run here. */
export async function run(argv: string[]): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(AGENT_USAGE);
    return 0;
  }
  try {
    const settings = usable(readAgentSettings(argv, process.env));
    return settings.installShimOnly ? await installOnly(settings) : await serve(settings);
  } catch (error) {
    if (!(error instanceof SettingsError || error instanceof StateDirectoryInUseError)) throw error;
    process.stderr.write(`batchpoint agent: ${error.message}\n`);
    return 2;
  }
}

function usable(settings: AgentSettings): UsableAgentSettings {
  const problems: string[] = [];
  if (process.platform !== 'linux') problems.push(`the agent runs on Linux; this is ${process.platform}`);
  else if (process.getuid?.() !== 0)
    problems.push('the agent needs root, to freeze and dump containers; run it as root (sudo)');
  if (settings.runc === null)
    problems.push('runc is not installed; run deploy/prerequisites.sh, or name it with BATCHPOINT_RUNC');
  if (problems.length > 0) throw new SettingsError(problems);
  return settings as UsableAgentSettings;
}

async function installOnly({ stateDir, runc, criuDir }: UsableAgentSettings): Promise<number> {
  await LocalState.open(stateDir);
  const storage = (await LocalState.readConfig(stateDir))?.storage ?? null;
  const { shim } = await installShim({
    stateDir,
    runc,
    criuDir,
    store: storage === null ? '' : storeRoot(storage.mountPath),
  });
  process.stdout.write(`${shim}\n`);
  return 0;
}

async function serve(settings: UsableAgentSettings): Promise<number> {
  const log = pino({ level: settings.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  if (/^http:/.test(settings.serverUrl) && !/^http:\/\/(127\.|localhost[:/]?|\[::1\])/.test(settings.serverUrl)) {
    log.warn({ server: settings.serverUrl }, 'the credential of this host travels in clear: use https');
  }
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  const agent = await Agent.start(settings, { log });
  try {
    await Promise.race([asked, agent.failed]);
  } catch {
    // Said in the log where it was found.
    process.exit(1);
  }
  await agent.stop();
  // A call into a storage that hangs would keep the process for ever.
  process.exit(0);
}
