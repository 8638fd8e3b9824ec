/** Scripts a host runs as root, once or at every boot. See `StorageDriver.mountScript` for what they promise. */
export interface ScriptTarget {
  id: string;
  name: string;
  mountPath: string;
}

/** A word the shell takes literally. */
export function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

export function scriptHead(storage: ScriptTarget, purpose: string): string {
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

/** Before a mount: nothing of the host may disappear under it. */
export const REFUSE_FILES_UNDERNEATH = `  if [ -d "$target" ] && [ -n "$(ls -A "$target")" ]; then
    fail "$target is not empty, and mounting over it would hide its files; move them away, or change the storage's mountPath"
  fi
`;

/** `$line` of fstab, once; refused when another line is for the same directory. */
export const ADD_FSTAB_LINE = `[ -e /etc/fstab ] || touch /etc/fstab
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

/** The directory that scripts written for MMBatch name. What is there is left alone; only an empty directory gives way. */
export const COMPATIBILITY_PATH = '/mmc-checkpoint';

export function compatibilityLink(wanted: boolean): string {
  if (!wanted) return '';
  return `
link=${COMPATIBILITY_PATH}
if [ "$target" = "$link" ]; then
  say "$link is the mount path itself"
elif [ -L "$link" ]; then
  [ "$(readlink "$link")" = "$target" ] || fail "$link is a link to $(readlink "$link"), not to $target; remove it and run this again"
  say "$link is a link to $target already"
else
  if [ -d "$link" ]; then
    if findmnt -n --mountpoint "$link" >/dev/null; then fail "$link is a mount point, so it cannot be a link to $target; unmount it and take it out of /etc/fstab"; fi
    [ -z "$(ls -A "$link")" ] || fail "$link holds files, which this script does not touch; move them to $target and remove the directory, then run this again"
    rmdir "$link"
  elif [ -e "$link" ]; then
    fail "$link exists and is not a directory; move it away and run this again"
  fi
  ln -s "$target" "$link"
  say "$link is a link to $target"
fi
`;
}

/** For the documentation; the whole script is some sixty lines. */
export const MOUNT_SCRIPT_EXAMPLE = `#!/bin/sh
# Mounts files.example.internal:/exports/checkpoints at /mnt/batchpoint, now and at every boot.
set -eu
`;
