import { spawnSync } from 'node:child_process';
import {
  readTemplate,
  type Resource,
  substitution,
  type Template,
  templatePath,
  TEMPLATES,
  walk,
} from '../support/cloudformation-template.js';

/** EC2: "User data is limited to 16 KB, in raw form" (EC2 user guide). */
const USER_DATA_LIMIT = 16 * 1024;

interface Statement {
  Sid?: string;
  Effect: string;
  Action: string | string[];
  Resource?: unknown;
  Principal?: unknown;
}
interface Ingress {
  FromPort: number;
  ToPort: number;
  SourceSecurityGroupId?: { Ref: string };
  CidrIp?: unknown;
}

const list = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

function ofType(template: Template, type: string): [name: string, resource: Resource][] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}

function statements(template: Template): { owner: string; statement: Statement }[] {
  const found: { owner: string; statement: Statement }[] = [];
  for (const [owner, { Properties }] of Object.entries(template.Resources)) {
    walk(Properties, (object) => {
      if (object['Version'] === '2012-10-17')
        found.push(...list(object['Statement'] as Statement[]).map((statement) => ({ owner, statement })));
    });
  }
  return found;
}

/** Every name the template uses, by what it must be. */
function uses(template: Template): { values: string[]; attributes: string[]; conditions: string[]; maps: string[] } {
  const found = {
    values: [] as string[],
    attributes: [] as string[],
    conditions: [] as string[],
    maps: [] as string[],
  };
  walk(template, (object, path) => {
    if (path[0] === 'Metadata') return;
    if (typeof object['Ref'] === 'string') found.values.push(object['Ref']);
    if (object['Fn::Sub'] !== undefined) {
      for (const name of substitution(object['Fn::Sub']).names)
        (name.includes('.') ? found.attributes : found.values).push(name.split('.')[0]!);
    }
    if (object['Fn::GetAtt'] !== undefined) found.attributes.push((object['Fn::GetAtt'] as string[])[0]!);
    if (object['Fn::If'] !== undefined) found.conditions.push((object['Fn::If'] as string[])[0]!);
    if (typeof object['Condition'] === 'string') found.conditions.push(object['Condition']);
    if (object['Fn::FindInMap'] !== undefined) found.maps.push((object['Fn::FindInMap'] as string[])[0]!);
  });
  return found;
}

/** The scripts in user data, with what is substituted shown by a word of letters. */
function userData(template: Template): { owner: string; text: string; script: string }[] {
  const found: { owner: string; text: string; script: string }[] = [];
  for (const [owner, { Properties }] of Object.entries(template.Resources)) {
    walk(Properties, (object) => {
      const data = object['UserData'] as { 'Fn::Base64': { 'Fn::Sub': unknown } } | undefined;
      if (data === undefined) return;
      const text = substitution(data['Fn::Base64']['Fn::Sub']).text.replaceAll(/\$\{[^}]*\}/g, 'value');
      const script = text.slice(text.indexOf('#!/bin/bash')).split('\n--==BATCHPOINT==--')[0]!;
      found.push({ owner, text, script });
    });
  }
  return found;
}

