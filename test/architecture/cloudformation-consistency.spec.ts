import { BUILT_IN_GROUPS, membersOf } from '../../src/server/instance-catalog/built-in-groups.js';
import { Catalogue } from '../../src/server/instance-catalog/catalogue.js';
import { readSnapshot } from '../../src/server/instance-catalog/instance-type-snapshot.js';
import type { Functionality } from '../../src/server/preflight/iam/functionality.js';
import { policyDocumentFor } from '../../src/server/preflight/iam/least-privilege.js';
import type { PolicyScope } from '../../src/server/preflight/iam/policy-scope.js';
import { readTemplate, type Template, TEMPLATES } from '../support/cloudformation-template.js';

interface Statement {
  Sid: string;
  Action: string[];
  Resource: unknown;
}
type Grant = string;

/** Names as the templates give them: in `Fn::Sub`, whose text is compared. */
const SCOPE: PolicyScope = {
  partition: '${AWS::Partition}',
  region: '${AWS::Region}',
  accountId: '${AWS::AccountId}',
  names: {
    bucket: ['${Bucket}'],
    fileSystemId: ['${FileSystem}'],
    cacheName: ['${AWS::StackName}-metadata'],
    launchTemplateId: ['${LaunchTemplate}'],
    computeEnvironmentName: ['${AWS::StackName}'],
    queueName: ['${EventQueue.QueueName}'],
  },
};
const ARNS: Record<string, string> = {
  Bucket: 'arn:${AWS::Partition}:s3:::${Bucket}',
  EventQueue: 'arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${EventQueue.QueueName}',
};
/** Of the server as a program: its secrets, its image. The product's own list is of what the API is for. */
const OF_THE_MACHINE = ['OwnSecrets', 'TellHosts', 'WhichImage', 'OwnImage'];

function resourceText(resource: unknown): string {
  if (typeof resource === 'string') return resource;
  const { 'Fn::Sub': text, 'Fn::GetAtt': attribute } = resource as { 'Fn::Sub'?: string; 'Fn::GetAtt'?: string[] };
  return text ?? ARNS[attribute![0]!] ?? attribute!.join('.');
}

function granted(template: Template, policy: string): Grant[] {
  const document = template.Resources[policy]!.Properties['PolicyDocument'] as { Statement: Statement[] };
  return document.Statement.filter(({ Sid }) => !OF_THE_MACHINE.includes(Sid)).flatMap(({ Action, Resource }) =>
    Action.filter((action) => action !== 'ecr:GetAuthorizationToken').flatMap((action) =>
      [Resource].flat().map((resource) => `${action} ${resourceText(resource)}`),
    ),
  );
}

function needed(functionalities: Functionality[]): Grant[] {
  const { Statement } = policyDocumentFor(functionalities, SCOPE);
  return Statement.flatMap(({ Action, Resource }) =>
    Action.flatMap((action) => [Resource].flat().map((resource) => `${action} ${resource}`)),
  );
}

const unique = (grants: Grant[]): Grant[] => [...new Set(grants)].sort();

describe.each(TEMPLATES)('The permissions of the server in %s.yaml', (name) => {
  const template = readTemplate(name);

  it('are those that its functions need, on the resources of the stack, and no others', () => {
    const functionalities: Functionality[] = [
      'dashboard',
      'registration',
      'batch-sync',
      'instance-types',
      'quotas',
      'launch-templates',
      'events',
      `storage-${name}`,
    ];
    const own = granted(template, 'ServerPolicy').filter((grant) => !grant.startsWith('iam:'));
    expect(unique(own)).toEqual(unique(needed(functionalities)));
  });

  it('reach, for the preflight, to the roles of the stack instead of to all', () => {
    const own = granted(template, 'ServerPolicy').filter((grant) => grant.startsWith('iam:'));
    const actions = (grants: Grant[]): string[] => unique(grants.map((grant) => grant.split(' ')[0]!));
    // Of users and groups it need not read: the server is a role.
    const ofRoles = actions(needed(['iam-simulation', 'iam-policies'])).filter((action) => !/User|Group/.test(action));
    expect(actions(own)).toEqual(ofRoles);
    expect(own.filter((grant) => grant.includes('*'))).toEqual([]);
  });

  it('take in volumes only where that is asked for, and then those of Auto EBS', () => {
    expect(template.Resources['AutoEbsPolicy']!.Condition).toBe('ManagesVolumes');
    const reading = granted(template, 'ServerPolicy');
    const more = needed(['auto-ebs']).filter((grant) => !reading.includes(grant));
    expect(unique(granted(template, 'AutoEbsPolicy'))).toEqual(unique(more));
  });
});

describe('The groups of the templates', () => {
  it('have the instance types of the built-in groups', () => {
    const catalogue = new Catalogue(readSnapshot().types);
    const groups = Object.values(readTemplate('efs').Mappings['Groups']!).map(({ types }) => types);
    expect(groups).toEqual(BUILT_IN_GROUPS.map((group) => membersOf(group, catalogue)));
  });
});
