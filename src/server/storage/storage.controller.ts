import { Body, Header, Param, Query } from '@nestjs/common';
import { Accepted, ApiResource, Create, List, Read, ReadText, Remove, Update } from '../common/api.decorators.js';
import { IfMatch, type IfMatchVersions } from '../common/etag.js';
import { OperationDto } from '../operations/dto/operation.dto.js';
import { CreateStorageDto } from './dto/create-storage.dto.js';
import { StorageFindingsDto } from './dto/storage-findings.dto.js';
import { StorageQueryDto } from './dto/storage-query.dto.js';
import { StorageRequirementsDto } from './dto/storage-requirements.dto.js';
import { StorageDto } from './dto/storage.dto.js';
import { UpdateStorageDto } from './dto/update-storage.dto.js';
import { MOUNT_SCRIPT_EXAMPLE } from './mount-scripts/shell.js';
import { StorageFindingsService } from './storage-findings.service.js';
import { StorageService } from './storage.service.js';
import { StorageVerificationService } from './storage-verification.service.js';

@ApiResource('storages', 'Storages')
export class StorageController {
  constructor(
    private readonly storages: StorageService,
    private readonly verifications: StorageVerificationService,
    private readonly findings: StorageFindingsService,
  ) {}

  @List({ id: 'listStorages', summary: 'List storages', role: 'viewer', type: StorageDto })
  list(@Query() query: StorageQueryDto) {
    return this.storages.list(query);
  }

  @Create({
    id: 'createStorage',
    summary: 'Set up a storage',
    description:
      'Nothing is mounted by this: get the mount script for the hosts, name the storage in a compute environment, then verify it. ' +
      'With `settings.region` AWS is asked whether what the settings name is there.',
    role: 'admin',
    body: CreateStorageDto,
    type: StorageDto,
    location: (storage: StorageDto) => `/api/v1/storages/${storage.id}`,
    dryRun: true,
    errors: ['name-taken', 'secret-key-missing'],
  })
  create(@Body() body: CreateStorageDto) {
    return this.storages.create(body);
  }

  @Read({ id: 'getStorage', summary: 'Read a storage', path: ':id', role: 'viewer', type: StorageDto })
  read(@Param('id') id: string) {
    return this.storages.read(id);
  }

  @Update({
    id: 'updateStorage',
    summary: 'Change a storage',
    description:
      'Hosts take up a change with their next heartbeat. A change of mount path or settings makes the storage unverified.',
    path: ':id',
    role: 'admin',
    body: UpdateStorageDto,
    type: StorageDto,
    dryRun: true,
    errors: ['name-taken', 'secret-key-missing', 'secret-key-wrong'],
  })
  update(@Param('id') id: string, @Body() body: UpdateStorageDto, @IfMatch() ifMatch: IfMatchVersions) {
    return this.storages.update(id, body, ifMatch);
  }

  @Remove({
    id: 'deleteStorage',
    summary: 'Delete a storage',
    description:
      'Only the configuration goes; no file is touched. Refused while compute environments or checkpoints use it.',
    path: ':id',
    role: 'admin',
    dryRun: true,
    errors: ['in-use'],
  })
  remove(@Param('id') id: string, @IfMatch() ifMatch: IfMatchVersions) {
    return this.storages.remove(id, ifMatch);
  }

  @ReadText({
    id: 'getStorageMountScript',
    summary: 'Get the script that mounts a storage',
    description:
      'A POSIX shell script to run as root on each host (user data, or by hand). It may be run again at any time, waits with a limit, ' +
      'never deletes anything, never mounts over files and never makes a file system where there is one. For kind local it makes the directory. ' +
      'It holds no secret: the password of a JuiceFS metadata engine comes from `BATCHPOINT_METADATA_PASSWORD` in its environment, from AWS Secrets ' +
      'Manager where `passwordSecretArn` names one, or from the file (root only) that an earlier run left. For kind ebs its argument names the volume.',
    path: ':id/mount-script',
    role: 'viewer',
    mediaType: 'text/x-shellscript',
    example: MOUNT_SCRIPT_EXAMPLE,
  })
  @Header('content-type', 'text/x-shellscript; charset=utf-8')
  mountScript(@Param('id') id: string) {
    return this.storages.mountScript(id);
  }

  @Read({
    id: 'getStorageFindings',
    summary: 'Look for what endangers checkpoints on a storage',
    description:
      'Made anew for every request: what AWS says of the storage (where `settings.region` is set), and what its hosts see of it. What AWS does not let the server ask is a finding, too.',
    path: ':id/findings',
    role: 'viewer',
    type: StorageFindingsDto,
    etag: false,
  })
  readFindings(@Param('id') id: string) {
    return this.findings.of(id);
  }

  @Read({
    id: 'getStorageRequirements',
    summary: 'See what a storage needs of AWS',
    description:
      'IAM permissions for the server and for hosts, the least that will do, TCP ports, and the CloudFormation resources it consists of. AWS is not asked.',
    path: ':id/requirements',
    role: 'viewer',
    type: StorageRequirementsDto,
    etag: false,
  })
  readRequirements(@Param('id') id: string) {
    return this.storages.requirements(id);
  }

  @Accepted({
    id: 'createStorageVerification',
    summary: 'Verify a storage',
    description:
      'Every host that is online and uses the storage writes a small file there and reads those of the others. The operation succeeds when all ' +
      'see all; with a single host it succeeds too, and says that this proves reading back, not sharing. The outcome stays with the storage.',
    path: ':id/verifications',
    role: 'operator',
    type: OperationDto,
    errors: ['invalid-state', 'no-hosts-online', 'operation-in-progress'],
  })
  verify(@Param('id') id: string) {
    return this.verifications.start(id);
  }
}
