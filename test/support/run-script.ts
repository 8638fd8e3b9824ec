import { spawn } from 'node:child_process';

/** Runs a program to its end without standing in the way of the server in this process, which it may call. Both streams are one. */
export async function runToEnd(
  command: string,
  args: string[],
  env: Record<string, string | undefined>,
): Promise<{ status: number; output: string }> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const status = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  return { status, output };
}
