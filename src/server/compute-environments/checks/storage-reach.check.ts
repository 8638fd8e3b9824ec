import { Injectable } from '@nestjs/common';
import { StorageReachability } from '../../storage/storage-reachability.js';
import type { CheckedEnvironment, EnvironmentCheck } from '../environment-check.js';
import type { EnvironmentFinding } from '../environment-finding.js';

/** Whether its hosts reach its storage from the subnets and with the security groups they get. */
@Injectable()
export class StorageReachCheck implements EnvironmentCheck {
  readonly subject = 'the way from its subnets to its storage';

  constructor(private readonly reachability: StorageReachability) {}

  async findings({ storageId, access, aws }: CheckedEnvironment): Promise<EnvironmentFinding[]> {
    if (storageId === null || access === null || aws === null) return [];
    // Groups of the launch template take the place of the environment's own (AWS Batch user guide, launch template support).
    const ofTemplate = aws.launchTemplate?.securityGroupIds ?? [];
    const securityGroupIds = ofTemplate.length > 0 ? ofTemplate : aws.securityGroupIds;
    return this.reachability.findings(storageId, { access, subnets: aws.subnets, securityGroupIds });
  }
}
