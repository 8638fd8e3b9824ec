import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { newId } from '../../protocol/ids.js';
import { hashSecret, newSecret } from '../auth/secrets.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import { ConfigError, readSecretFile } from '../config/load-config.js';
import { ServerConfig } from '../config/server-config.js';
import { Database } from '../database/database.js';
import { ApiToken } from './api-token.entity.js';
import { API_TOKEN_TOPIC } from './api-tokens.service.js';

const FROM_FILE = 'admin-token-file';
const FIRST = 'first-admin';
const SHORTEST = 32;

/**
 * Makes sure that someone can get in: keeps the token of `BATCHPOINT_ADMIN_TOKEN_FILE` in force, or makes the first one and
 * prints it, once, on stdout and not in the log.
 */
@Injectable()
export class FirstAdminToken implements OnApplicationBootstrap {
  constructor(
    private readonly config: ServerConfig,
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const printed = await this.database.transaction(async () => {
      // Replicas that start together take turns.
      await this.database.manager.query('lock table api_tokens in share row exclusive mode');
      if (this.config.adminTokenFile !== undefined) return this.takeFromFile(this.config.adminTokenFile);
      return this.makeFirst();
    });
    if (printed === undefined) return;
    process.stdout.write(`\nAdmin token (shown only now, keep it): ${printed}\n\n`);
  }

  private async takeFromFile(path: string): Promise<undefined> {
    const secret = readSecretFile(path, 'BATCHPOINT_ADMIN_TOKEN_FILE').trim();
    if (secret.length < SHORTEST || /\s/.test(secret)) {
      throw new ConfigError(
        `BATCHPOINT_ADMIN_TOKEN_FILE: ${path} must hold one token of at least ${SHORTEST} characters without spaces; make one with: openssl rand -hex 32`,
      );
    }
    const tokens = this.database.repository(ApiToken);
    const hash = hashSecret(secret);
    const same = await tokens.findOneBy({ hash });
    if (same !== null) {
      if (same.role !== 'admin')
        throw new ConfigError(`the token in ${path} is the ${same.role} token "${same.name}"; use another`);
      return undefined;
    }
    const known = await tokens.findOneBy({ name: FROM_FILE });
    const token =
      known ??
      tokens.create({ id: newId('apiToken'), name: FROM_FILE, role: 'admin', expiresAt: null, lastUsedAt: null });
    await tokens.save(Object.assign(token, { hash }));
    await this.notifier.notify(API_TOKEN_TOPIC, token.id);
    return undefined;
  }

  private async makeFirst(): Promise<string | undefined> {
    const tokens = this.database.repository(ApiToken);
    if (await tokens.existsBy({})) return undefined;
    const secret = newSecret('apiToken');
    await tokens.save(
      tokens.create({
        id: newId('apiToken'),
        name: FIRST,
        role: 'admin',
        hash: hashSecret(secret),
        expiresAt: null,
        lastUsedAt: null,
      }),
    );
    return secret;
  }
}
