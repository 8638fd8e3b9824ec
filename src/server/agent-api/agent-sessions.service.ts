import { Injectable } from '@nestjs/common';
import type {
  AgentConfig,
  EnrolmentRequest,
  EnrolmentResponse,
  HeartbeatRequest,
  SessionRequest,
} from '../../protocol/agent-api.js';
import type { JoinTokenPrincipal } from '../auth/principal.js';
import { CheckpointReader } from '../checkpoints/checkpoint-reader.js';
import { AgentConfigService } from '../compute-environments/agent-config.service.js';
import { HostSessionsService } from '../hosts/host-sessions.service.js';
import { JobsService } from '../jobs/jobs.service.js';
import { JoinTokensService } from '../join-tokens/join-tokens.service.js';
import { SettingsService } from '../settings/settings.service.js';
import type { AgentCallerInfo } from './agent-caller.js';
import type { AgentConfigDto } from './dto/agent-config.dto.js';
import type { HeartbeatAnswerDto } from './dto/heartbeat.dto.js';
import type { AgentSessionDto } from './dto/session.dto.js';

/** Shorter than common proxies' idle time-outs. */
const POLL_SECONDS = 25;

/** Enrolment, sessions and heartbeats, with the configuration they hand out. */
@Injectable()
export class AgentSessionsService {
  constructor(
    private readonly joinTokens: JoinTokensService,
    private readonly hosts: HostSessionsService,
    private readonly jobs: JobsService,
    private readonly checkpoints: CheckpointReader,
    private readonly configs: AgentConfigService,
    private readonly settings: SettingsService,
  ) {}

  async enrol(caller: JoinTokenPrincipal, request: EnrolmentRequest): Promise<EnrolmentResponse> {
    await this.joinTokens.consume(caller.joinTokenId);
    return this.hosts.enrol(request, caller.computeEnvironmentId);
  }

  async open(hostId: string, request: SessionRequest): Promise<AgentSessionDto> {
    const session = await this.hosts.open(hostId, request);
    return { session, config: await this.configOf(hostId) };
  }

  /** `revision`: of the configuration the agent has. */
  async heartbeat(
    { hostId, session }: AgentCallerInfo,
    request: HeartbeatRequest,
    revision: string | undefined,
  ): Promise<HeartbeatAnswerDto> {
    await this.hosts.heartbeat(hostId, session, request);
    if (request.unsentReports === 0) await this.jobs.confirm(hostId);
    const config = await this.configOf(hostId);
    return { config: config.revision === revision ? null : config };
  }

  private async configOf(hostId: string): Promise<AgentConfigDto> {
    const { heartbeatSeconds } = await this.settings.rhythm();
    const computeEnvironmentId = await this.hosts.computeEnvironmentOf(hostId);
    const pinnedCheckpoints = await this.checkpoints.pinnedFor(hostId);
    const rhythm = { heartbeatSeconds, pollSeconds: POLL_SECONDS };
    const config: AgentConfig = await this.configs.forHost({ id: hostId, computeEnvironmentId }, rhythm, {
      pinnedCheckpoints,
    });
    return { ...config, pinnedCheckpoints };
  }
}
