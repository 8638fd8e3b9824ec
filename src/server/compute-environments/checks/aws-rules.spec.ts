import type { AwsEnvironment } from '../aws-environment.js';
import { AWS_FINDING_CODES } from '../environment-finding.js';
import { USER_DATA_MARKER } from '../user-data-marker.js';
import { configurationFindings } from './aws-configuration.rules.js';
import { freshnessFindings, STALE_AFTER_MS } from './aws-freshness.rules.js';
import { launchTemplateFindings } from './launch-template.rules.js';

const template = {
  id: 'lt-1',
  name: 'batchpoint-spot',
  version: '$Latest',
  versionNumber: 3,
  userData: `${USER_DATA_MARKER}\nECS_ENABLE_SPOT_INSTANCE_DRAINING=true\nECS_CONTAINER_STOP_TIMEOUT=2m\n`,
  imageId: null,
  securityGroupIds: [],
  rootVolumeBytes: null,
};
const GOOD: AwsEnvironment = {
  arn: 'arn:aws:batch:us-east-1:123456789012:compute-environment/spot',
  managed: true,
  state: 'ENABLED',
  status: 'VALID',
  statusReason: 'ComputeEnvironment Healthy',
  resourceType: 'SPOT',
  allocationStrategy: 'SPOT_CAPACITY_OPTIMIZED',
  minvCpus: 0,
  maxvCpus: 64,
  instanceTypes: ['m6i'],
  instanceRole: null,
  subnets: [],
  securityGroupIds: [],
  launchTemplate: template,
  lostLaunchTemplate: null,
  imageId: null,
  imageType: null,
  ecsClusterArn: null,
  jobQueues: [{ arn: 'q', name: 'q', state: 'ENABLED', priority: 1 }],
};
const find = (changes: Partial<AwsEnvironment>) => {
  const aws = { ...GOOD, ...changes };
  return [...configurationFindings('spot', aws), ...launchTemplateFindings('spot', aws)];
};

describe('what AWS says of an environment', () => {
  it('gives no finding when nothing stands in the way', () => {
    expect(find({})).toEqual([]);
  });

  // The emulator's environments are always VALID; the words are those of AWS (AWS Batch user guide, "Troubleshooting").
  it('environment-invalid: with the reason', () => {
    const statusReason = 'CLIENT_ERROR - The role with name x cannot be found.';
    expect(find({ status: 'INVALID', statusReason })).toMatchObject([
      { code: 'environment-invalid', severity: 'error', message: expect.stringContaining(statusReason) },
    ]);
    expect(find({ status: 'INVALID', statusReason: null })[0]!.message).toContain('it gives no reason');
    expect(find({ status: 'UPDATING' })).toEqual([]);
  });

  it('asks nothing of the instances of an unmanaged one', () => {
    expect(find({ managed: false, resourceType: null, allocationStrategy: null, launchTemplate: null })).toEqual([]);
  });

  it.each([
    ['2m', false],
    ['120s', false],
    ['1h', false],
    ['119s', true],
    ['soon', false],
  ])('a stop timeout of %s is too short: %s', (timeout, tooShort) => {
    const userData = template.userData.replace('TIMEOUT=2m', `TIMEOUT=${timeout}`);
    const codes = find({ launchTemplate: { ...template, userData } }).map(({ code }) => code);
    expect(codes).toEqual(tooShort ? ['ecs-stop-timeout-short'] : []);
  });

  it('says that user data is missing, and then nothing more of it', () => {
    expect(find({ launchTemplate: { ...template, userData: null } })).toMatchObject([
      { code: 'launch-template-without-agent', message: expect.stringContaining('there is none') },
    ]);
  });

  it('is stale when it was not read for long, or could not be', () => {
    const now = new Date();
    const ago = (ms: number): Date => new Date(now.getTime() - ms);
    expect(freshnessFindings({ syncedAt: ago(STALE_AFTER_MS - 1), syncFailure: null }, now)).toEqual([]);
    expect(freshnessFindings({ syncedAt: ago(STALE_AFTER_MS), syncFailure: null }, now)).toHaveLength(1);
    expect(freshnessFindings({ syncedAt: ago(1), syncFailure: 'denied' }, now)[0]!.message).toContain('denied');
  });

  it('has codes that are each listed once', () => {
    expect(new Set(AWS_FINDING_CODES).size).toBe(AWS_FINDING_CODES.length);
  });
});
