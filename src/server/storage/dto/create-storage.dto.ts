import type { Type } from '@nestjs/common';
import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { IsObject } from 'class-validator';
import { EnumField, NameField } from '../../common/fields.js';
import { LabelsField } from '../../common/labels.js';
import { OneOf } from '../../common/one-of.js';
import { STORAGE_KINDS, type StorageKind } from '../storage-kind.js';
import { EbsSettings } from './ebs-settings.dto.js';
import { EfsSettings } from './efs-settings.dto.js';
import { FsxLustreSettings } from './fsx-lustre-settings.dto.js';
import { JuicefsSettings } from './juicefs-settings.dto.js';
import { LocalSettings } from './local-settings.dto.js';
import { MountPathField } from './mount-path-field.js';
import { ExternalIdField, RoleArnField } from './role-fields.js';
import { NfsSettings } from './nfs-settings.dto.js';

class CreateStorageCommonDto {
  @NameField({ description: 'Unique among storages.', example: 'checkpoints' })
  name: string;

  @MountPathField()
  mountPath: string;

  @LabelsField()
  labels?: Record<string, string>;

  @RoleArnField()
  roleArn?: string | null;

  @ExternalIdField()
  externalId?: string | null;
}

function createStorageOf(kind: StorageKind, name: string, settings: Type, settingsRequired = true): Type {
  @ApiSchema({ name, description: `A storage of kind \`${kind}\` to be set up.` })
  class KindDto extends CreateStorageCommonDto {
    @ApiProperty({ type: 'string', const: kind, example: kind } as Parameters<typeof ApiProperty>[0])
    kind: string;

    @ApiProperty({ type: settings, required: settingsRequired })
    settings: object;
  }
  return KindDto;
}

/** The common part is validated here, `settings` by the kind's driver. */
@OneOf('CreateStorage', 'A storage to be set up; what `settings` holds follows from `kind`.', 'kind', {
  efs: createStorageOf('efs', 'CreateEfsStorage', EfsSettings),
  juicefs: createStorageOf('juicefs', 'CreateJuicefsStorage', JuicefsSettings),
  'fsx-lustre': createStorageOf('fsx-lustre', 'CreateFsxLustreStorage', FsxLustreSettings),
  ebs: createStorageOf('ebs', 'CreateEbsStorage', EbsSettings),
  nfs: createStorageOf('nfs', 'CreateNfsStorage', NfsSettings),
  local: createStorageOf('local', 'CreateLocalStorage', LocalSettings, false),
})
export class CreateStorageDto extends CreateStorageCommonDto {
  static readonly example: CreateStorageDto = {
    kind: 'local',
    name: 'checkpoints',
    mountPath: '/var/lib/batchpoint-checkpoints',
    settings: {},
    labels: { team: 'genomics' },
  };

  @EnumField(STORAGE_KINDS, 'StorageKind')
  kind: StorageKind;

  @IsObject({ message: 'settings must be an object' })
  settings: object = {};
}
