import type { Type } from '@nestjs/common';
import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { exampleId } from '../../common/fields.js';
import { LabelsProperty } from '../../common/labels.js';
import { OneOf } from '../../common/one-of.js';
import { driverOf } from '../storage-drivers.js';
import type { Storage } from '../storage.entity.js';
import { STORAGE_PURPOSES, type StorageKind, type StoragePurpose } from '../storage-kind.js';
import { storageStatus } from '../storage-status.js';
import { EbsSettings } from './ebs-settings.dto.js';
import { EfsSettings } from './efs-settings.dto.js';
import { FsxLustreSettings } from './fsx-lustre-settings.dto.js';
import { JuicefsPublicSettings } from './juicefs-settings.dto.js';
import { LocalSettings } from './local-settings.dto.js';
import { NfsSettings } from './nfs-settings.dto.js';
import { StorageEconomicsDto } from './storage-economics.dto.js';
import { StorageStatusDto } from './storage-status.dto.js';
import { StorageVerificationDto, toVerifiedHostDto } from './storage-verification.dto.js';

class StorageCommonDto {
  @ApiProperty({ example: exampleId('storage') })
  id: string;

  @ApiProperty({ type: 'integer', description: 'Rises with each change; the ETag.', example: 1 })
  version: number;

  @ApiProperty({ example: 'checkpoints' })
  name: string;

  @ApiProperty({ description: 'Where it is mounted on every host.', example: '/mnt/batchpoint' })
  mountPath: string;

  @ApiProperty({
    enum: STORAGE_PURPOSES,
    enumName: 'StoragePurpose',
    isArray: true,
    example: ['checkpoint', 'scratch'],
  })
  purposes: StoragePurpose[];

  @LabelsProperty()
  labels: Record<string, string>;

  @ApiProperty({
    type: String,
    nullable: true,
    description: "Role the server assumes to ask AWS about it; null: the server's own credentials.",
    example: null,
  })
  roleArn: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: "What the role's trust policy asks for as external id.",
    example: null,
  })
  externalId: string | null;

  @ApiProperty({ type: StorageEconomicsDto })
  economics: StorageEconomicsDto;

  @ApiProperty({ type: StorageStatusDto })
  status: StorageStatusDto;

  @ApiProperty({
    type: StorageVerificationDto,
    nullable: true,
    description: 'null: none has ended since the last change.',
  })
  lastVerification: StorageVerificationDto | null;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  createdAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  updatedAt: string;
}

/** The common fields, with `kind` fixed and `settings` of its type. */
function storageOf(kind: StorageKind, name: string, settings: Type): Type {
  @ApiSchema({ name, description: `A storage of kind \`${kind}\`.` })
  class KindDto extends StorageCommonDto {
    @ApiProperty({ type: 'string', const: kind, example: kind } as Parameters<typeof ApiProperty>[0])
    kind: string;

    @ApiProperty({ type: settings })
    settings: object;
  }
  return KindDto;
}

@OneOf('Storage', 'A configured place for checkpoint images or scratch data.', 'kind', {
  efs: storageOf('efs', 'EfsStorage', EfsSettings),
  juicefs: storageOf('juicefs', 'JuicefsStorage', JuicefsPublicSettings),
  'fsx-lustre': storageOf('fsx-lustre', 'FsxLustreStorage', FsxLustreSettings),
  ebs: storageOf('ebs', 'EbsStorage', EbsSettings),
  nfs: storageOf('nfs', 'NfsStorage', NfsSettings),
  local: storageOf('local', 'LocalStorage', LocalSettings),
})
export class StorageDto extends StorageCommonDto {
  static readonly example: StorageDto = {
    id: exampleId('storage'),
    version: 1,
    kind: 'nfs',
    name: 'checkpoints',
    mountPath: '/mnt/batchpoint',
    settings: {
      server: 'files.example.internal',
      exportPath: '/exports/checkpoints',
      version: '4.1',
      mountOptions: ['noresvport'],
      compatibilityLink: false,
    },
    purposes: ['checkpoint', 'scratch'],
    labels: { team: 'genomics' },
    roleArn: null,
    externalId: null,
    economics: driverOf('nfs').economics({}, null),
    status: storageStatus({ kind: 'nfs', lastVerification: null }),
    lastVerification: null,
    createdAt: '2026-01-31T12:00:00.000Z',
    updatedAt: '2026-01-31T12:00:00.000Z',
  };

  kind: StorageKind;
  settings: object;
}

export function toStorageDto(storage: Storage): StorageDto {
  const { id, version, kind, name, mountPath, labels, roleArn, externalId, lastVerification } = storage;
  return {
    id,
    version,
    kind,
    name,
    mountPath,
    settings: storage.publicSettings,
    purposes: [...driverOf(kind).purposes],
    labels,
    roleArn,
    externalId,
    economics: driverOf(kind).economics(storage.publicSettings, storage.aws),
    status: storageStatus(storage),
    lastVerification: lastVerification && {
      operationId: lastVerification.operationId,
      finishedAt: lastVerification.finishedAt,
      verdict: lastVerification.verdict,
      hosts: lastVerification.hosts.map(toVerifiedHostDto),
    },
    createdAt: storage.createdAt.toISOString(),
    updatedAt: storage.updatedAt.toISOString(),
  };
}
