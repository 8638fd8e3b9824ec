import { AwsFixtures } from '../support/aws-fixtures.js';
import { FakeAgent } from '../support/fake-agent.js';
import { type Moto, startMoto } from '../support/moto.js';
import { describeNeeding } from '../support/requires.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const GIB = 1024 ** 3;

describeNeeding(['moto'], 'Space considerations for using managed EBS', () => {
  let moto: Moto;
  let aws: AwsFixtures;
  let server: TestApp;
  beforeAll(async () => {
    moto = await startMoto();
    aws = new AwsFixtures();
    server = await startTestApp();
  });
  afterAll(async () => {
    await server.close();
    aws.close();
    await moto.close();
  });

  const rootVolume = (VolumeSize: number) => ({
    BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize } }],
  });

  /** An environment with this launch template, and a host there with a job of an image of this size. */
  async function environment(template: object, imageBytes: number) {
    const { id: launchTemplateId } = await aws.createLaunchTemplate(template);
    const launchTemplate = { launchTemplateId, version: '$Latest' };
    const { name } = await aws.createComputeEnvironment({ resources: { launchTemplate } });
    const { body } = await server.api('post', '/compute-environments').send({ name, region: 'us-east-1' }).expect(201);
    const agent = await FakeAgent.start(server.url, await server.joinToken(body.id));
    const report = agent.container(`job-in-${name}`, { image: 'trainer:2', imageBytes, computeEnvironment: name });
    expect((await agent.report(report)).status).toBe(200);
    return { id: body.id as string, launchTemplateId };
  }
  async function rootVolumeFindings(id: string): Promise<{ message: string; why: string; severity: string }[]> {
    const { body } = await server.api('get', `/compute-environments/${id}/findings`).expect(200);
    return (body.items as { code: string; message: string; why: string; severity: string }[]).filter(
      ({ code }) => code === 'root-volume-too-small',
    );
  }

  it('the root volume must be large enough to hold the image, and the system beside it', async () => {
    const { id, launchTemplateId } = await environment(rootVolume(50), 45 * GIB);
    const [finding, ...others] = await rootVolumeFindings(id);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ severity: 'error' });
    expect(finding!.message).toMatch(/50 GiB .*trainer:2, has 45 GiB, and 8 GiB go to the system.*: 53 GiB are needed/);

    await aws.createLaunchTemplateVersion(launchTemplateId, rootVolume(53));
    const { body } = await server.api('post', `/compute-environments/${id}/sync`).expect(202);
    await server.api('get', `/operations/${body.id}?wait=20s`).expect(200);
    expect(await rootVolumeFindings(id)).toEqual([]);
  });

  it('pulling a large image makes a restore 5 to 10 minutes longer, as measured with one of 45 GB', async () => {
    const { id } = await environment(rootVolume(30), 45e9);
    expect((await rootVolumeFindings(id))[0]!.why).toMatch(/pull the image before .*45 GB .*5 to 10 minutes/);
  });

  it('where the launch template says nothing, the image of the instances does', async () => {
    // Of the emulator's images one of Amazon Linux 2, whose root volume has 15 GiB.
    const { id } = await environment({ ImageId: 'ami-04681a1dbd79675a5' }, 20 * GIB);
    expect((await rootVolumeFindings(id))[0]!.message).toMatch(/15 GiB \(image ami-04681a1dbd79675a5\)/);
  });

  it('and else it has the 30 GiB of the ECS-optimized image', async () => {
    const { id } = await environment({}, 25 * GIB);
    expect((await rootVolumeFindings(id))[0]!.message).toMatch(/30 GiB \(the default of the ECS-optimized image\)/);
    const { id: small } = await environment({}, 2 * GIB);
    expect(await rootVolumeFindings(small)).toEqual([]);
  });

  it('the size of a job’s image is shown with its attempts', async () => {
    await environment({}, 3 * GIB);
    const { body } = await server.api('get', '/jobs?sort=-createdAt&pageSize=1').expect(200);
    expect(body.items[0].attempts).toMatchObject([{ imageBytes: 3 * GIB }]);
  });
});