describe.each(TEMPLATES)('deploy/cloudformation/%s.yaml', (name) => {
  const template = readTemplate(name);

  it('uses only names there are, and every name there is', () => {
    const { values, attributes, conditions, maps } = uses(template);
    const parameters = Object.keys(template.Parameters);
    const resources = Object.keys(template.Resources);
    const foreign = values.filter(
      (value) => !value.startsWith('AWS::') && ![...parameters, ...resources].includes(value),
    );
    expect(foreign).toEqual([]);
    expect(attributes.filter((attribute) => !resources.includes(attribute))).toEqual([]);
    const dependencies = Object.values(template.Resources).flatMap(({ DependsOn }) => list(DependsOn));
    expect(dependencies.filter((dependency) => !resources.includes(dependency))).toEqual([]);
    expect([...new Set(conditions)].sort()).toEqual(Object.keys(template.Conditions).sort());
    expect([...new Set(maps)]).toEqual(Object.keys(template.Mappings));
    expect(parameters.filter((parameter) => !values.includes(parameter))).toEqual([]);
  });

  it('uses what exists under a condition only under that condition', () => {
    const conditional = Object.entries(template.Resources).filter(([, { Condition }]) => Condition !== undefined);
    for (const [resource, { Condition }] of conditional) {
      for (const [other, { Condition: otherCondition, Properties }] of Object.entries(template.Resources)) {
        if (otherCondition === Condition) continue;
        const bare: string[] = [];
        walk(Properties, (object, path) => {
          const names = [object['Ref'], (object['Fn::GetAtt'] as string[] | undefined)?.[0]];
          if (names.includes(resource) && !path.includes('Fn::If')) bare.push(`${other}: ${path.join('.')}`);
        });
        expect(bare).toEqual([]);
      }
    }
  });

  it('explains every parameter and shows each in a group', () => {
    for (const { Description } of Object.values(template.Parameters)) expect(Description).toMatch(/^[A-Z].{20,}\.$/s);
    const shown = template.Metadata['AWS::CloudFormation::Interface'].ParameterGroups.flatMap(
      (group) => group.Parameters,
    );
    expect(shown.sort()).toEqual(Object.keys(template.Parameters).sort());
  });

  it('grants no action by a wildcard, and all resources only where IAM knows none', () => {
    const wide = statements(template)
      .filter(({ statement }) => statement.Effect === 'Allow' && statement.Resource === '*')
      .map(({ owner, statement }) => `${owner}/${statement.Sid}`);
    // The policy of a file system stands on it and can speak of nothing else.
    const reading = ['ServerPolicy/Read', 'AutoEbsPolicy/SeeVolumes'];
    expect(wide).toEqual(name === 'efs' ? ['FileSystem/HostsOverTls', ...reading] : reading);
    for (const { statement } of statements(template)) {
      if (statement.Effect !== 'Allow') continue;
      for (const action of list(statement.Action)) expect(action).toMatch(/^[a-z0-9-]+:[A-Za-z]+$/);
      expect(statement.Principal).not.toBe('*');
    }
    const read = statements(template).find(({ statement }) => statement.Sid === 'Read')!.statement;
    for (const action of list(read.Action)) expect(action).toMatch(/:(Describe|Get|List)/);
    const attached = ofType(template, 'AWS::IAM::Role').flatMap(
      ([, { Properties }]) => Properties['ManagedPolicyArns'],
    );
    expect(JSON.stringify(attached)).not.toMatch(/FullAccess|Administrator|PowerUser/);
  });

  it('lets nobody in from everywhere, and into the storage only the hosts', () => {
    const rules: (Ingress & { owner: string })[] = [];
    for (const [owner, { Properties }] of ofType(template, 'AWS::EC2::SecurityGroup'))
      rules.push(...list(Properties['SecurityGroupIngress'] as Ingress[]).map((rule) => ({ ...rule, owner })));
    for (const [, { Properties }] of ofType(template, 'AWS::EC2::SecurityGroupIngress'))
      rules.push({ ...(Properties as unknown as Ingress), owner: (Properties['GroupId'] as { Ref: string }).Ref });
    const port = name === 'efs' ? 2049 : 6379;
    const seen = rules.map((rule) => [
      rule.owner,
      rule.FromPort,
      rule.ToPort,
      rule.SourceSecurityGroupId ?? rule.CidrIp,
    ]);
    expect(seen).toEqual([
      ['ServerSecurityGroup', 8443, 8443, { Ref: 'HostSecurityGroup' }],
      ['StorageSecurityGroup', port, port, { Ref: 'HostSecurityGroup' }],
      ['DatabaseSecurityGroup', 5432, 5432, { Ref: 'ServerSecurityGroup' }],
      ['ServerSecurityGroup', 8443, 8443, { Ref: 'ClientCidr' }],
    ]);
    const allowed = new RegExp(template.Parameters['ClientCidr']!.AllowedPattern!);
    for (const cidr of ['', '10.0.0.0/8', '192.0.2.7/32']) expect(cidr).toMatch(allowed);
    for (const cidr of ['0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/7', 'anywhere']) expect(cidr).not.toMatch(allowed);
  });

  it('encrypts whatever keeps data, and keeps it when the stack goes', () => {
    const encrypted: Record<string, (properties: Record<string, unknown>) => unknown> = {
      'AWS::EFS::FileSystem': (properties) => properties['Encrypted'],
      'AWS::EC2::Volume': (properties) => properties['Encrypted'],
      'AWS::RDS::DBInstance': (properties) => properties['StorageEncrypted'],
      'AWS::MemoryDB::Cluster': (properties) => properties['TLSEnabled'],
      'AWS::S3::Bucket': (properties) => properties['BucketEncryption'] !== undefined,
    };
    const kept = Object.values(template.Resources).filter(({ Type }) => Type in encrypted);
    expect(kept.length).toBe(name === 'efs' ? 3 : 4);
    for (const { Type, Properties, DeletionPolicy } of kept) {
      expect([Type, encrypted[Type]!(Properties), DeletionPolicy]).toEqual([
        Type,
        true,
        expect.stringMatching(/^(Retain|Snapshot)$/),
      ]);
    }
    walk(template.Resources, (object) => {
      if (object['Ebs'] !== undefined) expect(object['Ebs']).toMatchObject({ Encrypted: true });
      if (object['MetadataOptions'] !== undefined)
        expect(object['MetadataOptions']).toMatchObject({ HttpTokens: 'required' });
    });
  });

  it('has user data that EC2 takes, that shows it is ours, and in which shells find no fault', () => {
    const data = userData(template);
    expect(data.map(({ owner }) => owner)).toEqual(['Server', 'LaunchTemplate']);
    for (const { text, script } of data) {
      expect(Buffer.byteLength(text)).toBeLessThan(USER_DATA_LIMIT);
      const parsed = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
      expect(parsed.stderr).toBe('');
      for (const part of [script, ...hereDocuments(script)]) {
        const checked = spawnSync('shellcheck', ['--shell=bash', '-'], { input: part, encoding: 'utf8' });
        // Where shellcheck is not installed, `bash -n` has to do.
        if (checked.error === undefined) expect(checked.stdout).toBe('');
      }
    }
    const host = data[1]!.text;
    expect(host).toMatch(/^# batchpoint-user-data v1$/m);
    // AWS Batch takes the user data of a launch template only as MIME multi-part, which it adds its own part to.
    expect(host).toMatch(
      /^MIME-Version: 1\.0\nContent-Type: multipart\/mixed; boundary="==BATCHPOINT=="\n\n--==BATCHPOINT==\n/,
    );
    expect(host).toMatch(/\n--==BATCHPOINT==--\n$/);
  });

  it('passes cfn-lint, where that is installed', () => {
    // W1030: the default of an optional parameter is the empty text, under a condition that then does not use it.
    const linted = spawnSync('cfn-lint', ['--ignore-checks', 'W1030', '--template', templatePath(name)], {
      encoding: 'utf8',
    });
    if (linted.error === undefined) expect(linted.stdout + linted.stderr).toBe('');
  });
});

/** The scripts a script writes: here-documents that begin with a shebang. */
function hereDocuments(script: string): string[] {
  return [...script.matchAll(/<<'END'\n(#!\/bin\/bash\n[^]*?)^END$/gm)].map((match) => match[1]!);
}

describe('The two templates', () => {
  const [efs, juicefs] = [readTemplate('efs'), readTemplate('juicefs')];

  it('differ in nothing but the storage', () => {
    const different = (section: 'Parameters' | 'Conditions' | 'Mappings' | 'Resources' | 'Outputs'): string[] => {
      const names = new Set([...Object.keys(efs[section]), ...Object.keys(juicefs[section])]);
      return [...names]
        .filter((key) => JSON.stringify(efs[section][key]) !== JSON.stringify(juicefs[section][key]))
        .sort();
    };
    expect(different('Parameters')).toEqual(['JuiceFsCacheGiB', 'JuiceFsSha256', 'JuiceFsVersion', 'MetadataNodeType']);
    expect(different('Conditions')).toEqual([]);
    expect(different('Mappings')).toEqual([]);
    expect(different('Outputs')).toEqual(['BucketName', 'FileSystemId']);
    expect(different('Resources')).toEqual([
      'Bucket',
      'BucketPolicy',
      'FileSystem',
      'HostPolicy',
      'Metadata',
      'MetadataAcl',
      'MetadataPassword',
      'MetadataSubnets',
      'MetadataUser',
      'MountTargetA',
      'MountTargetB',
      'S3Endpoint',
      'Server',
      'ServerPolicy',
      'StorageSecurityGroup',
    ]);
    const ownPart = (template: Template): string =>
      userData(template)[0]!.text.replace(/cat >\/usr\/local\/sbin\/batchpoint-storage [^]*?^END$/m, '');
    expect(ownPart(efs)).toBe(ownPart(juicefs));
  });

  it('keep a bucket private, and what was not uploaded whole for a day', () => {
    const { Properties } = juicefs.Resources['Bucket']!;
    expect(Properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    });
    // No rule that lets objects expire: JuiceFS would lose what it still needs.
    expect(Properties['LifecycleConfiguration']).toEqual({
      Rules: [
        { Id: expect.any(String), Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
      ],
    });
  });

  it('give each group the host image it needs', () => {
    const groups = efs.Mappings['Groups']!;
    expect(Object.keys(groups)).toEqual(efs.Parameters['CompatibilityGroup']!.AllowedValues);
    for (const [family, { image }] of Object.entries(groups))
      expect(image).toBe(family.startsWith('g') ? 'ECS_AL2023_NVIDIA' : 'ECS_AL2023');
  });
});
