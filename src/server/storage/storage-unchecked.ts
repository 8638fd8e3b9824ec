import type { AwsError } from '../aws/aws-error.js';
import type { StorageFinding } from './storage-finding.js';

/** AWS could not be asked, which is no proof of anything. */
export function unchecked(what: string, error: AwsError): StorageFinding {
  return {
    severity: 'warning',
    code: 'storage-unchecked',
    message: `It could not be checked ${what}: ${error.message}`,
    why: 'What is wrong there shows only when a host cannot mount the storage.',
    remedy: `Allow ${error.action}: GET /api/v1/storages/{id}/requirements names all actions. Or see what keeps the server from AWS.`,
  };
}
