import { Module } from '@nestjs/common';
import { AwsModule } from '../aws/aws.module.js';
import { ComputeEnvironmentsModule } from '../compute-environments/compute-environments.module.js';
import { JoinTokensModule } from '../join-tokens/join-tokens.module.js';
import { OperationsModule } from '../operations/operations.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { AgentExecutables } from './agent-executables.js';
import { DownloadsController } from './downloads.controller.js';
import { EnvironmentDeploymentController } from './environment-deployment.controller.js';
import { InstallScripts } from './install-scripts.service.js';
import { LaunchTemplatePlanner } from './launch-templates/launch-template-planner.js';
import { LaunchTemplateVersionsService } from './launch-templates/launch-template-versions.service.js';
import { ScriptsController } from './scripts.controller.js';
import { ServerAddress } from './server-address.js';
import { UserDataService } from './user-data/user-data.service.js';

/** What puts the agent on hosts. */
@Module({
  imports: [AwsModule, ComputeEnvironmentsModule, JoinTokensModule, OperationsModule, StorageModule],
  controllers: [EnvironmentDeploymentController, ScriptsController, DownloadsController],
  providers: [
    AgentExecutables,
    InstallScripts,
    LaunchTemplatePlanner,
    LaunchTemplateVersionsService,
    ServerAddress,
    UserDataService,
  ],
})
export class DeploymentModule {}
