import { readFileSync } from 'node:fs';

/** What `<state>/bin/batchpoint-runc.conf` says; the keys are explained in `protocol/shim-api.ts`. */
export interface RuntimeConf {
  runc: string;
  node: string;
  main: string;
  stateDir: string;
  criuDir: string;
  store: string;
  storageWaitSeconds: number;
  restoreLimitSeconds: number;
}

export const DEFAULT_STORAGE_WAIT_SECONDS = 30;
/** Of the three minutes ECS allows a container to start in, some are left for the fresh start. */
export const DEFAULT_RESTORE_LIMIT_SECONDS = 150;

export function formatRuntimeConf(conf: RuntimeConf): string {
  const values: Record<string, string> = {
    BATCHPOINT_RUNC: conf.runc,
    BATCHPOINT_NODE: conf.node,
    BATCHPOINT_MAIN: conf.main,
    BATCHPOINT_STATE: conf.stateDir,
    BATCHPOINT_CRIU_DIR: conf.criuDir,
    BATCHPOINT_STORE: conf.store,
    BATCHPOINT_STORAGE_WAIT_SECONDS: String(conf.storageWaitSeconds),
    BATCHPOINT_RESTORE_LIMIT_SECONDS: String(conf.restoreLimitSeconds),
  };
  const lines = ['# Written by the Batchpoint agent, which keeps it current. The two limits may be changed here.'];
  for (const [key, value] of Object.entries(values)) {
    if (/[\r\n\0]/.test(value)) throw new Error(`${key} cannot hold a line break: ${JSON.stringify(value)}`);
    lines.push(`${key}='${value}'`);
  }
  return `${lines.join('\n')}\n`;
}

/** Reads the file as the shim does: line by line, nothing executed, unknown keys passed over. */
export function parseRuntimeConf(text: string): RuntimeConf {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^(BATCHPOINT_[A-Z_]+)='?(.*?)'?$/.exec(line);
    if (match) values.set(match[1]!, match[2]!);
  }
  const value = (key: string): string => values.get(key) ?? '';
  return {
    runc: value('BATCHPOINT_RUNC'),
    node: value('BATCHPOINT_NODE'),
    main: value('BATCHPOINT_MAIN'),
    stateDir: value('BATCHPOINT_STATE'),
    criuDir: value('BATCHPOINT_CRIU_DIR'),
    store: value('BATCHPOINT_STORE'),
    storageWaitSeconds: seconds(value('BATCHPOINT_STORAGE_WAIT_SECONDS'), DEFAULT_STORAGE_WAIT_SECONDS),
    restoreLimitSeconds: seconds(value('BATCHPOINT_RESTORE_LIMIT_SECONDS'), DEFAULT_RESTORE_LIMIT_SECONDS),
  };
}

export function readRuntimeConf(path: string): RuntimeConf {
  return parseRuntimeConf(readFileSync(path, 'utf8'));
}

function seconds(text: string, otherwise: number): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : otherwise;
}
