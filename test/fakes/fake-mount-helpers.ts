import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Stand-ins for `mount.efs`, `mount.lustre` and `juicefs`, whose kernels and services cannot be here: each takes what the real one
 * takes, does a real mount of the directory `$SHARED`, and has `findmnt` show it as the real one would be shown.
 * `$FAILURES`: how often a mount fails first. `$PASSWORD`: what the metadata engine of JuiceFS asks for.
 */
export function installMountHelpers(root: string): void {
  for (const directory of ['bin', 'shown', 'jfs']) mkdirSync(join(root, directory), { recursive: true });
  const program = (name: string, body: string): void => {
    writeFileSync(join(root, 'bin', name), `#!/bin/sh\nroot=${root}\n${COMMON}\n${body}\n`);
    chmodSync(join(root, 'bin', name), 0o755);
  };
  program('mount', MOUNT);
  program('findmnt', FINDMNT);
  program('mount.efs', EFS);
  program('mount.lustre', LUSTRE);
  program('juicefs', JUICEFS);
  program('systemctl', SYSTEMCTL);
  program('sleep', 'echo "$1" >>"$root/slept"');
}

const COMMON = `
shown() { printf '%s/shown/%s' "$root" "$(printf '%s' "$1" | tr / _)"; }
# Mounts the shared directory at $1 and has it shown as $2.
share() {
  echo x >>"$root/tries"
  if [ "$(wc -l <"$root/tries")" -le "\${FAILURES:-0}" ]; then echo 'Connection timed out' >&2; exit 32; fi
  /bin/mount --bind "$SHARED" "$1" && printf '%s\\n' "$2" >"$(shown "$1")"
}`;

const MOUNT = `
echo "$*" >>"$root/mounts"
case $2 in
  efs | lustre) exec "$root/bin/mount.$2" "$5" "$6" -o "$4" ;;
  *) exec /bin/mount "$@" ;;
esac`;

/** Of what a stand-in mounted its own words; of all else the truth. */
const FINDMNT = `
for last; do :; done
if mountpoint -q "$last" && [ -e "$(shown "$last")" ] && [ "$3" = SOURCE,FSTYPE ]; then cat "$(shown "$last")"; else exec /usr/bin/findmnt "$@"; fi`;

/** amazon-efs-utils: over TLS from its own proxy on this host, with a state file for each mount. */
const EFS = `
case ,$4, in
  *,tls,*)
    mkdir -p /run/efs
    echo '{}' >"/run/efs/\${1%:/}.$(printf '%s' "\${2#/}" | tr / .).20049"
    share "$2" '127.0.0.1:/ nfs4' ;;
  *,accesspoint=* | *,iam,*) echo 'needs tls' >&2; exit 1 ;;
  *) share "$2" "\${1%:/}.efs.us-east-1.amazonaws.com:/ nfs4" ;;
esac`;

/** Shows the server's address where its name was given. */
const LUSTRE = `share "$2" "10.0.0.5@tcp:/\${1##*/} lustre"`;

const JUICEFS = `
echo "$*" >>"$root/jfs/calls"
for last; do :; done
known() { [ "\${META_PASSWORD:-}" = "$PASSWORD" ] || { echo 'NOAUTH Authentication required.' >&2; exit 1; }; }
case $1 in
  status) known; [ -e "$root/jfs/volume" ] || { echo '<FATAL>: load setting: database is not formatted, please run \`juicefs format ...\` first' >&2; exit 1; } ;;
  format) known; [ ! -e "$root/jfs/volume" ] || { echo 'it has a volume already' >&2; exit 1; }; echo "$last" >"$root/jfs/volume" ;;
  mount) known; share "$last" "JuiceFS:$(cat "$root/jfs/volume") fuse.juicefs" ;;
esac`;

/** Starts a unit as systemd would: its environment file, then its command. */
const SYSTEMCTL = `
echo "$*" >>"$root/systemctl"
[ "$1" = enable ] || exit 0
unit=/etc/systemd/system/$3
set -a
. "$(sed -n 's/^EnvironmentFile=//p' "$unit")"
set +a
mountpoint -q "$(sed -n 's/^ExecStart=.* //p' "$unit")" || eval "$(sed -n 's/^ExecStart=//p' "$unit")"`;
