/**
 * Writes the catalogue of instance types a release brings along (src/server/instance-catalog/snapshot). Asks EC2's
 * DescribeInstanceTypes, with the SDK's own settings (AWS_REGION, credentials, AWS_ENDPOINT_URL):
 *
 *   AWS_REGION=us-east-1 npm run instance-types -- "EC2 DescribeInstanceTypes, us-east-1" 2026-10-28
 *
 * The arguments say where the answer comes from and of which day it is (today when left out).
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const built = (path) => import(join(root, 'dist/src/server', path));
const { AwsClients } = await built('aws/aws-clients.js');
const { Ec2Api } = await built('aws/ec2.api.js');
const { toInstanceType } = await built('instance-catalog/described-instance-type.js');
const { writeSnapshot } = await built('instance-catalog/instance-type-snapshot.js');

const region = process.env.AWS_REGION ?? 'us-east-1';
const [source = `EC2 DescribeInstanceTypes, ${region}`, day = new Date().toISOString().slice(0, 10)] =
  process.argv.slice(2);
const clients = new AwsClients();
const described = await new Ec2Api(clients).describeInstanceTypes({ region, roleArn: null, externalId: null });
clients.onApplicationShutdown();
const types = described.map(toInstanceType).filter((type) => type !== null);
const file = join(root, 'src/server/instance-catalog/snapshot/instance-types.json');
const text = writeSnapshot(source, `${day}T00:00:00.000Z`, types);
writeFileSync(file, text);
console.error(`${types.length} instance types, ${text.length} bytes, in ${file}`);
