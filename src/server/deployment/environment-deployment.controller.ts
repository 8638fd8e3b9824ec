import { Header, Param } from '@nestjs/common';
import { Accepted, ApiResource, ReadText } from '../common/api.decorators.js';
import { OperationDto } from '../operations/dto/operation.dto.js';
import { LaunchTemplateVersionsService } from './launch-templates/launch-template-versions.service.js';
import { RequestHost } from './request-host.js';
import { UserDataService } from './user-data/user-data.service.js';

const USER_DATA_EXAMPLE = `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="==BATCHPOINT=="

--==BATCHPOINT==
Content-Type: text/x-shellscript; charset="utf-8"

#!/bin/sh
# batchpoint-user-data v1
--==BATCHPOINT==--
`;

@ApiResource('compute-environments', 'Compute environments')
export class EnvironmentDeploymentController {
  constructor(
    private readonly userData: UserDataService,
    private readonly versions: LaunchTemplateVersionsService,
  ) {}

  @ReadText({
    id: 'getComputeEnvironmentUserData',
    summary: "Get the user data of a compute environment's hosts",
    description:
      'MIME multi-part, as AWS Batch takes it, for Amazon Linux 2023 optimised for ECS: mounts the storage, sets up ECS, and installs the agent with ' +
      'its runtime. Holds no secret: put a join token of the environment in place of `@JOIN_TOKEN@`, or let ' +
      '`POST /compute-environments/{id}/launch-template-versions` make one and do the rest.',
    path: ':id/user-data',
    role: 'viewer',
    mediaType: 'text/plain',
    example: USER_DATA_EXAMPLE,
    errors: ['agent-not-packaged'],
  })
  @Header('content-type', 'text/plain; charset=utf-8')
  getUserData(@Param('id') id: string, @RequestHost() host: string | undefined): Promise<string> {
    return this.userData.forPeople(id, host);
  }

  @Accepted({
    id: 'createLaunchTemplateVersion',
    summary: "Install the agent by a compute environment's launch template",
    description:
      "Makes a version of the environment's launch template in EC2, like the one in use but for the user data: your own parts stay, those of " +
      'Batchpoint are added or replaced, with a join token made for it. Then points the environment at it; where the environment names `$Default`, makes it ' +
      'the default version instead. With `dryRun=true` only `result` of the answer comes of it: the lines that would change. When the second step fails, the ' +
      'failure says which version was made.',
    path: ':id/launch-template-versions',
    role: 'admin',
    type: OperationDto,
    dryRun: true,
    errors: [
      'agent-not-packaged',
      'environment-not-in-aws',
      'launch-template-unfit',
      'public-url-missing',
      'operation-in-progress',
    ],
  })
  createLaunchTemplateVersion(@Param('id') id: string): Promise<OperationDto> {
    return this.versions.start(id);
  }
}
