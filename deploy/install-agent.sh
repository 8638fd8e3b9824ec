#!/bin/sh
# Installs the Batchpoint agent on this host, as root: the executable, its systemd service, Docker's runtime. Running it again
# brings everything up to date and changes nothing else. Get it from your server, which pins it to its own version,
# certificate and executables: GET /api/v1/scripts/install-agent (docs/installing.md).
#
#   install-agent --join-token-file FILE   the host enrols with the token in FILE ("-": standard input); kept in
#                                          /etc/batchpoint/join-token, for root only. Needed for the first time only
#   install-agent --uninstall              stops and removes the agent; checkpoints, and what running containers need, stay
#
#   --no-docker     leave Docker's configuration alone: jobs are then protected only with --runtime batchpoint
#   --no-packages   do not install CRIU and iptables where they are missing
#   --no-start      install, but neither enable nor start the service (for building machine images)
#   --help
#
# With BATCHPOINT_INSTALL_ROOT set, everything goes below that directory instead of /.
set -eu

# >>> pinned by the server
server_url=''
version=''
certificate_sha256=''
certificate=''
server_pin=''
sha256_x64=''
sha256_arm64=''
unit=''
# <<< pinned

say() { printf 'batchpoint: %s\n' "$*"; }
fail() {
  printf 'batchpoint: %s\n' "$*" >&2
  exit 1
}
usage() { sed -n '2,/^set /{/^set /d;s/^#$//;s/^# //;p;}' "$0"; }

root=${BATCHPOINT_INSTALL_ROOT:-}
# The agent refuses settings it does not know.
unset BATCHPOINT_INSTALL_ROOT
program=$root/usr/local/bin/batchpoint
etc=$root/etc/batchpoint
state=$root/var/lib/batchpoint
service=batchpoint-agent.service
unit_file=$root/etc/systemd/system/$service
docker_config=$root/etc/docker/daemon.json

token_file='' uninstall=no with_docker=yes with_packages=yes with_start=yes
while [ $# -gt 0 ]; do
  case $1 in
    --join-token-file)
      [ $# -gt 1 ] || fail '--join-token-file needs a file'
      token_file=$2
      shift
      ;;
    --uninstall) uninstall=yes ;;
    --no-docker) with_docker=no ;;
    --no-packages) with_packages=no ;;
    --no-start) with_start=no ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      printf '\nbatchpoint: there is no option %s\n' "$1" >&2
      exit 2
      ;;
  esac
  shift
done

[ "$(uname -s)" = Linux ] || fail "the agent runs on Linux; this is $(uname -s)"
[ "$(id -u)" -eq 0 ] || fail 'must run as root (sudo)'

reload_docker() {
  # The daemon takes up runtimes without a restart, and running containers do not notice.
  systemctl reload docker 2>/dev/null || say 'Docker could not be reloaded; restart it before the first job'
}

# --- uninstall --------------------------------------------------------------------------------------------------------

if [ $uninstall = yes ]; then
  systemctl disable --now $service 2>/dev/null || :
  if [ $with_docker = yes ] && [ -x "$program" ] && [ -e "$docker_config" ]; then
    # The runtime itself stays known: containers that were made with it need it to the end.
    "$program" docker-runtime --config "$docker_config" --remove && reload_docker
  fi
  rm -f "$unit_file" "$program"
  rm -rf "$etc"
  systemctl daemon-reload 2>/dev/null || :
  say "the agent is gone. $state stays for containers that still run; remove it, and the runtime \"batchpoint\" in $docker_config, when there are none"
  exit 0
fi

# --- what the server pinned -------------------------------------------------------------------------------------------

[ -n "$server_url" ] || fail 'this is the bare script of the repository; get it from your server: GET /api/v1/scripts/install-agent'
case $(uname -m) in
  x86_64) platform=linux-x64 sha256=$sha256_x64 ;;
  aarch64) platform=linux-arm64 sha256=$sha256_arm64 ;;
  *) fail "there is no agent for $(uname -m); there is one for x86_64 and aarch64" ;;
esac
[ -n "$sha256" ] || fail "the server at $server_url has no agent for $platform; make it there with: npm run package"
command -v curl >/dev/null || fail 'curl is missing; install it'

umask 077
work=$(mktemp -d)
trap 'rm -rf "$work" "$program.new"' EXIT
trap 'exit 130' INT TERM
changed=no

# --- token ------------------------------------------------------------------------------------------------------------

[ -d "$etc" ] || mkdir -p "$etc"
chmod 755 "$etc"
if [ -n "$token_file" ]; then
  if [ "$token_file" = - ]; then token=$(cat); else token=$(cat "$token_file"); fi
  case $token in
    bpj_*) ;;
    *) fail "$token_file holds no join token (they begin with bpj_); make one with POST /api/v1/join-tokens" ;;
  esac
  printf '%s\n' "$token" >"$etc/join-token.new"
  chmod 600 "$etc/join-token.new"
  mv "$etc/join-token.new" "$etc/join-token"
