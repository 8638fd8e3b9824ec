/**
 * Every `code` an error answer may carry. Features add theirs here (kebab-case, under their own heading), with the one
 * status it always comes with, a title that never changes, and how loudly the server logs it.
 * `docs/errors.md` explains each; a test holds the two together.
 */
export const ERROR_CODES = {
  // the request itself
  'malformed-request': { status: 400, title: 'The request could not be read', log: 'debug' },
  'validation-failed': { status: 400, title: 'The request has invalid fields', log: 'debug' },
  'invalid-page-token': { status: 400, title: 'The page token does not belong to this list', log: 'debug' },
  unauthenticated: { status: 401, title: 'Credentials are missing or not valid', log: 'info' },
  forbidden: { status: 403, title: 'The credentials do not allow this', log: 'info' },
  'route-not-found': { status: 404, title: 'There is no such route', log: 'debug' },
  'not-found': { status: 404, title: 'There is no such resource', log: 'debug' },
  'body-too-large': { status: 413, title: 'The request body is too large', log: 'info' },
  'uri-too-long': { status: 414, title: 'The path is too long', log: 'info' },
  'unsupported-media-type': { status: 415, title: 'The request body has an unsupported type', log: 'debug' },
  'request-timed-out': { status: 408, title: 'The request took too long to arrive', log: 'info' },
  // writing
  'name-taken': { status: 409, title: 'The name is already in use', log: 'debug' },
  'in-use': { status: 409, title: 'Something else still refers to this resource', log: 'debug' },
  'invalid-state': { status: 409, title: 'The resource is not in a state that allows this', log: 'debug' },
  conflict: { status: 409, title: 'The change conflicts with another one', log: 'info' },
  'version-mismatch': { status: 412, title: 'The resource has changed since it was read', log: 'debug' },
  'idempotency-key-in-use': { status: 409, title: 'A request with this idempotency key is still running', log: 'info' },
  'idempotency-key-reused': { status: 422, title: 'The idempotency key was used with another request', log: 'info' },
  // the server
  'internal-error': { status: 500, title: 'The server made a mistake', log: 'error' },
  'database-unavailable': { status: 503, title: 'The database cannot be reached', log: 'error' },
  'not-ready': { status: 503, title: 'The server cannot do its work', log: 'warn' },
  'shutting-down': { status: 503, title: 'The server is shutting down', log: 'info' },
  // tokens
  'last-admin-token': { status: 409, title: 'The last admin token cannot be deleted', log: 'info' },
  'join-token-spent': { status: 403, title: 'The join token has expired or is used up', log: 'info' },
  // storages and compute environments
  'no-hosts-online': { status: 409, title: 'No host that could do this is online', log: 'debug' },
  // instance types
  'built-in-group': { status: 409, title: 'Built-in compatibility groups do not change', log: 'debug' },
  // secrets
  'secret-key-missing': { status: 409, title: 'The server has no key to encrypt secrets with', log: 'warn' },
  'secret-key-wrong': { status: 409, title: 'A secret was encrypted with a key the server does not have', log: 'warn' },
  // deployment
  'environment-not-in-aws': { status: 409, title: 'The environment is known by its name only', log: 'debug' },
  'launch-template-unfit': { status: 409, title: 'The launch template cannot be used for this', log: 'debug' },
  'public-url-missing': { status: 409, title: 'The server does not know its own address', log: 'info' },
  'agent-not-packaged': { status: 409, title: 'The server has no executable of the agent', log: 'warn' },
  // AWS
  'aws-rejected': { status: 422, title: 'AWS refused the request', log: 'info' },
  'aws-not-found': { status: 422, title: 'AWS has no such thing', log: 'info' },
  'aws-access-denied': { status: 502, title: 'AWS does not allow this to the server', log: 'warn' },
  'aws-credentials-invalid': { status: 502, title: 'AWS does not take the credentials', log: 'warn' },
  'aws-answer-unreadable': { status: 502, title: 'The answer is not one of AWS', log: 'warn' },
  'aws-failed': { status: 502, title: 'AWS failed', log: 'warn' },
  'aws-unreachable': { status: 503, title: 'AWS does not answer', log: 'warn' },
  'aws-throttled': { status: 503, title: 'AWS is limiting calls', log: 'warn' },
  // hosts, jobs, checkpoints, restores, operations
  'stale-agent-session': { status: 409, title: 'A newer process of this agent has taken over', log: 'info' },
  'host-offline': { status: 409, title: 'The host is not in contact', log: 'debug' },
  'job-not-running': { status: 409, title: 'The job is not running', log: 'debug' },
  'job-still-running': { status: 409, title: 'The job is running', log: 'debug' },
  'job-unprotected': { status: 409, title: 'The job cannot be checkpointed', log: 'debug' },
  'checkpoint-in-progress': { status: 409, title: 'A checkpoint of this job is already under way', log: 'debug' },
  'checkpoint-not-committed': { status: 409, title: 'The checkpoint has no image to work with', log: 'debug' },
  'checkpoint-pinned': { status: 409, title: 'The checkpoint is pinned', log: 'debug' },
  'last-restorable-checkpoint': {
    status: 409,
    title: 'This is the last image the running job can restore from',
    log: 'debug',
  },
  'restore-in-progress': { status: 409, title: 'A restore of this job is already under way', log: 'debug' },
  'no-restore-target': { status: 409, title: 'No host can take this image', log: 'debug' },
  'operation-in-progress': { status: 409, title: 'Such an operation is already under way', log: 'debug' },
  'operation-not-cancellable': { status: 409, title: 'The operation can no longer be cancelled', log: 'debug' },
} as const satisfies Record<string, { status: number; title: string; log: 'debug' | 'info' | 'warn' | 'error' }>;

export type ErrorCode = keyof typeof ERROR_CODES;
