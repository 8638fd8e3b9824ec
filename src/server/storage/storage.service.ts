import { Injectable } from '@nestjs/common';
import type { AgentStorage } from '../../protocol/agent-api.js';
import { newId } from '../../protocol/ids.js';
import { DomainError } from '../common/domain-error.js';
import { type IfMatchVersions, lockForUpdate } from '../common/etag.js';
import { patchLabels } from '../common/labels.js';
import type { Page } from '../common/page.dto.js';
import { paginate } from '../common/paging.js';
import { validationFailed } from '../common/validation.js';
import { Database } from '../database/database.js';
import type { CreateStorageDto } from './dto/create-storage.dto.js';
import { STORAGE_SORT, type StorageQueryDto } from './dto/storage-query.dto.js';
import type { StorageRequirementsDto } from './dto/storage-requirements.dto.js';
import { type StorageDto, toStorageDto } from './dto/storage.dto.js';
import type { UpdateStorageDto } from './dto/update-storage.dto.js';
import { regionOf, storageAccessOf } from './storage-access.js';
import { StorageChecks } from './storage-checks.js';
import { driverOf } from './storage-drivers.js';
import type { StorageFacts } from './storage-economics.js';
import type { StoragePurpose } from './storage-kind.js';
import { StorageSecrets } from './storage-secrets.js';
import { type CheckedSettings, checkedSettings, patchedSettings } from './storage-settings.js';
import { describeUse, StorageUsage } from './storage-usage.js';
import { StorageVerificationService } from './storage-verification.service.js';
import { Storage } from './storage.entity.js';

/** Configured storages. What hosts find on them: `storage-verification.service.ts`. */
@Injectable()
export class StorageService {
  constructor(
    private readonly database: Database,
    private readonly usage: StorageUsage,
    private readonly verifications: StorageVerificationService,
    private readonly secrets: StorageSecrets,
    private readonly checks: StorageChecks,
  ) {}

  async list(query: StorageQueryDto): Promise<Page<StorageDto>> {
    const builder = this.database.repository(Storage).createQueryBuilder('storage');
    if (query.kind !== undefined) builder.andWhere('storage.kind = :kind', { kind: query.kind });
    if (query.name !== undefined) builder.andWhere('storage.name = :name', { name: query.name });
    return paginate(builder, query, { sortable: STORAGE_SORT, defaultSort: '-createdAt', map: toStorageDto });
  }

  async read(id: string): Promise<StorageDto> {
    return toStorageDto(await this.find(id));
  }

  async create(input: CreateStorageDto): Promise<StorageDto> {
    await this.refuseTakenName(input.name);
    const { secrets, ...settings } = checkedSettings(input.kind, input.settings);
    const id = newId('storage');
    const storage = this.database.repository(Storage).create({
      id,
      name: input.name,
      kind: input.kind,
      mountPath: input.mountPath,
      labels: input.labels ?? {},
      lastVerification: null,
      roleArn: input.roleArn ?? null,
      externalId: input.externalId ?? null,
      ...settings,
      secrets: this.secrets.sealed(id, secrets),
    });
    storage.aws = await this.askAws(storage);
    return toStorageDto(await this.database.repository(Storage).save(storage));
  }

  async update(id: string, input: UpdateStorageDto, ifMatch: IfMatchVersions): Promise<StorageDto> {
    const storage = await lockForUpdate(this.database, Storage, id, ifMatch);
    if (storage === undefined) throw noSuchStorage(id);
    if (input.name !== undefined && input.name !== storage.name) {
      await this.refuseTakenName(input.name);
      storage.name = input.name;
    }
    storage.labels = patchLabels(storage.labels, input.labels);
    if (input.settings !== undefined || (input.mountPath !== undefined && input.mountPath !== storage.mountPath)) {
      // What was proven was proven of the old configuration.
      storage.lastVerification = null;
      await this.verifications.abandon(id, `Storage ${storage.name} was changed while it was being verified.`);
    }
    storage.mountPath = input.mountPath ?? storage.mountPath;
    if (input.settings !== undefined) {
      const { secrets, ...settings } = await this.patched(storage, input.settings);
      Object.assign(storage, settings, { secrets: this.secrets.sealed(id, secrets) });
    }
    if (input.roleArn !== undefined) storage.roleArn = input.roleArn;
    if (input.externalId !== undefined) storage.externalId = input.externalId;
    if (input.settings !== undefined || input.roleArn !== undefined || input.externalId !== undefined)
      storage.aws = await this.askAws(storage);
    return toStorageDto(await this.database.repository(Storage).save(storage));
  }

