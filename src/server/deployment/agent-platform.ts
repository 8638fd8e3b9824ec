/** What hosts are, as Node names it: the names of the executables `npm run package` makes. */
export const AGENT_PLATFORMS = ['linux-x64', 'linux-arm64'] as const;
export type AgentPlatform = (typeof AGENT_PLATFORMS)[number];

export function isAgentPlatform(name: string): name is AgentPlatform {
  return (AGENT_PLATFORMS as readonly string[]).includes(name);
}
