/** Docker's daemon.json as far as we know it (docs.docker.com/reference/cli/dockerd/#daemon-configuration-file). */
export interface DockerConfig {
  'default-runtime'?: string;
  runtimes?: Record<string, { path?: string; [option: string]: unknown }>;
  [option: string]: unknown;
}

export const RUNTIME_NAME = 'batchpoint';

/** Cannot be put right here, only by a person; the message says how. */
export class DockerConfigError extends Error {
  override readonly name = 'DockerConfigError';
}

/** Throws {@link DockerConfigError}. No file, and an empty one, is a configuration without options. */
export function parseDockerConfig(text: string | null): DockerConfig {
  if (text === null || text.trim() === '') return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new DockerConfigError(`it is not JSON: ${(error as Error).message}; correct it`, { cause: error });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new DockerConfigError('it is not a JSON object; correct it');
  return parsed as DockerConfig;
}

/**
 * The configuration with our runtime, as the default one: containers that are not jobs go to runc untouched. Everything else
 * stays. Throws {@link DockerConfigError} where another runtime is the default: taking its place would take from containers
 * what it gives them (the GPU, for example).
 */
export function withRuntime(config: DockerConfig, shim: string): DockerConfig {
  const current = config['default-runtime'];
  if (current !== undefined && current !== 'runc' && current !== RUNTIME_NAME) {
    throw new DockerConfigError(
      `the default runtime is ${current}. Make BATCHPOINT_RUNC of the agent name that runtime's program, which is then called in runc's place, take "default-runtime" out, and run this again`,
    );
  }
  return {
    ...config,
    'default-runtime': RUNTIME_NAME,
    runtimes: { ...config.runtimes, [RUNTIME_NAME]: { ...config.runtimes?.[RUNTIME_NAME], path: shim } },
  };
}

/** New containers go to runc again; the runtime stays known to those that were made with it. */
export function withoutRuntime(config: DockerConfig): DockerConfig {
  const { 'default-runtime': current, ...rest } = config;
  return current === RUNTIME_NAME ? rest : config;
}
