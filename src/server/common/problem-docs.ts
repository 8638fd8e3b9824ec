import { ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ERROR_CODES, type ErrorCode } from './error-codes.js';
import { ProblemDto, problemExample } from './problem.dto.js';

/** The answers of a route that are problems: one a status, with the codes it may carry, and one for all that any route may answer. */
export function problemDocs(codes: ErrorCode[]): MethodDecorator[] {
  const byStatus = Map.groupBy(codes, (code) => ERROR_CODES[code].status);
  const documented = [...byStatus].map(([status, group]) =>
    ApiResponse({
      status,
      description: group.map((code) => `\`${code}\`: ${ERROR_CODES[code].title}.`).join('\n'),
      content: problemContent(group),
    }),
  );
  const other = ApiResponse({
    status: 'default',
    description:
      'Any other problem: `internal-error`, `database-unavailable`, `shutting-down`; where AWS is asked, the codes that begin with `aws-`.',
    content: problemContent(['internal-error', 'database-unavailable', 'shutting-down', 'aws-access-denied']),
  });
  return [...documented, other];
}

function problemContent(codes: ErrorCode[]): Record<string, object> {
  const examples = Object.fromEntries(codes.map((code) => [code, { value: problemExample(code) }]));
  return { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemDto) }, examples } };
}
