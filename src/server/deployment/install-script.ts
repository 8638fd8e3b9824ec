import { shellQuote } from '../storage/mount-scripts/shell.js';
import type { AgentPlatform } from './agent-platform.js';
import type { ServerIdentity } from './server-address.js';

/** What the installer is pinned to. */
export interface InstallScriptPins {
  server: ServerIdentity;
  version: string;
  checksums: Partial<Record<AgentPlatform, string>>;
  /** The systemd unit, whole. */
  unit: string;
}

const BLOCK = /^# >>> pinned by the server\n[^]*?^# <<< pinned\n/m;

/** `deploy/install-agent.sh` with what it is pinned to in place. */
export function renderInstallScript(template: string, { server, version, checksums, unit }: InstallScriptPins): string {
  const { url, certificate } = server;
  const values: Record<string, string> = {
    server_url: url,
    version,
    certificate_sha256: certificate?.fingerprint ?? '',
    certificate: certificate?.pem ?? '',
    server_pin: certificate?.pin ?? '',
    sha256_x64: checksums['linux-x64'] ?? '',
    sha256_arm64: checksums['linux-arm64'] ?? '',
    unit: unit.trimEnd(),
  };
  const lines = Object.entries(values).map(([name, value]) => `${name}=${shellQuote(value)}\n`);
  // The unit has a word in backticks.
  lines.splice(-1, 0, '# shellcheck disable=SC2016\n');
  if (!BLOCK.test(template)) throw new Error('deploy/install-agent.sh has no block for what the server pins');
  return template.replace(BLOCK, () => `# >>> pinned by the server\n${trust(server)}${lines.join('')}# <<< pinned\n`);
}

/** How the host knows the server, for whoever reads the script. */
function trust({ url, certificate }: ServerIdentity): string {
  if (certificate !== null) return `# The server is known by its certificate, SHA-256 ${certificate.fingerprint}.\n`;
  if (url.startsWith('https:'))
    return "# The server's certificate is vouched for by the authorities this host trusts.\n";
  return "# The server speaks plain HTTP: what comes from it is known by the checksums below, and the host's credential travels in clear.\n";
}
