import { Injectable } from '@nestjs/common';
import {
  DescribeMountTargetSecurityGroupsCommand,
  EFSClient,
  paginateDescribeAccessPoints,
  paginateDescribeFileSystems,
  paginateDescribeMountTargets,
} from '@aws-sdk/client-efs';
import type { AwsAccess } from './aws-access.js';
import { callAws, collectPages } from './aws-call.js';
import { AwsClients } from './aws-clients.js';
import { AwsError } from './aws-error.js';

export interface EfsFileSystem {
  id: string;
  /** `creating`, `available`, `updating`, `deleting`, `deleted`, `error`. */
  state: string;
  encrypted: boolean;
  /** `bursting`, `provisioned` or `elastic`. */
  throughputMode: string | null;
  provisionedMibPerSecond: number | null;
  /** Of a One Zone file system. */
  availabilityZone: string | null;
}

export interface EfsMountTarget {
  id: string;
  state: string;
  subnetId: string;
  vpcId: string | null;
  availabilityZone: string | null;
}

export interface EfsAccessPoint {
  id: string;
  fileSystemId: string;
  state: string;
}

@Injectable()
export class EfsApi {
  constructor(private readonly clients: AwsClients) {}

  /** null: there is none of that id. */
  async fileSystem(access: AwsAccess, id: string): Promise<EfsFileSystem | null> {
    const client = this.clients.get(EFSClient, access);
    const pages = paginateDescribeFileSystems({ client }, { FileSystemId: id });
    const found = await orNone(
      collectPages('elasticfilesystem:DescribeFileSystems', pages, (page) => page.FileSystems),
    );
    const [first] = found;
    if (first === undefined) return null;
    return {
      id,
      state: first.LifeCycleState ?? 'unknown',
      encrypted: first.Encrypted ?? false,
      throughputMode: first.ThroughputMode ?? null,
      provisionedMibPerSecond: first.ProvisionedThroughputInMibps ?? null,
      availabilityZone: first.AvailabilityZoneName ?? null,
    };
  }

  async mountTargets(access: AwsAccess, fileSystemId: string): Promise<EfsMountTarget[]> {
    const client = this.clients.get(EFSClient, access);
    const pages = paginateDescribeMountTargets({ client }, { FileSystemId: fileSystemId });
    const found = await orNone(
      collectPages('elasticfilesystem:DescribeMountTargets', pages, (page) => page.MountTargets),
    );
    return found.map((target) => ({
      id: target.MountTargetId!,
      state: target.LifeCycleState ?? 'unknown',
      subnetId: target.SubnetId!,
      vpcId: target.VpcId ?? null,
      availabilityZone: target.AvailabilityZoneName ?? null,
    }));
  }

  async mountTargetSecurityGroups(access: AwsAccess, mountTargetId: string): Promise<string[]> {
    const client = this.clients.get(EFSClient, access);
    const answer = await callAws('elasticfilesystem:DescribeMountTargetSecurityGroups', () =>
      client.send(new DescribeMountTargetSecurityGroupsCommand({ MountTargetId: mountTargetId })),
    );
    return answer.SecurityGroups ?? [];
  }

  /** null: there is none of that id. */
  async accessPoint(access: AwsAccess, id: string): Promise<EfsAccessPoint | null> {
    const client = this.clients.get(EFSClient, access);
    const pages = paginateDescribeAccessPoints({ client }, { AccessPointId: id });
    const [first] = await orNone(
      collectPages('elasticfilesystem:DescribeAccessPoints', pages, (page) => page.AccessPoints),
    );
    if (first === undefined) return null;
    return { id, fileSystemId: first.FileSystemId ?? '', state: first.LifeCycleState ?? 'unknown' };
  }
}

async function orNone<T>(items: Promise<T[]>): Promise<T[]> {
  try {
    return await items;
  } catch (error) {
    if (error instanceof AwsError && error.code === 'aws-not-found') return [];
    throw error;
  }
}
