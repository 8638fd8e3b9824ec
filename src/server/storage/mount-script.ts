/** Scripts a host runs as root, once or at every boot. See `StorageDriver.mountScript` for what they promise. */

interface Target {
  id: string;
  name: string;
  mountPath: string;
}

export interface NetworkMount extends Target {
  /** As it stands in the first column of fstab and of /proc/mounts. */
  source: string;
  type: string;
  options: string[];
  /** What the kernel may call it once mounted. */
  fileSystemTypes: readonly string[];
  /** The mount helper and the packages that bring it. */
  helper: { command: string; rpm: string; deb: string };
}

/** A word the shell takes literally. */
export function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function head(storage: Target, purpose: string): string {
  return `#!/bin/sh
# ${purpose}
# Storage ${storage.name} (${storage.id}). Safe to run again; never deletes anything.
# Written by the Batchpoint server from the storage's configuration: change that, not this file.
set -eu

target=${shellQuote(storage.mountPath)}

say() { printf 'batchpoint: %s\\n' "$*"; }
fail() { printf 'batchpoint: %s\\n' "$*" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || fail 'must run as root'
[ ! -e "$target" ] || [ -d "$target" ] || fail "$target exists and is not a directory; move it away, or change the storage's mountPath"
`;
}

/** `local`: nothing to mount; the directory is made, and what lies under it is named. */
export function localMountScript(storage: Target): string {
  return `${head(storage, `Makes the checkpoint directory ${storage.mountPath}.`)}
mkdir -p "$target"
mkdir -p "$target/batchpoint" || fail "cannot write in $target: is it mounted read-only?"
type=$(findmnt -n -o FSTYPE --target "$target")
case $type in
  tmpfs | ramfs) fail "$target is on $type, which loses everything at a reboot; use a disk or a shared file system" ;;
esac
say "$target is ready, on $type. Nothing was mounted: a storage of kind local is shared between hosts only if you share it."
`;
}

/** Mounts a network file system now, waiting with a limit, and at every boot. */
export function networkMountScript(mount: NetworkMount): string {
  return `${head(mount, `Mounts ${mount.source} at ${mount.mountPath}, now and at every boot.`)}
source=${shellQuote(mount.source)}
type=${shellQuote(mount.type)}
options=${shellQuote(mount.options.join(','))}
attempts=24 # one every 5 s: two minutes and what the attempts themselves take, at most 30 s each

# What is mounted exactly at the target: "<source> <type>", or nothing.
mounted() { findmnt -n -o SOURCE,FSTYPE --mountpoint "$target" | tail -n 1 | tr -s ' '; }
is_ours() {
  case $1 in
    ${mount.fileSystemTypes.map((type) => `"$source ${type}"`).join(' | ')}) return 0 ;;
    *) return 1 ;;
  esac
}

current=$(mounted || true)
if [ -n "$current" ]; then
  is_ours "$current" || fail "$target already holds another mount ($current), expected $source; unmount it, or change the storage's mountPath"
  say "$source is already mounted at $target"
else
  if [ -d "$target" ] && [ -n "$(ls -A "$target")" ]; then
    fail "$target is not empty, and mounting over it would hide its files; move them away, or change the storage's mountPath"
  fi
  if ! command -v ${mount.helper.command} >/dev/null; then
    say 'installing ${mount.helper.command}'
    if command -v dnf >/dev/null; then dnf -q -y install ${mount.helper.rpm}
    elif command -v yum >/dev/null; then yum -q -y install ${mount.helper.rpm}
    elif command -v apt-get >/dev/null; then apt-get -q -y install --no-install-recommends ${mount.helper.deb}
    else fail '${mount.helper.command} is missing; install ${mount.helper.rpm} (RPM) or ${mount.helper.deb} (Debian)'
    fi
  fi
  mkdir -p "$target"
  attempt=1
  until timeout 30 mount -t "$type" -o "$options" "$source" "$target"; do
    [ "$attempt" -lt "$attempts" ] || fail "could not mount $source at $target in $attempts attempts: check that the server is up and its firewall or security group lets this host in"
    say "mounting $source failed (attempt $attempt of $attempts), trying again in 5 s"
    attempt=$((attempt + 1))
    sleep 5
  done
  current=$(mounted || true)
  is_ours "$current" || fail "mounted $source, but $target holds: \${current:-nothing}"
  say "mounted $source at $target"
fi

mkdir -p "$target/batchpoint" || fail "cannot write in $target as root: allow root to write on the server (no_root_squash) or give the directory to the squashed user"

[ -e /etc/fstab ] || touch /etc/fstab
line="$source $target $type $options 0 0"
taken=no
while read -r device where _ || [ -n "$device" ]; do
  case $device in
    '#'*) ;;
    *) [ "$where" != "$target" ] || taken=yes ;;
  esac
done </etc/fstab
if grep -qxF "$line" /etc/fstab; then
  say '/etc/fstab is up to date'
elif [ "$taken" = yes ]; then
  fail "/etc/fstab already has another line for $target; remove it and run this again. Wanted: $line"
else
  # A last line without its newline would swallow ours.
  [ -z "$(tail -c 1 /etc/fstab)" ] || echo >>/etc/fstab
  printf '%s\\n' "$line" >>/etc/fstab
  say 'added to /etc/fstab'
fi
`;
}

/** For the documentation; the whole script is some sixty lines. */
export const MOUNT_SCRIPT_EXAMPLE = `#!/bin/sh
# Mounts files.example.internal:/exports/checkpoints at /mnt/batchpoint, now and at every boot.
set -eu
`;
