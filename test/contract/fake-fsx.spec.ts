import { CreateFileSystemCommand, FSxClient } from '@aws-sdk/client-fsx';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { AwsClients } from '../../src/server/aws/aws-clients.js';
import { FsxApi } from '../../src/server/aws/fsx.api.js';
import { FakeFsx } from '../fakes/fake-fsx.js';
import { type Moto, startMoto } from '../support/moto.js';
import { describeNeeding } from '../support/requires.js';

/** The same questions to moto itself, and through the stand-in that completes it. */
describeNeeding(['moto'], 'the stand-in for FSx', () => {
  let moto: Moto;
  let id: string;
  const clients: AwsClients[] = [];
  beforeAll(async () => {
    moto = await startMoto();
    const client = new FSxClient({ region: 'us-east-1' });
    const { FileSystem } = await client.send(
      new CreateFileSystemCommand({
        FileSystemType: 'LUSTRE',
        StorageCapacity: 1200,
        StorageType: 'SSD',
        SubnetIds: ['subnet-1'],
        LustreConfiguration: { DeploymentType: 'PERSISTENT_2', PerUnitStorageThroughput: 125 },
      }),
    );
    client.destroy();
    id = FileSystem!.FileSystemId!;
  });
  afterAll(async () => {
    for (const each of clients) each.onApplicationShutdown();
    await moto.close();
  });
  /** The SDK reads the endpoint when a client is made. */
  const api = (): FsxApi => {
    clients.push(new AwsClients());
    return new FsxApi(clients.at(-1)!);
  };

  it('says what moto says, of what is there and of what is not', async () => {
    const direct = await api().fileSystem(moto.access, id);
    expect(direct).toMatchObject({
      id,
      type: 'LUSTRE',
      capacityGib: 1200,
      lustre: { deploymentType: 'PERSISTENT_2', perUnitMbPerSecondPerTib: 125 },
    });
    const fake = await FakeFsx.start(moto.url);
    try {
      const through = api();
      expect(await through.fileSystem(moto.access, id)).toEqual(direct);
      expect(await through.fileSystem(moto.access, 'fs-01234567')).toBeNull();
      expect(await api().fileSystem(moto.access, 'fs-01234567')).toBeNull();
    } finally {
      await fake.close();
    }
  });

  it('adds what moto lacks, as the API reference spells it', async () => {
    const fake = await FakeFsx.start(moto.url);
    try {
      fake.details.set(id, { Lifecycle: 'AVAILABLE', VpcId: 'vpc-1', NetworkInterfaceIds: ['eni-1'] });
      expect(await api().fileSystem(moto.access, id)).toMatchObject({
        state: 'AVAILABLE',
        vpcId: 'vpc-1',
        networkInterfaceIds: ['eni-1'],
        capacityGib: 1200,
      });
    } finally {
      await fake.close();
    }
  });
});
