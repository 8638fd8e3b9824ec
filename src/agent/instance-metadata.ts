import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { HostFacts } from '../protocol/host-facts.js';

/** The address of IMDS on EC2; the variable is the one the AWS SDKs know. */
const IMDS = process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] ?? 'http://169.254.169.254';
const TIMEOUT_MS = 2000;

const identityDocument = z.object({
  instanceId: z.string(),
  instanceType: z.string(),
  region: z.string(),
  availabilityZone: z.string(),
});

/** This EC2 instance, by IMDSv2; null off EC2, and on it when IMDS is switched off or does not answer. */
export async function instanceIdentity(): Promise<HostFacts['instance']> {
  if (process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] === undefined && !isEc2()) return null;
  try {
    const token = await request('PUT', '/latest/api/token', { 'x-aws-ec2-metadata-token-ttl-seconds': '60' });
    const text = await request('GET', '/latest/dynamic/instance-identity/document', {
      'x-aws-ec2-metadata-token': token,
    });
    return identityDocument.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

async function request(method: string, path: string, headers: Record<string, string>): Promise<string> {
  const response = await fetch(IMDS + path, { method, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`IMDS answered ${response.status}`);
  return response.text();
}

/** Asked of the firmware first: elsewhere the link-local address may hang, or be another cloud's. */
function isEc2(): boolean {
  return ['/sys/class/dmi/id/sys_vendor', '/sys/class/dmi/id/board_vendor', '/sys/hypervisor/uuid'].some((path) => {
    try {
      const text = readFileSync(path, 'utf8');
      return /amazon ec2/i.test(text) || /^ec2/i.test(text);
    } catch {
      return false;
    }
  });
}