elif [ ! -s "$etc/join-token" ] && [ ! -s "$state/identity.json" ]; then
  fail 'a host enrols with a join token: give --join-token-file; POST /api/v1/join-tokens makes one'
fi

# --- executable -------------------------------------------------------------------------------------------------------

put() { # file, mode; content on standard input. In one step, and only if it differs.
  cat >"$work/content"
  if [ -e "$1" ] && cmp -s "$work/content" "$1"; then return 0; fi
  mkdir -p "$(dirname "$1")"
  cp "$work/content" "$1.new"
  chmod "$2" "$1.new"
  mv "$1.new" "$1"
  changed=yes
}
is_ours() { printf '%s  %s\n' "$sha256" "$1" | sha256sum -c - >/dev/null 2>&1; }

download() { # path at the server, file
  from=$1 to=$2
  set -- --fail --silent --show-error --connect-timeout 10 --max-time 900 --retry 5 --retry-connrefused --output "$to"
  case $server_url in https://*) set -- "$@" --proto '=https' --tlsv1.2 ;; esac
  [ -z "$certificate" ] || set -- "$@" --cacert "$work/server.pem"
  [ -z "$server_pin" ] || set -- "$@" --pinnedpubkey "$server_pin"
  curl "$@" "$server_url$from"
}

printf '%s\n' "$certificate" >"$work/server.pem"
if [ -x "$program" ] && is_ours "$program"; then
  say "the agent is version $version already"
else
  mkdir -p "$(dirname "$program")"
  say "fetching agent $version for $platform from $server_url"
  download "/api/v1/downloads/agent/$platform" "$program.new" ||
    fail "could not fetch the agent from $server_url${certificate_sha256:+ (certificate $certificate_sha256)}; nothing was installed. If the server's key has changed, get this script anew"
  is_ours "$program.new" ||
    fail "what came from $server_url is not the agent this script was made for (sha256 $(sha256sum <"$program.new" | cut -d ' ' -f 1), expected $sha256); nothing was installed. After an upgrade of the server, get this script anew"
  chmod 755 "$program.new"
  # It runs where its C library is new enough: not on Amazon Linux 2.
  "$program.new" --version >/dev/null || fail 'the agent does not run on this system; it needs glibc 2.28 or newer (Amazon Linux 2023, Debian 10, Ubuntu 20.04)'
  mv "$program.new" "$program"
  changed=yes
fi

# --- settings and service ---------------------------------------------------------------------------------------------

[ -z "$certificate" ] || put "$etc/server.pem" 644 <"$work/server.pem"
{
  # What an operator added stays.
  [ ! -e "$etc/agent.env" ] || grep -vE '^(BATCHPOINT_SERVER_URL|BATCHPOINT_JOIN_TOKEN_FILE|NODE_EXTRA_CA_CERTS)=' "$etc/agent.env" || :
  printf 'BATCHPOINT_SERVER_URL=%s\n' "$server_url"
  printf 'BATCHPOINT_JOIN_TOKEN_FILE=%s\n' "${etc#"$root"}/join-token"
  [ -z "$certificate" ] || printf 'NODE_EXTRA_CA_CERTS=%s\n' "${etc#"$root"}/server.pem"
} | put "$etc/agent.env" 644
printf '%s\n' "$unit" | put "$unit_file" 644

if [ $with_packages = yes ]; then
  for tool in criu iptables; do
    command -v $tool >/dev/null && continue
    if command -v dnf >/dev/null && dnf -q -y install $tool; then continue; fi
    say "$tool is missing, without which no job is checkpointed; install it"
  done
fi

# --- Docker -----------------------------------------------------------------------------------------------------------

if shim=$("$program" agent --install-shim-only --state-dir "$state"); then
  if [ $with_docker = yes ]; then
    runtime=$("$program" docker-runtime --config "$docker_config" --shim "${shim#"$root"}") || runtime=failed
    case $runtime in
      changed) reload_docker ;;
      failed) say 'Docker does not use the runtime yet, so no job is protected; put right what is said above, then run this again' ;;
    esac
  fi
else
  say 'the runtime is not installed, so no job is protected; put right what is said above, then run this again'
fi

# --- start ------------------------------------------------------------------------------------------------------------

if [ $with_start = yes ]; then
  systemctl daemon-reload
  systemctl enable --quiet $service
  if [ $changed = yes ]; then systemctl restart $service; else systemctl start $service; fi
  "$program" doctor --state-dir "$state" || say 'this host cannot checkpoint yet, see above; jobs run as they would without Batchpoint'
fi
say "agent $version is installed"
