import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { AwsAccess } from './aws-access.js';

/** What every client of the SDK takes. */
interface ClientConfig {
  region: string;
  maxAttempts: number;
  requestHandler: NodeHttpHandler;
  credentials?: ReturnType<typeof fromTemporaryCredentials>;
}
interface AwsClient {
  destroy(): void;
}
type AwsClientType<C extends AwsClient> = new (config: ClientConfig) => C;

const CONNECT_LIMIT_MS = 3_000;
const ANSWER_LIMIT_MS = 20_000;
/** The first call and, with the SDK's own back-off and jitter, two more. */
const ATTEMPTS = 3;

/** SDK clients, one a service, region and role, kept: their connections and assumed credentials are reused. */
@Injectable()
export class AwsClients implements OnApplicationShutdown {
  private readonly kept = new Map<AwsClientType<AwsClient>, Map<string, AwsClient>>();

  get<C extends AwsClient>(type: AwsClientType<C>, access: AwsAccess): C {
    const clients = this.kept.get(type) ?? new Map<string, AwsClient>();
    this.kept.set(type, clients);
    const key = JSON.stringify([access.region, access.roleArn, access.externalId]);
    let client = clients.get(key);
    if (client === undefined) clients.set(key, (client = new type(this.configFor(access))));
    return client as C;
  }

  onApplicationShutdown(): void {
    for (const clients of this.kept.values()) for (const client of clients.values()) client.destroy();
    this.kept.clear();
  }

  private configFor({ region, roleArn, externalId }: AwsAccess): ClientConfig {
    const requestHandler = new NodeHttpHandler({
      connectionTimeout: CONNECT_LIMIT_MS,
      requestTimeout: ANSWER_LIMIT_MS,
      throwOnRequestTimeout: true,
    });
    const config: ClientConfig = { region, maxAttempts: ATTEMPTS, requestHandler };
    if (roleArn === null) return config;
    const params = {
      RoleArn: roleArn,
      RoleSessionName: 'batchpoint',
      ...(externalId === null ? {} : { ExternalId: externalId }),
    };
    return { ...config, credentials: fromTemporaryCredentials({ params, clientConfig: { region } }) };
  }
}
