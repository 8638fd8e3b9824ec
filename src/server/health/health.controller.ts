import { Header, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ApiResource, Read, ReadText } from '../common/api.decorators.js';
import { registry } from '../metrics/http-metrics.js';
import { version } from '../version.js';
import { LivenessDto, ReadinessDto, VersionDto } from './dto/health.dto.js';
import { HealthService } from './health.service.js';

@ApiResource('', 'Health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Read({ id: 'getLiveness', summary: 'Is the process alive', description: 'Never asks the database.', role: 'public', path: 'livez', type: LivenessDto })
  live(): LivenessDto {
    return { status: 'ok' };
  }

  @Read({
    id: 'getReadiness',
    summary: 'Can the server do its work',
    description: '503 with the same body when it cannot: no database, or migrations still to run.',
    role: 'public',
    path: 'readyz',
    type: ReadinessDto,
  })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<ReadinessDto> {
    const readiness = await this.health.readiness();
    if (readiness.status !== 'ok') reply.raw.statusCode = 503;
    return readiness;
  }

  @Read({ id: 'getVersion', summary: 'Read the version', role: 'public', path: 'version', type: VersionDto })
  version(): VersionDto {
    return { version: version(), node: process.version };
  }

  @ReadText({
    id: 'getMetrics',
    summary: 'Read the metrics, for Prometheus',
    role: 'public',
    path: 'metrics',
    mediaType: 'text/plain',
    example: '# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 123456789\n',
  })
  @Header('content-type', registry.contentType)
  metrics(): Promise<string> {
    return registry.metrics();
  }
}
