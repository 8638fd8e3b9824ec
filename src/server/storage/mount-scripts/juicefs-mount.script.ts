import type { JuicefsPublicSettings } from '../dto/juicefs-settings.dto.js';
import { compatibilityLink, REFUSE_FILES_UNDERNEATH, scriptHead, type ScriptTarget, shellQuote } from './shell.js';

const MIB = 1024 ** 2;

/** Where a host keeps the metadata engine's password: a file only root reads, never a command line. */
export function secretFileOf(storageId: string): string {
  return `/etc/batchpoint/${storageId}.env`;
}

/**
 * Installs (a pinned release, where settings name one), formats the volume if it never was, and mounts it by a systemd unit, or,
 * where systemd does not run, in the background. The password reaches JuiceFS as META_PASSWORD, from the secret file.
 */
export function juicefsMountScript(storage: ScriptTarget, settings: JuicefsPublicSettings): string {
  const { bucket, region, volumeName, metadataAddress, metadataUser } = settings;
  const host = region === null ? 's3.amazonaws.com' : `s3.${region}.amazonaws.com`;
  const user = metadataUser === null ? '' : `${metadataUser}@`;
  return `${scriptHead(storage, `Mounts the JuiceFS volume ${volumeName} (bucket ${bucket}) at ${storage.mountPath}, now and at every boot.`)}
meta=${shellQuote(`rediss://${user}${metadataAddress}`)}
volume=${shellQuote(volumeName)}
bucket=${shellQuote(`https://${bucket}.${host}`)}
cache_mib=${Math.floor(settings.cacheSizeBytes / MIB)}
cache_dir=${shellQuote(`/var/cache/batchpoint/${storage.id}`)}
secret=${shellQuote(secretFileOf(storage.id))}
unit=${shellQuote(`batchpoint-${storage.id.replaceAll('_', '-')}.service`)}
attempts=24 # one every 5 s

# --- the password: from the file of an earlier run, from the environment, or from AWS Secrets Manager. In no argument list.
keep_password() { # reads it from standard input; quoted for systemd and for this script alike
  mkdir -p /etc/batchpoint
  (umask 077 && sed 's/["\\\\$\`]/\\\\&/g; s/.*/META_PASSWORD="&"/; q' >"$secret.new")
  [ -s "$secret.new" ] || fail 'the password of the metadata engine is empty'
  mv "$secret.new" "$secret"
}
if [ -n "\${BATCHPOINT_METADATA_PASSWORD:-}" ]; then
  printf '%s\\n' "$BATCHPOINT_METADATA_PASSWORD" | keep_password
${passwordFallback(settings)}
fi
chmod 600 "$secret"
# shellcheck source=/dev/null
META_PASSWORD='' && . "$secret"
export META_PASSWORD

# --- the client
${installClient(settings)}juicefs=$(command -v juicefs)

mounted() { findmnt -n -o SOURCE,FSTYPE --mountpoint "$target" | tail -n 1 | tr -s ' '; }
current=$(mounted || true)
if [ -n "$current" ]; then
  [ "$current" = "JuiceFS:$volume fuse.juicefs" ] || fail "$target already holds another mount ($current), expected JuiceFS:$volume; unmount it, or change the storage's mountPath"
  say "JuiceFS:$volume is already mounted at $target"
else
${REFUSE_FILES_UNDERNEATH}
  # --- format once: only when the metadata engine itself says that there is no volume yet.
  attempt=1
  while :; do
    if state=$("$juicefs" status "$meta" 2>&1); then
      say "the volume is there already; it is not formatted again"
      break
    fi
    case $state in
      *'not formatted'*)
        say "making the volume $volume"
        if "$juicefs" format --storage s3 --bucket "$bucket" --trash-days 0 "$meta" "$volume"; then break; fi
        # Another host may have been first.
        ;;
    esac
    [ "$attempt" -lt "$attempts" ] || fail "the metadata engine at ${metadataAddress} cannot be used: check its address, its password in $secret, and that its security group lets this host in. Last answer: $(printf '%s' "$state" | tail -n 1)"
    say "the volume is not ready (attempt $attempt of $attempts), trying again in 5 s"
    attempt=$((attempt + 1))
    sleep 5
  done
  mkdir -p "$target" "$cache_dir"
  chmod 700 "$cache_dir"
fi

