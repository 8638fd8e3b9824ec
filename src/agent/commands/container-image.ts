import type Docker from 'dockerode';
import { FailureError } from '../../protocol/failure.js';

/**
 * A reference to exactly this image on this host, by name where the name means it; pulled when it is missing. Throws
 * `container-image-mismatch`: another image under the same name has other files under the restored processes.
 */
export async function ensureImage(docker: Docker, image: { name: string; id: string }): Promise<string> {
  if ((await idOf(docker, image.name)) === image.id) return image.name;
  if ((await idOf(docker, image.id)) === image.id) return image.id;
  const pulled = await pull(docker, image.name);
  if ((await idOf(docker, image.id)) === image.id) return image.id;
  throw new FailureError({
    code: 'container-image-mismatch',
    message: `the image ${image.name} (${image.id}) is not on this host and ${pulled ?? 'the registry has another one under that name'}`,
    remedy: `pull or load exactly that image on this host: docker pull ${image.name}`,
  });
}

async function idOf(docker: Docker, reference: string): Promise<string | null> {
  return docker
    .getImage(reference)
    .inspect()
    .then(
      (found) => found.Id,
      () => null,
    );
}

/** null: pulled; otherwise why not. */
async function pull(docker: Docker, name: string): Promise<string | null> {
  try {
    const progress = await docker.pull(name);
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(progress, (error: Error | null) => (error ? reject(error) : resolve()));
    });
    return null;
  } catch (error) {
    return `cannot be pulled (${(error as { json?: { message?: string } }).json?.message ?? (error as Error).message})`;
  }
}