  async remove(id: string, ifMatch: IfMatchVersions): Promise<void> {
    const storage = await lockForUpdate(this.database, Storage, id, ifMatch);
    if (storage === undefined) throw noSuchStorage(id);
    const use = describeUse(await this.usage.of(id));
    if (use !== undefined) {
      throw new DomainError(
        'in-use',
        `Storage ${storage.name} is still used by ${use}; take it out of there, or delete them, first.`,
      );
    }
    await this.verifications.abandon(id, `Storage ${storage.name} was deleted while it was being verified.`);
    await this.database.repository(Storage).delete(id);
  }

  /** A shell script that mounts it; it holds no secret. */
  async mountScript(id: string): Promise<string> {
    const { name, kind, mountPath, publicSettings } = await this.find(id);
    return driverOf(kind).mountScript({ id, name, mountPath, settings: publicSettings });
  }

  /** What it needs of AWS. */
  async requirements(id: string): Promise<StorageRequirementsDto> {
    const { kind, publicSettings } = await this.find(id);
    return { storageId: id, ...driverOf(kind).requirements(publicSettings) };
  }

  /** The storage, checked to be one that hosts can use for `purpose` now. `pointer` names the field that asked for it. */
  async findUsable(id: string, purpose: StoragePurpose, pointer: string): Promise<Storage> {
    const storage = await this.database.repository(Storage).findOneBy({ id });
    if (storage === null)
      throw validationFailed([{ pointer, code: 'not-found', detail: `There is no storage ${id}.` }]);
    const { purposes } = driverOf(storage.kind);
    if (!purposes.includes(purpose)) {
      const detail = `Storage ${storage.name} is of kind ${storage.kind}, which holds ${purposes.join(' and ')} data only, not ${purpose}s.`;
      throw validationFailed([{ pointer, code: 'wrong-purpose', detail }]);
    }
    return storage;
  }

  /** What an agent needs to find the storage on its host; null when there is none it could use. */
  async forAgent(id: string): Promise<AgentStorage | null> {
    const storage = await this.database.repository(Storage).findOneBy({ id });
    if (storage === null) return null;
    const { fileSystemTypes } = driverOf(storage.kind);
    return { id, kind: storage.kind, mountPath: storage.mountPath, fileSystemTypes: [...fileSystemTypes] };
  }

  /** Throws `not-found`. */
  async find(id: string): Promise<Storage> {
    const storage = await this.database.repository(Storage).findOneBy({ id });
    if (storage === null) throw noSuchStorage(id);
    return storage;
  }

  /** Secrets are needed, and decrypted, only where the kind has some. */
  private async patched(storage: Storage, patch: Record<string, unknown>): Promise<CheckedSettings> {
    const secretFields: readonly string[] = driverOf(storage.kind).secretFields;
    // All given anew: what is stored, perhaps with a key that is lost, does not matter.
    const keep = secretFields.some((field) => patch[field] === undefined);
    const secrets = keep ? await this.secrets.of(storage.id) : {};
    return patchedSettings(storage.kind, { ...storage.settings, ...secrets }, patch);
  }

  /**
   * What AWS has of it, where the settings say where. Throws `validation-failed` when what they name is not there, and what
   * stands for AWS not answering.
   */
  private async askAws(storage: Storage): Promise<StorageFacts | null> {
    const access = storageAccessOf(storage);
    if (access === null) {
      if (storage.roleArn !== null || storage.externalId !== null) throw noRegion(storage);
      return null;
    }
    const inspection = await this.checks.inspect(storage, access);
    if (inspection === null) return null;
    const { missing, facts } = inspection;
    if (missing !== null) {
      throw validationFailed([
        { pointer: `/settings/${missing.field}`, code: 'not-found', detail: `${missing.detail}.` },
      ]);
    }
    return { checkedAt: new Date().toISOString(), ...facts };
  }

  private async refuseTakenName(name: string): Promise<void> {
    const taken = await this.database.repository(Storage).findOneBy({ name });
    if (taken === null) return;
    const detail = `There is a storage named ${name} already: ${taken.id}.`;
    throw new DomainError('name-taken', detail, { errors: [{ pointer: '/name', code: 'taken', detail }] });
  }
}

function noRegion({ kind, publicSettings, roleArn }: Storage): DomainError {
  const field = roleArn === null ? 'externalId' : 'roleArn';
  const detail =
    'region' in publicSettings && regionOf(publicSettings) === null
      ? `${field} is of use only with settings.region: without it AWS is not asked.`
      : `${field} is of no use to a storage of kind ${kind}: AWS is not asked about it.`;
  return validationFailed([{ pointer: `/${field}`, code: 'invalid', detail }]);
}

export function noSuchStorage(id: string): DomainError {
  return new DomainError('not-found', `There is no storage ${id}.`);
}
