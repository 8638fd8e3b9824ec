import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where AWS has a storage, in whose name it is asked, and what it said; and settings that the kinds gained. */
export class StoragesInAws1764100400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table storages
        add column role_arn text,
        add column external_id text,
        add column aws jsonb`);
    // Settings are kept complete. Secrets are encrypted by the server at its start: no key is known here.
    for (const [kind, added] of Object.entries(ADDED)) {
      await runner.query(
        `update storages set settings = $2::jsonb || settings, public_settings = $2::jsonb || public_settings where kind = $1`,
        [kind, JSON.stringify(added)],
      );
    }
    await runner.query(
      `update storages set public_settings = public_settings || jsonb_build_object('metadataUser',
         nullif(substring(secrets->>'metadataUrl' from '^rediss://([^:@/]*)[:@]'), '')) where kind = 'juicefs'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [kind, added] of Object.entries(ADDED)) {
      // FSx for Lustre had its region before.
      const names = Object.keys(added).filter((name) => !(kind === 'fsx-lustre' && name === 'region'));
      await runner.query(
        `update storages set settings = settings - $2::text[], public_settings = public_settings - $2::text[] where kind = $1`,
        [kind, [...names, 'metadataUser']],
      );
    }
    // What is encrypted means nothing to the release before: it has to be given again.
    await runner.query(`update storages set secrets = '{}' where secrets ? 'sealed'`);
    await runner.query(`alter table storages drop column aws, drop column external_id, drop column role_arn`);
  }
}

const ADDED: Record<string, Record<string, unknown>> = {
  efs: { region: null, compatibilityLink: false },
  nfs: { compatibilityLink: false },
  'fsx-lustre': { region: null, dnsName: null, compatibilityLink: false },
  juicefs: {
    volumeName: 'batchpoint',
    passwordSecretArn: null,
    clientVersion: null,
    clientSha256X86: null,
    clientSha256Arm: null,
    region: null,
    compatibilityLink: false,
  },
  ebs: { deviceName: '/dev/sdf', fileSystem: 'ext4' },
};
