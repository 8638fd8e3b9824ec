import { Injectable } from '@nestjs/common';
import type { AwsAccess } from '../../aws/aws-access.js';
import { BatchApi } from '../../aws/batch.api.js';
import { Ec2Api } from '../../aws/ec2.api.js';
import { DomainError } from '../../common/domain-error.js';
import { ServerAddress, type ServerIdentity } from '../server-address.js';
import { mergeUserData, USER_DATA_LIMIT_BYTES } from '../user-data/merge-user-data.js';
import { UserDataError } from '../user-data/mime.js';
import { UserDataService } from '../user-data/user-data.service.js';
import { decodeForMerge } from './decode-user-data.js';
import type { NamedLaunchTemplate } from './launch-template-plan.js';

/** A registered environment, as far as its launch template depends on it. */
export interface PlannedEnvironment {
  id: string;
  name: string;
  storageId: string | null;
}

/** Reads what there is in AWS, and puts together what is to be; changes nothing. */
@Injectable()
export class LaunchTemplatePlanner {
  constructor(
    private readonly batch: BatchApi,
    private readonly ec2: Ec2Api,
    private readonly userData: UserDataService,
    private readonly address: ServerAddress,
  ) {}

  /** Throws `launch-template-unfit` where the environment has none, or EC2 does not. */
  async template({ name }: PlannedEnvironment, access: AwsAccess): Promise<NamedLaunchTemplate> {
    const environment = await this.batch.computeEnvironment(access, name);
    if (environment === null) throw unfit(`AWS Batch has no compute environment ${name} in ${access.region}.`);
    const given = environment.launchTemplate;
    if (given === null) {
      throw unfit(
        `Compute environment ${name} has no launch template. Make one in EC2 and name it in the environment, then ask again.`,
      );
    }
    const version = await this.ec2.launchTemplateVersion(access, given, given.version);
    if (version === null)
      throw unfit(
        `EC2 does not have the launch template ${name} names: ${given.id ?? given.name}, version ${given.version}.`,
      );
    const userData = this.readable(version, () => decodeForMerge(version.userData));
    return { id: version.id, name: version.name, named: given.version, versionNumber: version.versionNumber, userData };
  }

  /** The whole user data of the new version. Throws `launch-template-unfit`, `public-url-missing`, `agent-not-packaged`. */
  async merged(environment: PlannedEnvironment, template: NamedLaunchTemplate, joinToken: string): Promise<string> {
    const ours = await this.userData.parts(environment, this.server(), joinToken);
    const merged = this.readable(template, () => mergeUserData(template.userData, ours));
    const bytes = Buffer.byteLength(merged);
    if (bytes > USER_DATA_LIMIT_BYTES) {
      throw unfit(
        `With ours, the user data of ${described(template)} would have ${bytes} bytes; EC2 takes ${USER_DATA_LIMIT_BYTES}. Move some of your own parts to a file that they fetch.`,
      );
    }
    return merged;
  }

  private server(): ServerIdentity {
    const identity = this.address.identity('localhost');
    if (identity.configured) return identity;
    throw new DomainError(
      'public-url-missing',
      'The server does not know the address under which hosts reach it. Set BATCHPOINT_PUBLIC_URL, for example to https://batchpoint.internal:8080.',
    );
  }

  private readable<T>(template: { name: string; versionNumber: number }, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof UserDataError)) throw error;
      throw unfit(
        `The user data of ${described(template)} cannot be added to: ${error.message}. Make it MIME multi-part first.`,
      );
    }
  }
}

const described = ({ name, versionNumber }: { name: string; versionNumber: number }): string =>
  `launch template ${name}, version ${versionNumber},`;

function unfit(detail: string): DomainError {
  return new DomainError('launch-template-unfit', detail);
}
