import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { StorageHealth } from '../../../protocol/agent-api.js';
import { FINDING_SEVERITIES, type HostFinding } from '../../../protocol/host-facts.js';
import { exampleId } from '../../common/fields.js';
import { type Labels, LabelsProperty } from '../../common/labels.js';
import type { Host } from '../host.entity.js';
import { HOST_STATUSES, type HostStatus } from '../host-status.js';
import { HostFactsDto } from './host-facts.dto.js';

@ApiSchema({ name: 'HostFinding', description: 'One result of `batchpoint doctor` on the host.' })
export class HostFindingDto {
  @ApiProperty({ example: 'criu' })
  check: string;

  @ApiProperty({ enum: [...FINDING_SEVERITIES], enumName: 'HostFindingSeverity', example: 'ok' })
  severity: HostFinding['severity'];

  @ApiProperty({ example: 'CRIU 4.2.1 works' })
  message: string;

  @ApiProperty({ type: String, nullable: true, description: 'What to do about it.', example: null })
  remedy: string | null;
}

@ApiSchema({ name: 'HostFileSystem', description: 'What the mount path lies on, links followed.' })
export class HostFileSystemDto {
  @ApiProperty({ description: 'As in `/proc/mounts`.', example: 'nfs4' })
  type: string;

  @ApiProperty({ description: 'Device or server.', example: '127.0.0.1:/' })
  source: string;
}

@ApiSchema({ name: 'HostStorage', description: 'The checkpoint storage as the host sees it.' })
export class HostStorageDto implements StorageHealth {
  @ApiProperty({ example: exampleId('storage') })
  storageId: string;

  @ApiProperty({ example: true })
  ready: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'Why it is not ready.', example: null })
  reason: string | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 8_796_093_022_208 })
  freeBytes: number | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 9_223_372_036_854 })
  totalBytes: number | null;

  @ApiProperty({ type: HostFileSystemDto, nullable: true })
  fileSystem: HostFileSystemDto | null;

  @ApiProperty({
    type: [String],
    description:
      'Other hosts whose files, written to the storage in the last minutes, this host reads: at most 16, those with the smallest ids.',
    example: [exampleId('host')],
  })
  seesHosts: string[];
}

@ApiSchema({ name: 'Host', description: 'An instance that runs the agent.' })
export class HostDto {
  static readonly example: HostDto = {
    id: exampleId('host'),
    version: 3,
    name: 'ip-10-0-1-17',
    status: 'online',
    draining: false,
    labels: { team: 'genomics' },
    computeEnvironmentId: exampleId('computeEnvironment'),
    facts: HostFactsDto.example,
    findings: [{ check: 'criu', severity: 'ok', message: 'CRIU 4.2.1 works', remedy: null }],
    storage: {
      storageId: exampleId('storage'),
      ready: true,
      reason: null,
      freeBytes: 8_796_093_022_208,
      totalBytes: 9_223_372_036_854,
      fileSystem: { type: 'nfs4', source: '127.0.0.1:/' },
      seesHosts: [exampleId('host')],
    },
    runningJobs: 1,
    unsentReports: 0,
    createdAt: '2026-01-31T11:00:00.000Z',
    updatedAt: '2026-01-31T11:00:05.000Z',
    lastHeartbeatAt: '2026-01-31T12:00:00.000Z',
    interruptionNoticeAt: null,
    rebalanceRecommendedAt: null,
    deregisteredAt: null,
  };

  @ApiProperty({ example: exampleId('host') })
  id: string;

  @ApiProperty({
    type: 'integer',
    description: 'Rises with every change but the bare passing of heartbeats; the ETag.',
    example: 3,
  })
  version: number;

  @ApiProperty({ description: "The machine's own name.", example: 'ip-10-0-1-17' })
  name: string;

  @ApiProperty({
    enum: [...HOST_STATUSES],
    enumName: 'HostStatus',
    description:
      '`offline`: not heard of for as long as the setting `agents.offlineAfter` says. `deregistered`: its credential no longer works.',
    example: 'online',
  })
  status: HostStatus;

  @ApiProperty({ description: 'Takes no restores. Jobs that run go on, and are checkpointed.', example: false })
  draining: boolean;

  @LabelsProperty()
  labels: Labels;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'From the join token it enrolled with.',
    example: exampleId('computeEnvironment'),
  })
  computeEnvironmentId: string | null;

  @ApiProperty({ type: HostFactsDto })
  facts: HostFactsDto;

  @ApiProperty({ type: [HostFindingDto] })
  findings: HostFindingDto[];

  @ApiProperty({ type: HostStorageDto, nullable: true, description: 'null until the agent has reported on one.' })
  storage: HostStorageDto | null;

  @ApiProperty({ type: 'integer', example: 1 })
  runningJobs: number;

  @ApiProperty({ type: 'integer', description: 'Reports still waiting on its disk.', example: 0 })
  unsentReports: number;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T11:00:00.000Z' })
  createdAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T11:00:05.000Z' })
  updatedAt: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-01-31T12:00:00.000Z' })
  lastHeartbeatAt: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When AWS said that it takes the Spot instance back, about two minutes later.',
    example: null,
  })
  interruptionNoticeAt: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When AWS said that the Spot instance is likelier than before to be taken back.',
    example: null,
  })
  rebalanceRecommendedAt: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  deregisteredAt: string | null;
}

export function toHostDto(row: Host): HostDto {
  return {
    id: row.id,
    version: row.version,
    name: row.facts.hostName,
    status: row.status,
    draining: row.draining,
    labels: row.labels,
    computeEnvironmentId: row.computeEnvironmentId,
    facts: row.facts,
    findings: row.findings.map(({ check, severity, message, remedy = null }) => ({ check, severity, message, remedy })),
    storage: row.storageHealth && {
      ...row.storageHealth,
      fileSystem: row.storageHealth.fileSystem ?? null,
      seesHosts: row.storageHealth.seesHosts ?? [],
    },
    runningJobs: row.runningJobs,
    unsentReports: row.unsentReports,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    lastHeartbeatAt: row.lastHeartbeatAt?.toISOString() ?? null,
    interruptionNoticeAt: row.interruptionNoticeAt?.toISOString() ?? null,
    rebalanceRecommendedAt: row.rebalanceRecommendedAt?.toISOString() ?? null,
    deregisteredAt: row.deregisteredAt?.toISOString() ?? null,
  };
}
