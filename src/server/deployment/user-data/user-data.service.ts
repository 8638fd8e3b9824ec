import { Injectable } from '@nestjs/common';
import type { ComputeEnvironmentDto } from '../../compute-environments/dto/compute-environment.dto.js';
import { ComputeEnvironmentsService } from '../../compute-environments/compute-environments.service.js';
import { StorageService } from '../../storage/storage.service.js';
import { version } from '../../version.js';
import { InstallScripts } from '../install-scripts.service.js';
import { ServerAddress, type ServerIdentity } from '../server-address.js';
import { type MimePart, renderUserData } from './mime.js';
import { JOIN_TOKEN_PLACEHOLDER, userDataParts } from './user-data-parts.js';

/** What the user data depends on of an environment. */
type Environment = Pick<ComputeEnvironmentDto, 'id' | 'name' | 'storageId'>;

/** What the hosts of an environment run at their first boot. */
@Injectable()
export class UserDataService {
  constructor(
    private readonly environments: ComputeEnvironmentsService,
    private readonly storages: StorageService,
    private readonly address: ServerAddress,
    private readonly scripts: InstallScripts,
  ) {}

  /** Without a token: tokens cannot be read back. `host`: as for `ServerAddress`. Throws `not-found`, `agent-not-packaged`. */
  async forPeople(id: string, host: string | undefined): Promise<string> {
    const environment = await this.environments.find(id);
    return renderUserData(await this.parts(environment, this.address.identity(host), JOIN_TOKEN_PLACEHOLDER));
  }

  /** Throws `agent-not-packaged`, and what `StorageService.mountScript` throws. */
  async parts({ id, name, storageId }: Environment, server: ServerIdentity, joinToken: string): Promise<MimePart[]> {
    const { sha256: installerSha256 } = await this.scripts.of(server);
    const mountScript = storageId === null ? null : await this.storages.mountScript(storageId);
    return userDataParts({
      environment: { id, name },
      mountScript,
      server,
      version: version(),
      installerSha256,
      joinToken,
    });
  }
}
