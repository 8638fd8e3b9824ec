import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutGroupPolicyCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import type { Moto } from './moto.js';

export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
}

/** Policies of a user or role, by how they come to it. */
export interface Policies {
  inline?: readonly object[];
  attached?: readonly object[];
  /** Of a group the user is put into; inline, the second attached. Users only. */
  group?: readonly object[];
  boundary?: object;
  path?: string;
}

export const allow = (actions: string | readonly string[], resource: string | readonly string[] = '*', more = {}) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: actions, Resource: resource, ...more }],
});
export const deny = (actions: string | readonly string[], more = {}) => ({
  Version: '2012-10-17',
  Statement: [{ Sid: 'Never', Effect: 'Deny', Action: actions, Resource: '*', ...more }],
});

/** Makes users, roles and policies in the emulator, as an account's administrator. Needs enforcement off. */
export class IamAccount {
  private readonly iam: IAMClient;
  private serial = 0;

  constructor(moto: Moto) {
    const credentials = {
      accessKeyId: moto.env['AWS_ACCESS_KEY_ID']!,
      secretAccessKey: moto.env['AWS_SECRET_ACCESS_KEY']!,
    };
    this.iam = new IAMClient({ region: 'us-east-1', endpoint: moto.url, credentials });
  }

  close(): void {
    this.iam.destroy();
  }

  /** The ARN of a new managed policy. `before`: its first version, which is not in force any more. */
  async policy(document: object, before: object = document): Promise<string> {
    const PolicyName = this.name('policy');
    const PolicyDocument = JSON.stringify(before);
    const { Policy } = await this.iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument }));
    const PolicyArn = Policy!.Arn!;
    if (before !== document) {
      const newer = { PolicyArn, PolicyDocument: JSON.stringify(document), SetAsDefault: true };
      await this.iam.send(new CreatePolicyVersionCommand(newer));
    }
    return PolicyArn;
  }

  async user({
    inline = [],
    attached = [],
    group = [],
    boundary,
    path = '/',
  }: Policies): Promise<{ arn: string; name: string; key: AccessKey }> {
    const UserName = this.name('user');
    const PermissionsBoundary = boundary && (await this.policy(boundary));
    const { User } = await this.iam.send(new CreateUserCommand({ UserName, Path: path, PermissionsBoundary }));
    for (const document of inline)
      await this.iam.send(new PutUserPolicyCommand({ UserName, ...this.inline(document) }));
    for (const document of attached) await this.attach(UserName, document);
    if (group.length > 0) await this.group(UserName, group);
    const { AccessKey } = await this.iam.send(new CreateAccessKeyCommand({ UserName }));
    return {
      arn: User!.Arn!,
      name: UserName,
      key: { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! },
    };
  }

  async attach(UserName: string, document: object, before?: object): Promise<void> {
    await this.iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: await this.policy(document, before) }));
  }

  /** A role anyone may assume. */
  async role({ inline = [], attached = [], boundary, path = '/' }: Policies): Promise<{ arn: string; name: string }> {
    const RoleName = this.name('role');
    const trust = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
    };
    const PermissionsBoundary = boundary && (await this.policy(boundary));
    const { Role } = await this.iam.send(
      new CreateRoleCommand({
        RoleName,
        Path: path,
        AssumeRolePolicyDocument: JSON.stringify(trust),
        PermissionsBoundary,
      }),
    );
    for (const document of inline)
      await this.iam.send(new PutRolePolicyCommand({ RoleName, ...this.inline(document) }));
    for (const document of attached)
      await this.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: await this.policy(document) }));
    return { arn: Role!.Arn!, name: RoleName };
  }

  private async group(UserName: string, [inline, attached]: readonly object[]): Promise<void> {
    const GroupName = this.name('group');
    await this.iam.send(new CreateGroupCommand({ GroupName }));
    await this.iam.send(new PutGroupPolicyCommand({ GroupName, ...this.inline(inline!) }));
    if (attached !== undefined)
      await this.iam.send(new AttachGroupPolicyCommand({ GroupName, PolicyArn: await this.policy(attached) }));
    await this.iam.send(new AddUserToGroupCommand({ UserName, GroupName }));
  }

  private inline(document: object): { PolicyName: string; PolicyDocument: string } {
    return { PolicyName: this.name('inline'), PolicyDocument: JSON.stringify(document) };
  }

  private name(kind: string): string {
    return `${kind}-${(this.serial += 1)}`;
  }
}
