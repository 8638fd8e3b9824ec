import { DockerConfigError, parseDockerConfig, withoutRuntime, withRuntime } from './docker-config.js';

const SHIM = '/var/lib/batchpoint/bin/batchpoint-runc';

describe("Docker's configuration", () => {
  it('gets our runtime as the default, and keeps everything else', () => {
    const config = parseDockerConfig(
      '{"log-driver": "journald", "runtimes": {"nvidia": {"path": "nvidia-container-runtime", "runtimeArgs": []}}}',
    );
    expect(withRuntime(config, SHIM)).toEqual({
      'log-driver': 'journald',
      'default-runtime': 'batchpoint',
      runtimes: {
        nvidia: { path: 'nvidia-container-runtime', runtimeArgs: [] },
        batchpoint: { path: SHIM },
      },
    });
  });

  it.each([null, '', ' \n', '{}', '{"default-runtime": "runc"}'])('is made of %j', (text) => {
    expect(withRuntime(parseDockerConfig(text), SHIM)).toEqual({
      'default-runtime': 'batchpoint',
      runtimes: { batchpoint: { path: SHIM } },
    });
  });

  it('is the same when it has it already', () => {
    const once = withRuntime({ debug: true }, SHIM);
    expect(withRuntime(once, SHIM)).toEqual(once);
  });

  it('is left alone where another runtime is the default', () => {
    expect(() => withRuntime({ 'default-runtime': 'nvidia' }, SHIM)).toThrow(
      /default runtime is nvidia.*BATCHPOINT_RUNC/,
    );
  });

  it.each(['{', '[]', '"x"', 'null'])('is refused as %j', (text) => {
    expect(() => parseDockerConfig(text)).toThrow(DockerConfigError);
  });

  it('gives the default back, and keeps the runtime for containers that were made with it', () => {
    expect(withoutRuntime(withRuntime({ debug: true }, SHIM))).toEqual({
      debug: true,
      runtimes: { batchpoint: { path: SHIM } },
    });
    expect(withoutRuntime({ 'default-runtime': 'nvidia' })).toEqual({ 'default-runtime': 'nvidia' });
  });
});
