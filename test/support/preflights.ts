import { Database } from '../../src/server/database/database.js';
import type { PreflightSectionDto } from '../../src/server/preflight/dto/preflight-section.dto.js';
import type { PreflightDto } from '../../src/server/preflight/dto/preflight.dto.js';
import type { TestApp } from './test-app.js';

/** Starts a preflight and waits for its report. */
export async function preflight(server: TestApp, body: object = {}): Promise<PreflightDto> {
  const started = await server.api('post', '/preflights').send(body).expect(202);
  const href = (started.body as { resource: { href: string } }).resource.href.replace('/api/v1', '');
  const { body: report } = await server.api('get', `${href}?wait=55s`).expect(200);
  return report as PreflightDto;
}

/** The section of a check that is about the environment; null: about the server itself. */
export function section(report: PreflightDto, check: string, environmentId: string | null): PreflightSectionDto {
  const ids = ({ computeEnvironments }: PreflightSectionDto): string[] => computeEnvironments.map(({ id }) => id);
  const found = report.sections.find(
    (each) =>
      each.check === check && (environmentId === null ? ids(each).length === 0 : ids(each).includes(environmentId)),
  );
  if (found !== undefined) return found;
  const there = report.sections.map((each) => `${each.check} of ${ids(each).join(', ') || 'the server'}`);
  throw new Error(`there is no section ${check} of ${environmentId ?? 'the server'}, only ${there.join('; ')}`);
}

/** Registers an environment that is in AWS. */
export async function environmentInAws(
  server: TestApp,
  name: string,
  { roleArn = null, externalId = null }: { roleArn?: string | null; externalId?: string | null } = {},
): Promise<string> {
  const { body } = await server.api('post', '/compute-environments').send({ name }).expect(201);
  const { id } = body as { id: string };
  await server.app
    .get(Database)
    .manager.query('update compute_environments set region = $2, role_arn = $3, external_id = $4 where id = $1', [
      id,
      'us-east-1',
      roleArn,
      externalId,
    ]);
  return id;
}
