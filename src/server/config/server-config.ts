import type { SettingValues } from './settings.js';

/** The server's settings: read and checked once (`load-config.ts`), then only passed around. */
export class ServerConfig implements SettingValues {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** With its password. Undefined only until the embedded PostgreSQL runs, and when the OpenAPI document is made. */
  readonly databaseUrl: string | undefined;
  readonly databasePasswordFile: string | undefined;
  readonly databasePoolSize: number;
  readonly adminTokenFile: string | undefined;
  readonly secretKeyFile: string | undefined;
  readonly tlsCertFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
  readonly insecure: boolean;
  /** Without a slash at its end. */
  readonly publicUrl: string | undefined;
  readonly agentDir: string | undefined;
  readonly batchCallsPerSecond: number;
  readonly logLevel: SettingValues['logLevel'];
  readonly configFile: string | undefined;

  constructor(values: SettingValues) {
    Object.assign(this, values);
  }

  with(changes: Partial<SettingValues>): ServerConfig {
    return new ServerConfig({ ...(this as SettingValues), ...changes });
  }

  get usesTls(): boolean {
    return this.tlsCertFile !== undefined;
  }
}
