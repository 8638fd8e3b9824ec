import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import type { AwsAccess } from '../aws/aws-access.js';
import { AwsError } from '../aws/aws-error.js';
import { type DescribedInstanceType, Ec2Api } from '../aws/ec2.api.js';
import { BackgroundTasks } from '../background/background-tasks.js';
import { Database } from '../database/database.js';
import { CatalogueStore } from './catalogue-store.js';
import { toInstanceType } from './described-instance-type.js';

const PLAN = 'plan-instance-types-refresh';
const REFRESH = 'refresh-instance-types';
/** Spreads the calls of many installations, and of an installation's regions. */
const SPREAD_MS = 3_600_000;

/** Asks EC2 once a day for the instance types of each region that has a registered environment. */
@Injectable()
export class InstanceTypesRefresh implements OnModuleInit, OnApplicationBootstrap {
  private readonly logger = new Logger('InstanceTypes');

  constructor(
    private readonly tasks: BackgroundTasks,
    private readonly database: Database,
    private readonly ec2: Ec2Api,
    private readonly store: CatalogueStore,
  ) {}

  onModuleInit(): void {
    this.tasks.register({ name: PLAN, cron: '11 4 * * *', run: () => this.plan(SPREAD_MS) });
    this.tasks.register({ name: REFRESH, run: (region) => this.refresh(region as string) });
  }

  /** A region nobody has asked about yet is asked about at the start, not tomorrow. */
  async onApplicationBootstrap(): Promise<void> {
    for (const region of await this.regions()) {
      const [row] = await this.database.manager.query<{ known: boolean }[]>(
        'select exists (select from instance_types where jsonb_exists(regions, $1)) as known',
        [region],
      );
      if (!row!.known) await this.enqueue(region, new Date());
    }
  }

  /** One refresh a region, each at its own moment within `spreadMs`. */
  async plan(spreadMs: number): Promise<void> {
    for (const region of await this.regions())
      await this.enqueue(region, new Date(Date.now() + Math.random() * spreadMs));
  }

  /** When AWS cannot be asked the catalogue stays as it is, with one line in the log, until tomorrow. */
  async refresh(region: string): Promise<void> {
    const asOf = new Date();
    const described = await this.describe(region);
    if (described === undefined) return;
    const types = described.map(toInstanceType).filter((type) => type !== null);
    await this.store.takeRegion(region, types, asOf);
    this.logger.log(`${types.length} instance types of ${region} read from EC2`);
  }

  /** Whichever of the region's environments is let in first answers for it: what a region sells is the same for all. */
  private async describe(region: string): Promise<DescribedInstanceType[] | undefined> {
    let failure: AwsError | undefined;
    for (const access of await this.accesses(region)) {
      try {
        return await this.ec2.describeInstanceTypes(access);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        failure = error;
      }
    }
    if (failure !== undefined) {
      this.logger.warn(`instance types of ${region} stay as they were: ${failure.message}`);
    }
    return undefined;
  }

  private async enqueue(region: string, runAt: Date): Promise<void> {
    await this.tasks.enqueue(REFRESH, region, { jobKey: `${REFRESH}-${region}`, runAt });
  }

  private async regions(): Promise<string[]> {
    const rows = await this.database.manager.query<{ region: string }[]>(
      'select distinct region from compute_environments where region is not null order by region',
    );
    return rows.map(({ region }) => region);
  }

  private async accesses(region: string): Promise<AwsAccess[]> {
    const rows = await this.database.manager.query<{ role_arn: string | null; external_id: string | null }[]>(
      'select distinct role_arn, external_id from compute_environments where region = $1 order by role_arn nulls first',
      [region],
    );
    return rows.map(({ role_arn: roleArn, external_id: externalId }) => ({ region, roleArn, externalId }));
  }
}
