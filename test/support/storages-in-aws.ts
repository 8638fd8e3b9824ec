import { expect } from '@jest/globals';
import { StorageReachability } from '../../src/server/storage/storage-reachability.js';
import { FakeFsx } from '../fakes/fake-fsx.js';
import { AwsNetwork, type TestSubnet } from './aws-network.js';
import { type Moto, startMoto } from './moto.js';
import { startTestApp, type TestApp } from './test-app.js';

export const REGION = 'us-east-1';

/** A server, and an account in moto that it asks about storages. */
export class StoragesInAws {
  private serial = 0;

  private constructor(
    readonly moto: Moto,
    readonly fsx: FakeFsx,
    readonly network: AwsNetwork,
    readonly server: TestApp,
  ) {}

  static async start(): Promise<StoragesInAws> {
    const moto = await startMoto();
    const fsx = await FakeFsx.start(moto.url);
    return new StoragesInAws(moto, fsx, await AwsNetwork.of(REGION), await startTestApp());
  }

  async close(): Promise<void> {
    await this.server.close();
    this.network.close();
    await this.fsx.close();
    await this.moto.close();
  }

  unique(): string {
    return `storage-${(this.serial += 1)}`;
  }

  /** POST /storages, in the region unless settings say otherwise. */
  setUp(kind: string, settings: object, query = '') {
    const body = { kind, name: this.unique(), mountPath: '/mmc-checkpoint', settings: { region: REGION, ...settings } };
    return this.server.api('post', `/storages${query}`).send(body);
  }

  async create(kind: string, settings: object): Promise<{ id: string; purposes: string[]; economics: object }> {
    return (await this.setUp(kind, settings).expect(201)).body;
  }

  /** What is wrong with the request, a dry run saying the same. */
  async refusal(kind: string, settings: object): Promise<{ pointer: string; code: string; detail: string }[]> {
    const { body } = await this.setUp(kind, settings).expect(400);
    expect((await this.setUp(kind, settings, '?dryRun=true').expect(400)).body.errors).toEqual(body.errors);
    return body.errors;
  }

  async findings(id: string): Promise<{ code: string; severity: string; message: string }[]> {
    return (await this.server.api('get', `/storages/${id}/findings`).expect(200)).body.items;
  }

  async codes(id: string): Promise<string[]> {
    return (await this.findings(id)).map(({ code }) => code);
  }

  async script(id: string): Promise<string> {
    return (await this.server.api('get', `/storages/${id}/mount-script`).expect(200)).text;
  }

  async requirements(id: string) {
    return (await this.server.api('get', `/storages/${id}/requirements`).expect(200)).body;
  }

  /** What keeps hosts in these subnets, with these security groups, from it. */
  reach(id: string, subnets: TestSubnet[], ...securityGroupIds: string[]) {
    const hosts = { access: this.moto.access, subnets, securityGroupIds };
    return this.server.app.get(StorageReachability).findings(id, hosts);
  }
}