# --- mount, now and at every boot
if [ -d /run/systemd/system ]; then
  {
    printf '[Unit]\\nDescription=JuiceFS volume %s of Batchpoint\\nAfter=network-online.target\\nWants=network-online.target\\nBefore=batchpoint-agent.service ecs.service docker.service\\n' "$volume"
    printf '[Service]\\nEnvironmentFile=%s\\nExecStart=%s mount --no-usage-report --cache-dir %s --cache-size %s %s %s\\nRestart=on-failure\\nRestartSec=5\\nLimitNOFILE=1048576\\n' "$secret" "$juicefs" "$cache_dir" "$cache_mib" "$(printf '%s' "$meta" | sed 's/%/%%/g')" "$target"
    printf '[Install]\\nWantedBy=multi-user.target\\n'
  } >"/etc/systemd/system/$unit.new"
  mv "/etc/systemd/system/$unit.new" "/etc/systemd/system/$unit"
  systemctl daemon-reload
  systemctl enable --now "$unit"
elif [ -z "$current" ]; then
  say 'systemd does not run here: mounting in the background, and run this again after a reboot'
  "$juicefs" mount -d --no-usage-report --cache-dir "$cache_dir" --cache-size "$cache_mib" "$meta" "$target"
fi
attempt=1
until [ "$(mounted || true)" = "JuiceFS:$volume fuse.juicefs" ]; do
  [ "$attempt" -lt "$attempts" ] || fail "JuiceFS did not mount $volume at $target in $attempts attempts; see journalctl -u $unit, or /var/log/juicefs.log"
  attempt=$((attempt + 1))
  sleep 5
done
mkdir -p "$target/batchpoint" || fail "cannot write in $target: may the host's role write to the bucket ${bucket}?"
say "JuiceFS:$volume is mounted at $target"
${compatibilityLink(settings.compatibilityLink)}`;
}

function passwordFallback({ passwordSecretArn }: JuicefsPublicSettings): string {
  const needed =
    'the password of the metadata engine is needed once: set BATCHPOINT_METADATA_PASSWORD in the environment of this script';
  if (passwordSecretArn === null) {
    return `elif [ ! -s "$secret" ]; then
  fail "${needed}, or put META_PASSWORD=... into $secret (mode 0600)"`;
  }
  const region = passwordSecretArn.split(':')[3]!;
  return `elif command -v aws >/dev/null; then
  aws secretsmanager get-secret-value --region ${region} --secret-id ${shellQuote(passwordSecretArn)} --query SecretString --output text | keep_password
elif [ ! -s "$secret" ]; then
  fail "${needed}, or install the AWS CLI so that it can be read from Secrets Manager"`;
}

function installClient({ clientVersion, clientSha256X86, clientSha256Arm }: JuicefsPublicSettings): string {
  if (clientVersion === null) {
    return `command -v juicefs >/dev/null || fail 'juicefs is missing on this host: install it in the image, or set clientVersion and the digests of its archives in the storage'
`;
  }
  const branch = (machine: string, name: string, digest: string | null): string =>
    digest === null
      ? `    ${machine}) fail 'juicefs is missing, and the storage has no digest of its archive for this machine' ;;`
      : `    ${machine}) arch=${name} digest=${digest} ;;`;
  return `if ! command -v juicefs >/dev/null; then
  case $(uname -m) in
${branch('x86_64', 'amd64', clientSha256X86)}
${branch('aarch64', 'arm64', clientSha256Arm)}
    *) fail "there is no juicefs for $(uname -m)" ;;
  esac
  # BATCHPOINT_JUICEFS_RELEASES: a mirror. What comes from it must have the digest all the same.
  archive="\${BATCHPOINT_JUICEFS_RELEASES:-https://github.com/juicedata/juicefs/releases/download}/v${clientVersion}/juicefs-${clientVersion}-linux-$arch.tar.gz"
  work=/var/cache/batchpoint/juicefs-${clientVersion}
  mkdir -p "$work"
  say "installing juicefs ${clientVersion} from $archive"
  curl -fsSL --retry 5 --max-time 300 -o "$work/juicefs.tar.gz" "$archive" || fail "cannot fetch $archive"
  printf '%s  %s\\n' "$digest" "$work/juicefs.tar.gz" | sha256sum -c - >/dev/null || fail "$archive does not have the digest the storage gives ($digest); it was not installed"
  tar -xzf "$work/juicefs.tar.gz" -C "$work" juicefs
  install -m 0755 "$work/juicefs" /usr/local/bin/juicefs
  PATH=$PATH:/usr/local/bin
fi
`;
}
