import { DomainError } from '../common/domain-error.js';
import type { ErrorCode } from '../common/error-codes.js';

export type AwsErrorCode = Extract<ErrorCode, `aws-${string}`>;

/**
 * AWS did not do what was asked. `action` is the IAM action of the call (`batch:DescribeJobs`), `awsCode` AWS's own code
 * (`AccessDeniedException`; null when no answer came or it was none of AWS's).
 */
export class AwsError extends DomainError {
  constructor(
    override readonly code: AwsErrorCode,
    detail: string,
    readonly action: string,
    readonly awsCode: string | null,
    options: { cause?: unknown; headers?: Record<string, string> } = {},
  ) {
    super(code, detail, options);
    this.name = 'AwsError';
  }
}

const DENIED =
  /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|Client\.UnauthorizedOperation|AuthorizationError|NotAuthorized|ForbiddenException)$/;
const CREDENTIALS =
  /^(CredentialsProviderError|TokenProviderError|ExpiredToken|ExpiredTokenException|InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|InvalidSignatureException|AuthFailure|InvalidAccessKeyId|MissingAuthenticationToken|MissingAuthenticationTokenException)$/;
const THROTTLED =
  /^(Throttling|ThrottlingException|ThrottledException|RequestThrottled|RequestLimitExceeded|TooManyRequestsException|SlowDown|PriorRequestNotComplete|BandwidthLimitExceeded|LimitExceededException)$/;
const MISSING =
  /(NotFound|NotFoundFault|NotFoundException|DoesNotExist|NonExistentQueue|NoSuchEntity|NoSuchEntityException|NoSuchBucket|NoSuchKey|NoSuchResourceException|\.NotFound)$/;
/** Of the system or the SDK's HTTP handler: nothing answered, or not in time. */
const UNREACHABLE =
  /^(ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|TimeoutError|NetworkingError|RequestTimeout|AbortError)$/;

/** Whatever a call through the SDK ended with, as one of ours. An answer that is none of AWS's (an HTML page, XML for JSON) is one too. */
export function toAwsError(action: string, error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  const { name = '', message = '', code, Code } = (error ?? {}) as Record<string, string | undefined>;
  const metadata = (error as { $metadata?: { httpStatusCode?: number; requestId?: string } } | null)?.$metadata;
  const status =
    metadata?.httpStatusCode ?? (error as { $response?: { statusCode?: number } } | null)?.$response?.statusCode;
  const names = [Code, code, name].filter((word) => typeof word === 'string' && word !== '' && word !== 'Error');
  const is = (pattern: RegExp): boolean => names.some((word) => pattern.test(word!));
  const awsCode = names[0] ?? null;
  const said = `${awsCode === null || message.startsWith(awsCode) ? '' : `${awsCode}: `}${oneLine(message)}`;
  const make = (kind: AwsErrorCode, detail: string, headers?: Record<string, string>): AwsError =>
    new AwsError(kind, detail, action, awsCode, { cause: error, headers });

  if (is(CREDENTIALS)) {
    return make(
      'aws-credentials-invalid',
      `AWS does not take the credentials ${action} was called with (${said}). Give the server a role or credentials that are valid, or correct the resource's roleArn and externalId.`,
    );
  }
  if (is(THROTTLED)) {
    return make('aws-throttled', `AWS is limiting calls of ${action} (${said}); try again in a while.`, {
      'retry-after': '30',
    });
  }
  // Without a status there was no answer, whatever the SDK calls that.
  if (is(UNREACHABLE) || (status === undefined && !isUnreadable(names, message))) {
    return make(
      'aws-unreachable',
      `AWS did not answer ${action} (${said || 'no connection'}). Check the server's way out to the network, and the region.`,
      { 'retry-after': '10' },
    );
  }
  // A denied call is answered in another language than the SDK reads by some gateways: then only the status tells.
  if (is(DENIED) || status === 403) {
    return make(
      'aws-access-denied',
      `AWS does not allow ${action} to the server's role (${said}). Allow the action; GET /api/v1/preflights/iam-policy gives the policy.`,
    );
  }
  if (is(MISSING)) return make('aws-not-found', `AWS answered ${action} with: ${said}`);
  if (isUnreadable(names, message)) {
    return make(
      'aws-answer-unreadable',
      `The answer to ${action} is not one of AWS's (status ${status ?? 'unknown'}: ${oneLine(message)}). Is a proxy, or another endpoint (AWS_ENDPOINT_URL), between the server and AWS?`,
    );
  }
  if (status! >= 500) {
    return make('aws-failed', `AWS failed at ${action} (${said || `status ${status}`}); try again.`, {
      'retry-after': '10',
    });
  }
  return make('aws-rejected', `AWS refused ${action}: ${said}`);
}

/** What the SDK's parsers say of a body in another language. */
function isUnreadable(names: readonly unknown[], message: string): boolean {
  return (
    names.includes('SyntaxError') ||
    /Unexpected token|is not valid JSON|Deserialization error|closing tag|Unclosed|XMLParser|char .* is not expected/i.test(
      message,
    )
  );
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}...` : line;
}
