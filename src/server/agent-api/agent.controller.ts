import { Body, Headers, Param } from '@nestjs/common';
import { Caller, type AgentPrincipal, type JoinTokenPrincipal } from '../auth/principal.js';
import { CommandQueue } from '../commands/command-queue.js';
import { CommandsService } from '../commands/commands.service.js';
import { ApiResource, Call, Create, Place, Read } from '../common/api.decorators.js';
import { requestContext } from '../common/request-context.js';
import { HostSessionsService } from '../hosts/host-sessions.service.js';
import { AgentCaller, type AgentCallerInfo, InSession } from './agent-caller.js';
import { AgentSessionsService } from './agent-sessions.service.js';
import { toCommandResult } from './command-result.js';
import { CommandListDto, CommandResultDto } from './dto/command.dto.js';
import { EnrolledHostDto, EnrolmentDto } from './dto/enrolment.dto.js';
import { HeartbeatAnswerDto, HeartbeatDto } from './dto/heartbeat.dto.js';
import { ReportBatchDto, ReportResultDto } from './dto/report.dto.js';
import { AgentSessionDto, OpenSessionDto } from './dto/session.dto.js';
import { ReportsService } from './reports.service.js';

/** What agents call; the contract is `protocol/agent-api.ts`. */
@ApiResource('agent', 'Agent')
export class AgentController {
  constructor(
    private readonly sessions: AgentSessionsService,
    private readonly hosts: HostSessionsService,
    private readonly queue: CommandQueue,
    private readonly commands: CommandsService,
    private readonly reports: ReportsService,
  ) {}

  @Create({
    id: 'enrolHost',
    summary: 'Become a host',
    path: 'enrolments',
    role: 'join-token',
    body: EnrolmentDto,
    type: EnrolledHostDto,
    location: (host: EnrolledHostDto) => `/api/v1/hosts/${host.hostId}`,
    errors: ['join-token-spent'],
  })
  enrol(@Caller() caller: JoinTokenPrincipal, @Body() body: EnrolmentDto): Promise<EnrolledHostDto> {
    return this.sessions.enrol(caller, body);
  }

  @Create({
    id: 'openAgentSession',
    summary: 'Start a session',
    description: 'Once a process start. Sessions before it are stale from then on.',
    path: 'sessions',
    role: 'agent',
    body: OpenSessionDto,
    type: AgentSessionDto,
  })
  open(@Caller() { hostId }: AgentPrincipal, @Body() body: OpenSessionDto): Promise<AgentSessionDto> {
    return this.sessions.open(hostId, body);
  }

  @InSession()
  @Call({
    id: 'sendHeartbeat',
    summary: 'Say that the host is there',
    description: '`If-None-Match`: the revision of the configuration the agent has; a newer one comes with the answer.',
    path: 'heartbeats',
    role: 'agent',
    body: HeartbeatDto,
    type: HeartbeatAnswerDto,
    errors: ['stale-agent-session'],
  })
  heartbeat(
    @AgentCaller() caller: AgentCallerInfo,
    @Body() body: HeartbeatDto,
    @Headers('if-none-match') revision: string | undefined,
  ): Promise<HeartbeatAnswerDto> {
    return this.sessions.heartbeat(caller, body, revision?.replace(/^"(.*)"$/, '$1'));
  }

  @InSession()
  @Read({
    id: 'takeCommands',
    summary: 'Wait for commands',
    description: 'Answers at once when any are due. What has no result is given again, to the newest session.',
    path: 'commands',
    role: 'agent',
    type: CommandListDto,
    wait: true,
    etag: false,
    errors: ['stale-agent-session'],
  })
  async takeCommands(@AgentCaller() { hostId, session }: AgentCallerInfo): Promise<CommandListDto> {
    const waitMs = requestContext()?.waitMs ?? 0;
    return { items: await this.queue.take(hostId, session, waitMs, () => this.hosts.check(hostId, session)) };
  }

  @InSession()
  @Place({
    id: 'putCommandResult',
    summary: 'Say how a command ended',
    description: 'The first result counts; the same again is harmless.',
    path: 'commands/:id/result',
    role: 'agent',
    body: CommandResultDto,
    errors: ['stale-agent-session'],
  })
  async putCommandResult(
    @AgentCaller() { hostId, session }: AgentCallerInfo,
    @Param('id') id: string,
    @Body() body: CommandResultDto,
  ): Promise<void> {
    await this.hosts.check(hostId, session);
    await this.commands.complete(hostId, id, toCommandResult(body));
  }

  @InSession()
  @Call({
    id: 'sendReports',
    summary: 'Report what happened',
    description: 'At most 200 at a time. Those seen before are dropped, so a batch may be sent again.',
    path: 'reports',
    role: 'agent',
    body: ReportBatchDto,
    type: ReportResultDto,
    errors: ['stale-agent-session'],
  })
  sendReports(@AgentCaller() caller: AgentCallerInfo, @Body() body: ReportBatchDto): Promise<ReportResultDto> {
    return this.reports.take(caller, body.items);
  }
}
