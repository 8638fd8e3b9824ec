import { USER_DATA_MARKER } from '../../compute-environments/user-data-marker.js';
import { shellQuote } from '../../storage/mount-scripts/shell.js';
import type { ServerIdentity } from '../server-address.js';
import type { MimePart } from './mime.js';

/** Stands where the join token goes when there is none to put there; the host's script refuses it in words. */
export const JOIN_TOKEN_PLACEHOLDER = '@JOIN_TOKEN@';

export interface UserDataContents {
  environment: { id: string; name: string };
  /** The storage's script, which holds no secret; null: the environment has no storage. */
  mountScript: string | null;
  server: ServerIdentity;
  version: string;
  /** Hex SHA-256 of the installer as the server hands it out now. */
  installerSha256: string;
  joinToken: string;
}

/**
 * What a host runs at its first boot. cloud-init runs scripts in the order of their names, those without one as `part-001` and so on:
 * ours come after the user's own. The ECS agent starts when all are done (ecs.service is after cloud-final.service), so no job runs
 * before its storage is mounted and Docker has the runtime. A script that fails leaves a host that runs jobs unprotected.
 */
export function userDataParts(contents: UserDataContents): MimePart[] {
  const scripts: [name: string, body: string][] = [['z-batchpoint-2-agent.sh', agentScript(contents)]];
  if (contents.mountScript !== null) scripts.unshift(['z-batchpoint-1-storage.sh', marked(contents.mountScript)]);
  return scripts.map(([name, body]) => ({
    headers: [
      'Content-Type: text/x-shellscript; charset="utf-8"',
      'MIME-Version: 1.0',
      `Content-Disposition: attachment; filename="${name}"`,
    ].join('\n'),
    body,
  }));
}

/** The marker goes below the line that names the shell. */
function marked(script: string): string {
  return script.replace(/^#!.*\n/, (line) => `${line}${USER_DATA_MARKER}\n`);
}

function agentScript({ environment, server, version, installerSha256, joinToken }: UserDataContents): string {
  const { url, certificate } = server;
  const unreachable = server.configured
    ? ''
    : `# The address below is the one this text was asked for under. Set BATCHPOINT_PUBLIC_URL if hosts know the server by another.\n`;
  return `#!/bin/sh
${USER_DATA_MARKER}
# Sets up a host of compute environment ${environment.name} (${environment.id}): ECS, then agent, runtime and service.
# Written by Batchpoint ${version}.
${unreachable}set -eu
umask 077
dir=/etc/batchpoint
mkdir -p "$dir"
chmod 755 "$dir"
printf '%s\\n' ${shellQuote(joinToken)} >"$dir/join-token"

# A Spot notice gives two minutes: so long ECS lets a container that it told to stop, rather than 30 s, so that a last checkpoint is not
# cut off, and Batch sees the host go and not the job fail. No new job is placed on a host that has been given notice; those that run
# stay, as they belong to no ECS service. What is set already is left alone.
ecs=/etc/ecs/ecs.config
mkdir -p /etc/ecs
touch "$ecs"
[ -z "$(tail -c 1 "$ecs")" ] || echo >>"$ecs"
for setting in ECS_CONTAINER_STOP_TIMEOUT=2m ECS_ENABLE_SPOT_INSTANCE_DRAINING=true; do
  grep -q "^\${setting%%=*}=" "$ecs" || printf '%s\\n' "$setting" >>"$ecs"
done
${certificate === null ? '' : `\ncat >"$dir/server.pem" <<'END'\n${certificate.pem}\nEND\n`}
# A file of its own: where the server is away at boot, systemd runs it again until it has done its work.
cat >"$dir/install" <<'END'
#!/bin/sh
set -eu
server=${shellQuote(url)}
sha256=${installerSha256}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say() { printf 'batchpoint: %s\\n' "$*"; }
curl --fail --silent --show-error --connect-timeout 10 --retry 8 --retry-all-errors --retry-max-time 60 \\
  ${curlTrust(server)}--output "$work/install-agent" "$server/api/v1/scripts/install-agent"
if ! printf '%s  %s\\n' "$sha256" "$work/install-agent" | sha256sum -c - >/dev/null 2>&1; then
  ${otherInstaller(url)}
fi
sh "$work/install-agent" --join-token-file /etc/batchpoint/join-token
END
sh "$dir/install" || systemd-run --quiet --unit=batchpoint-install --property=Restart=on-failure \\
  --property=RestartSec=30 --property=StartLimitIntervalSec=0 sh "$dir/install"
`;
}

function curlTrust({ url, certificate }: ServerIdentity): string {
  if (certificate !== null)
    return `--proto '=https' --tlsv1.2 --cacert /etc/batchpoint/server.pem --pinnedpubkey ${shellQuote(certificate.pin)} \\\n  `;
  return url.startsWith('https:') ? "--proto '=https' --tlsv1.2 \\\n  " : '';
}

/** The server was upgraded since. Over TLS it is still the server that speaks; over plain HTTP only the checksum says so. */
function otherInstaller(url: string): string {
  return url.startsWith('https:')
    ? "say 'the server has another release of the installer than this user data was made with; its certificate vouches for it'"
    : "say 'the installer is not the one this user data was made with; after an upgrade of the server make a new launch template version' >&2\n  exit 1";
}
