import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { BUILT_IN_GROUPS, type GroupSource, membersOf, notSold } from './built-in-groups.js';
import { Catalogue } from './catalogue.js';
import type { CatalogueSource } from './catalogue-source.js';
import { CompatibilityGroup } from './compatibility-group.entity.js';
import type { InstanceTypeSnapshot } from './instance-type-snapshot.js';
import type { InstanceType } from './instance-type.js';

/** Replicas, and the regions of one refresh, take turns. */
const LOCK = 'lock table instance_types in share row exclusive mode';

/** Writes what is known of instance types, and keeps the built-in groups in step with it. */
@Injectable()
export class CatalogueStore {
  constructor(private readonly database: Database) {}

  /** Fills an empty catalogue, or what an older snapshot left in it; what AWS said stays. */
  async takeSnapshot(snapshot: InstanceTypeSnapshot): Promise<void> {
    await this.database.transaction(async () => {
      const older = await this.isOlderThan(snapshot.asOf);
      // A start with nothing new, which most are, waits for nobody.
      if (!older && (await this.staleGroups()).length === 0) return;
      await this.database.manager.query(LOCK);
      if (older) await this.upsert(snapshot.types, 'snapshot', snapshot.asOf, []);
      await this.keepBuiltInGroups();
    });
  }

  /** What EC2 said of one region just now. A type it no longer sells there loses the region, and stays known. */
  async takeRegion(region: string, types: readonly InstanceType[], asOf: Date): Promise<void> {
    await this.database.transaction(async () => {
      await this.database.manager.query(LOCK);
      await this.database.manager.query(
        `update instance_types set regions = regions - $1 where jsonb_exists(regions, $1) and id <> all($2)`,
        [region, types.map((type) => type.instanceType)],
      );
      await this.upsert(types, 'aws', asOf, [region]);
      await this.keepBuiltInGroups();
    });
  }

  /** All of it, some 1,400 types; written out, since as entities they would take ten times as long. */
  async read(): Promise<Catalogue> {
    const types = await this.database.manager.query<InstanceType[]>(
      `select id as "instanceType", family, architecture, vcpus, memory_bytes::float8 as "memoryBytes", gpu,
              current_generation as "currentGeneration", spot, bare_metal as "bareMetal" from instance_types`,
    );
    return new Catalogue(types);
  }

  private async isOlderThan(asOf: Date): Promise<boolean> {
    const [row] = await this.database.manager.query<{ older: boolean }[]>(
      'select coalesce(max(as_of) < $1, true) as older from instance_types',
      [asOf],
    );
    return row!.older;
  }

  private async upsert(
    types: readonly InstanceType[],
    source: CatalogueSource,
    asOf: Date,
    regions: string[],
  ): Promise<void> {
    // `regions` of a row are of its columns only where AWS told them: a snapshot never takes one away.
    await this.database.manager.query(
      `insert into instance_types as known
         (id, family, architecture, vcpus, memory_bytes, gpu, current_generation, spot, bare_metal, regions, source, as_of)
       select t."instanceType", t.family, t.architecture, t.vcpus, t."memoryBytes", nullif(t.gpu, 'null'::jsonb),
              t."currentGeneration", t.spot, t."bareMetal", $2::jsonb, $3, $4
         from jsonb_to_recordset($1::jsonb) as t ("instanceType" text, family text, architecture text, vcpus integer,
              "memoryBytes" bigint, gpu jsonb, "currentGeneration" boolean, spot boolean, "bareMetal" boolean)
       on conflict (id) do update set
         family = excluded.family, architecture = excluded.architecture, vcpus = excluded.vcpus,
         memory_bytes = excluded.memory_bytes, gpu = excluded.gpu, current_generation = excluded.current_generation,
         spot = excluded.spot, bare_metal = excluded.bare_metal, source = excluded.source, as_of = excluded.as_of,
         regions = (select coalesce(jsonb_agg(distinct region order by region), '[]')
                      from jsonb_array_elements_text(known.regions || excluded.regions) as region)
       where excluded.source = 'aws' or known.source = 'snapshot'`,
      [JSON.stringify(types), JSON.stringify(regions), source, asOf],
    );
  }

  /** Their members follow from the catalogue; a change is a new version. */
  private async keepBuiltInGroups(): Promise<void> {
    await this.database.repository(CompatibilityGroup).save(await this.staleGroups());
  }

  /** The built-in groups that are not there, or not as they should be, as they should be. */
  private async staleGroups(): Promise<CompatibilityGroup[]> {
    const catalogue = await this.read();
    const groups = this.database.repository(CompatibilityGroup);
    const known = new Map((await groups.findBy({ builtIn: true })).map((row) => [row.id, row]));
    return BUILT_IN_GROUPS.flatMap((group) => {
      const { id, name } = group;
      const source: GroupSource = { ...group.source, notSold: notSold(group, catalogue) };
      const wanted = { name, builtIn: true, source, instanceTypes: membersOf(group, catalogue) };
      const row = known.get(id);
      if (row === undefined) return groups.create({ id, description: null, labels: {}, ...wanted });
      const { name: oldName, builtIn, source: oldSource, instanceTypes } = row;
      if (isDeepStrictEqual({ name: oldName, builtIn, source: oldSource, instanceTypes }, wanted)) return [];
      return Object.assign(row, wanted);
    });
  }
}
