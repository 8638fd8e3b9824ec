import { Header } from '@nestjs/common';
import { ApiResource, Read, ReadText } from '../common/api.decorators.js';
import { registry } from '../metrics/http-metrics.js';
import { version } from '../version.js';
import { LivenessDto, ReadinessDto, VersionDto } from './dto/health.dto.js';
import { HealthService } from './health.service.js';

@ApiResource('', 'Health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Read({
    id: 'getLiveness',
    summary: 'Is the process alive',
    description: 'Never asks the database.',
    role: 'public',
    path: 'livez',
    type: LivenessDto,
    etag: false,
  })
  live(): LivenessDto {
    return { status: 'ok' };
  }

  @Read({
    id: 'getReadiness',
    summary: 'Can the server do its work',
    description: 'Asks the database, and whether it has run all migrations of this build.',
    role: 'public',
    path: 'readyz',
    type: ReadinessDto,
    etag: false,
    errors: ['not-ready'],
  })
  ready(): Promise<ReadinessDto> {
    return this.health.readiness();
  }

  @Read({
    id: 'getVersion',
    summary: 'Read the version',
    role: 'public',
    path: 'version',
    type: VersionDto,
    etag: false,
  })
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
