import { Injectable } from '@nestjs/common';
import type { AgentStorage } from '../../protocol/agent-api.js';
import { newId } from '../../protocol/ids.js';
import { DomainError } from '../common/domain-error.js';
import { type IfMatchVersions, lockForUpdate } from '../common/etag.js';
import { patchLabels } from '../common/labels.js';
import { mergePatch } from '../common/merge-patch.js';
import type { Page } from '../common/page.dto.js';
import { paginate } from '../common/paging.js';
import { validationFailed } from '../common/validation.js';
import { Database } from '../database/database.js';
import type { CreateStorageDto } from './dto/create-storage.dto.js';
import { STORAGE_SORT, type StorageQueryDto } from './dto/storage-query.dto.js';
import { type StorageDto, toStorageDto } from './dto/storage.dto.js';
import type { UpdateStorageDto } from './dto/update-storage.dto.js';
import { validateSettings } from './settings-validation.js';
import { driverOf } from './storage-drivers.js';
import type { StoragePurpose } from './storage-kind.js';
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
    const storage = this.database.repository(Storage).create({
      id: newId('storage'),
      name: input.name,
      kind: input.kind,
      mountPath: input.mountPath,
      labels: input.labels ?? {},
      lastVerification: null,
      ...checkedSettings(input.kind, input.settings),
    });
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
      const current = { ...storage.settings, ...(await this.secretsOf(id)) };
      Object.assign(storage, checkedSettings(storage.kind, mergePatch(current, input.settings)));
    }
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

  /** A shell script that mounts it. Secrets are not loaded: no driver that has some writes scripts yet. */
  async mountScript(id: string): Promise<string> {
    const storage = await this.find(id);
    const script = driverOf(storage.kind).mountScript(storage);
    if (script === null) {
      throw new DomainError(
        'storage-driver-unavailable',
        `There is no mount script for ${storage.name}. ${driverOf(storage.kind).unavailable ?? ''}`.trim(),
      );
    }
    return script;
  }

  /** The storage, checked to be one that hosts can use for `purpose` now. `pointer` names the field that asked for it. */
  async findUsable(id: string, purpose: StoragePurpose, pointer: string): Promise<Storage> {
    const storage = await this.database.repository(Storage).findOneBy({ id });
    if (storage === null)
      throw validationFailed([{ pointer, code: 'not-found', detail: `There is no storage ${id}.` }]);
    const { purposes, unavailable } = driverOf(storage.kind);
    if (!purposes.includes(purpose)) {
      const detail = `Storage ${storage.name} is of kind ${storage.kind}, which holds ${purposes.join(' and ')} data only, not ${purpose}s.`;
      throw validationFailed([{ pointer, code: 'wrong-purpose', detail }]);
    }
    if (unavailable !== null)
      throw new DomainError('storage-driver-unavailable', unavailable, {
        errors: [{ pointer, code: 'driver-unavailable', detail: unavailable }],
      });
    return storage;
  }

  /** What an agent needs to find the storage on its host; null when there is none it could use. */
  async forAgent(id: string): Promise<AgentStorage | null> {
    const storage = await this.database.repository(Storage).findOneBy({ id });
    if (storage === null) return null;
    const { unavailable, fileSystemTypes } = driverOf(storage.kind);
    if (unavailable !== null) return null;
    return { id, kind: storage.kind, mountPath: storage.mountPath, fileSystemTypes: [...fileSystemTypes] };
  }

  /** Throws `not-found`. */
  async find(id: string): Promise<Storage> {
    const storage = await this.database.repository(Storage).findOneBy({ id });
    if (storage === null) throw noSuchStorage(id);
    return storage;
  }

  private async secretsOf(id: string): Promise<Record<string, unknown>> {
    const row = await this.database
      .repository(Storage)
      .findOneOrFail({ where: { id }, select: { id: true, secrets: true } });
    return row.secrets ?? {};
  }

  private async refuseTakenName(name: string): Promise<void> {
    const taken = await this.database.repository(Storage).findOneBy({ name });
    if (taken === null) return;
    const detail = `There is a storage named ${name} already: ${taken.id}.`;
    throw new DomainError('name-taken', detail, { errors: [{ pointer: '/name', code: 'taken', detail }] });
  }
}

export function noSuchStorage(id: string): DomainError {
  return new DomainError('not-found', `There is no storage ${id}.`);
}

/** Validates, and takes settings apart into what is shown, what is kept, and what is kept secret. */
function checkedSettings(
  kind: Storage['kind'],
  input: unknown,
): Pick<Storage, 'settings' | 'secrets' | 'publicSettings'> {
  const driver = driverOf(kind);
  const { settings, errors } = validateSettings(driver, input);
  if (settings === null) throw validationFailed(errors);
  const secretFields: readonly string[] = driver.secretFields;
  const entries = Object.entries(settings);
  return {
    settings: Object.fromEntries(entries.filter(([field]) => !secretFields.includes(field))),
    secrets: Object.fromEntries(entries.filter(([field]) => secretFields.includes(field))),
    publicSettings: { ...driver.publicSettings(settings) },
  };
}
