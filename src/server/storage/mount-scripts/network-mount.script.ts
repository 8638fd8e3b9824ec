import {
  ADD_FSTAB_LINE,
  compatibilityLink,
  REFUSE_FILES_UNDERNEATH,
  scriptHead,
  type ScriptTarget,
  shellQuote,
} from './shell.js';

export interface NetworkMount extends ScriptTarget {
  /** As it stands in the first column of fstab. */
  source: string;
  type: string;
  options: string[];
  /** Only in fstab: what systemd needs to know. */
  bootOptions?: string[];
  /**
   * Shell patterns, quoted as the shell needs them, for what findmnt shows of it once mounted: `"<source> <type>"`. May use
   * `$source` and `$target`.
   */
  shownAs: readonly string[];
  /** Shell condition that must hold besides, where a pattern could fit another file system too. */
  proof?: string;
  /** Installs the mount helper; may use `say` and `fail`. Runs only where `command` is missing. */
  helper: { command: string; install: string };
  /** What keeps a mount from succeeding, for the message when it did not. */
  checkList: string;
  compatibilityLink: boolean;
}

/** The install step for a helper that package managers have. A package of null: that family of systems has none. */
export function installPackages(command: string, rpm: string, deb: string | null): string {
  const debian =
    deb === null
      ? `fail '${command} is missing, and Debian and Ubuntu have no package of it; build ${rpm} as its README says'`
      : `apt-get -q -y install --no-install-recommends ${deb}`;
  const names = deb === null ? `${rpm} (RPM)` : `${rpm} (RPM) or ${deb} (Debian)`;
  return `    if command -v dnf >/dev/null; then dnf -q -y install ${rpm}
    elif command -v yum >/dev/null; then yum -q -y install ${rpm}
    elif command -v apt-get >/dev/null; then ${debian}
    else fail '${command} is missing; install ${names}'
    fi`;
}

/** Mounts a network file system now, waiting with a limit, and at every boot. */
export function networkMountScript(mount: NetworkMount): string {
  const boot = [...mount.options, ...(mount.bootOptions ?? [])].join(',');
  const proof = mount.proof === undefined ? 'return 0' : mount.proof;
  return `${scriptHead(mount, `Mounts ${mount.source} at ${mount.mountPath}, now and at every boot.`)}
source=${shellQuote(mount.source)}
type=${shellQuote(mount.type)}
options=${shellQuote(mount.options.join(','))}
attempts=24 # one every 5 s: two minutes and what the attempts themselves take, at most 30 s each

# What is mounted exactly at the target: "<source> <type>", or nothing.
mounted() { findmnt -n -o SOURCE,FSTYPE --mountpoint "$target" | tail -n 1 | tr -s ' '; }
is_ours() {
  case $1 in
    ${mount.shownAs.join(' | ')}) ${proof} ;;
    *) return 1 ;;
  esac
}

current=$(mounted || true)
if [ -n "$current" ]; then
  is_ours "$current" || fail "$target already holds another mount ($current), expected $source; unmount it, or change the storage's mountPath"
  say "$source is already mounted at $target"
else
${REFUSE_FILES_UNDERNEATH}  if ! command -v ${mount.helper.command} >/dev/null; then
    say 'installing ${mount.helper.command}'
${mount.helper.install}
  fi
  mkdir -p "$target"
  attempt=1
  until timeout 30 mount -t "$type" -o "$options" "$source" "$target"; do
    [ "$attempt" -lt "$attempts" ] || fail "could not mount $source at $target in $attempts attempts: ${mount.checkList}"
    say "mounting $source failed (attempt $attempt of $attempts), trying again in 5 s"
    attempt=$((attempt + 1))
    sleep 5
  done
  current=$(mounted || true)
  is_ours "$current" || fail "mounted $source, but $target holds: \${current:-nothing}"
  say "mounted $source at $target"
fi

mkdir -p "$target/batchpoint" || fail "cannot write in $target as root: allow root to write on the server (no_root_squash) or give the directory to the squashed user"

line="$source $target $type ${boot} 0 0"
${ADD_FSTAB_LINE}${compatibilityLink(mount.compatibilityLink)}`;
}
