#!/bin/sh
# What a machine needs to checkpoint containers: Docker Engine, runc, iptables, and a CRIU that works on its kernel.
#
#   prerequisites.sh           on Debian and Ubuntu, as root: installs what is missing, saying what it does;
#                              elsewhere: names what is missing and how to get it, and exits 1
#   prerequisites.sh --check   changes nothing: names what is missing, exits 1 when anything is
#   prerequisites.sh --demo    also what the demo and the tests use (busybox, ip, nsenter, shellcheck)
#   prerequisites.sh --criu-dir  prints the directory of the CRIU that works here
#
# Running it again is harmless and takes less than a second when all is there. It never starts a service.
#
# CRIU: the one in PATH or the distribution's is taken when it passes `criu check` and a real dump of a process with a
# socket. Kernels from 6.13 need CRIU 4.2, which few distributions have: then Debian's own build of it goes, with its own
# libraries, into /opt/batchpoint/criu, touching nothing else on the machine.
set -u
PREFIX=${CRIU_PREFIX:-/opt/batchpoint}
MIRROR=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
CRIU_SUITE=forky
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

check_only=no want_demo=no criu_dir_only=no
for argument in "$@"; do
  case $argument in
    --check) check_only=yes ;;
    --demo) want_demo=yes ;;
    --criu-dir) criu_dir_only=yes ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p;}' "$0"; exit 0 ;;
    *) echo "prerequisites.sh: unknown argument $argument (known: --check, --demo, --criu-dir)" >&2; exit 2 ;;
  esac
done

say() { echo "prerequisites: $*"; }
have() { command -v "$1" >/dev/null 2>&1; }
missing=''
miss() { # name, what to do about it
  missing="$missing $1"
  say "missing: $1. $2"
}
finish() {
  [ -z "$missing" ] && exit 0
  exit 1
}

# --- does this CRIU work? ---------------------------------------------------------------------------------------------

# A process that holds a listening socket, with whichever interpreter the machine has; exits at once if none. Files it
# inherits from our caller are closed: what they are must not decide whether the dump succeeds.
socket_holder() {
  if have perl && perl -MSocket -MPOSIX -e 1 2>/dev/null; then
    exec setsid perl -MSocket -MPOSIX -e 'POSIX::close($_) for 3..1023; socket(S,PF_INET,SOCK_STREAM,6)&&bind(S,sockaddr_in(0,INADDR_LOOPBACK))&&listen(S,1)||exit 1; open(F,">",shift); close F; sleep 30' "$1"
  elif have python3; then
    exec setsid python3 -c 'import os,socket,sys,time; os.closerange(3,1024); s=socket.socket(); s.bind(("127.0.0.1",0)); s.listen(1); open(sys.argv[1],"w"); time.sleep(30)' "$1"
  elif have node; then
    exec setsid node -e 'require("net").createServer().listen(0,"127.0.0.1",()=>require("fs").writeFileSync(process.argv[1],""))' "$1"
  fi
  exit 1
}

# Why the CRIU in directory $1 is of no use here; silent and true when it works.
criu_problem() {
  reason=$("$1/criu" check 2>&1 | sed -n '/Error/{s/^[^:]*: *//;p;q;}')
  [ -n "$reason" ] && { echo "criu check: $reason"; return 1; }
  work=$(mktemp -d) || return 1
  (socket_holder "$work/ready") </dev/null >/dev/null 2>&1 &
  holder=$!
  tries=0
  while [ ! -e "$work/ready" ] && [ $tries -lt 100 ] && kill -0 $holder 2>/dev/null; do
    sleep 0.02
    tries=$((tries + 1))
  done
  if [ ! -e "$work/ready" ]; then
    rm -rf "$work" # no interpreter to try with: `criu check` has to do
    return 0
  fi
  mkdir "$work/image"
  if "$1/criu" dump -t $holder -D "$work/image" -o dump.log --tcp-established >/dev/null 2>&1; then
    rm -rf "$work"
    return 0
  fi
  # The first error is the root of the others; the one about RLIMIT_NOFILE is printed by dumps that succeed, too.
  echo "trial dump: $(sed -n '/RLIMIT_NOFILE/d;/Error/{s/^[^)]*): *//;p;q;}' "$work/image/dump.log" 2>/dev/null)"
  kill -9 $holder 2>/dev/null
  rm -rf "$work"
  return 1
}

# The directory of a CRIU that works, or nothing; why not is left in $criu_reason.
criu_reason=''
find_criu() {
  criu_reason=''
  for directory in ${BATCHPOINT_CRIU_DIR:-} "$(dirname "$(command -v criu || echo /none/criu)")" "$PREFIX/bin"; do
    [ -x "$directory/criu" ] || continue
    if problem=$(criu_problem "$directory"); then
      criu_dir=$directory
      return 0
    fi
    criu_reason="$directory/criu does not work on this kernel ($(uname -r)): $problem. "
  done
  return 1
}

# --- what there is ----------------------------------------------------------------------------------------------------

if [ "$(uname -s)" != Linux ]; then
  miss Linux "Checkpoints are made of Linux containers; this is $(uname -s). The server runs here, an agent does not."
  finish
fi
if [ "$(id -u)" != 0 ]; then
  miss root 'Freezing and dumping containers needs root: run it again as root (sudo).'
  finish
fi
if [ $criu_dir_only = yes ]; then
  find_criu && echo "$criu_dir" && exit 0
  miss criu "${criu_reason}Run deploy/prerequisites.sh."
  finish
fi

lacks_criu=no packages=''
need() { # program, Debian package
  have "$1" || packages="$packages $2"
}
need dockerd docker.io
need docker docker.io
need runc runc
need iptables iptables
need tar tar
if [ $want_demo = yes ]; then
  need busybox busybox-static
  need ip iproute2
  need nsenter util-linux
  need shellcheck shellcheck
fi
packages=$(echo "$packages" | tr ' ' '\n' | sort -u | tr '\n' ' ')
packages=${packages# }
find_criu || lacks_criu=yes

if [ -z "$packages" ] && [ $lacks_criu = no ]; then
  [ $check_only = yes ] || say "all there: docker, runc, iptables, CRIU in $criu_dir"
  exit 0
fi

if ! have apt-get || [ $check_only = yes ]; then
  how='Run deploy/prerequisites.sh as root.'
  have apt-get || how="This script installs on Debian and Ubuntu only; use this system's package manager."
  for package in $packages; do miss "$package" "$how"; done
  [ $lacks_criu = no ] || miss criu "${criu_reason}CRIU 4.2 or newer is needed on kernels from 6.13. $how"
  finish
fi

# --- install ----------------------------------------------------------------------------------------------------------

export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
own_policy=no
clean_up() {
  rm -f "$output"
  [ $own_policy = no ] || rm -f $policy
}
trap clean_up EXIT
trap 'exit 130' INT TERM

output=$(mktemp) || exit 1
attempt() { # shows what the command printed only when it fails
  "$@" >"$output" 2>&1 || { cat "$output"; say "failed: $*"; exit 1; }
}
run() {
  say "\$ $*"
  attempt "$@"
}
updated=no
update() {
  [ $updated = yes ] && return 0
  # One unreachable third-party source must not be in the way of what the distribution itself has.
  say '$ apt-get update'
  apt-get update -qq >/dev/null 2>&1 || say 'apt-get update had errors; going on with what it got'
  updated=yes
}
install() {
  update
  run apt-get install -y -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 --no-install-recommends "$@"
}

# Docker's package starts its daemon; Debian's way of saying "not now" is this file.
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy && own_policy=yes
fi

if [ -n "$packages" ]; then
  say "installing with apt: $packages"
  install $packages
  have docker || install docker-cli # a package of its own since Debian 13
fi

# Debian's CRIU with the libraries it was built against, beside the system instead of in it.
private_criu() {
  say "fetching CRIU from Debian $CRIU_SUITE into $PREFIX/criu (a private directory, about 30 MB)"
  [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || install debian-archive-keyring
  new=$PREFIX/criu.new
  rm -rf "$new" || exit 1
  mkdir -p "$new/apt/lists/partial" "$new/apt/cache/archives/partial" "$new/root" "$PREFIX/bin" || exit 1
  : >"$new/apt/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $MIRROR $CRIU_SUITE main" >"$new/apt/sources.list"
  # Check-Valid-Until: archives frozen for reproducible builds carry old release files. The signature is still verified.
  set -- -o Dir::Etc::sourcelist="$new/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferencesparts=/dev/null -o Dir::State::lists="$new/apt/lists" -o Dir::State::status="$new/apt/status" \
    -o Dir::Cache="$new/apt/cache" -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false \
    -o APT::Sandbox::User=root -o Debug::NoLocking=1
  attempt apt-get "$@" -qq update
  attempt apt-get "$@" -y -qq --no-install-recommends --download-only install criu
  for archive in "$new"/apt/cache/archives/*.deb; do attempt dpkg-deb -x "$archive" "$new/root"; done
  rm -rf "$new/apt" "$PREFIX/criu"
  mv "$new" "$PREFIX/criu" || exit 1

  root=$PREFIX/criu/root
  loader=$(ls -d "$root"/usr/lib*/ld-linux-* "$root"/lib*/ld-linux-* "$root"/usr/lib/*/ld-linux-* 2>/dev/null | head -n 1)
  libraries=$(dirname "$(ls -d "$root"/usr/lib/*-linux-gnu*/libprotobuf-c.so.1 | head -n 1)")
  [ -n "$loader" ] || { say "failed: Debian's CRIU came without a dynamic loader"; exit 1; }
  cat >"$PREFIX/bin/criu.new" <<WRAPPER
#!/bin/sh
# CRIU with the C library it was built against. Written by deploy/prerequisites.sh.
exec $loader --library-path $libraries $root/usr/sbin/criu "\$@"
WRAPPER
  chmod 755 "$PREFIX/bin/criu.new" && mv "$PREFIX/bin/criu.new" "$PREFIX/bin/criu" || exit 1
}

# Is the CRIU that apt would install worth a try? Versions before 4.2 cannot dump on kernels from 6.13 (vDSO layout) and
# 6.16 (SO_PASSCRED), and a package that cannot work is better not installed.
distribution_criu_may_work() {
  have criu && return 1 # it is installed, and was tried above
  version=$(apt-cache policy criu 2>/dev/null | sed -n 's/^ *Candidate: *//p')
  case $version in '' | '(none)') return 1 ;; esac
  kernel=$(uname -r | sed 's/[^0-9.].*//')
  dpkg --compare-versions "$kernel" lt 6.13 || dpkg --compare-versions "$version" ge 4.2
}

if [ $lacks_criu = yes ]; then
  update
  if distribution_criu_may_work; then
    say "installing the distribution's CRIU $version"
    install criu
    find_criu || say "$criu_reason"
  fi
  if ! find_criu; then
    private_criu
    find_criu || { miss criu "$criu_reason"; finish; }
  fi
fi
say "done: docker, runc, iptables, CRIU in $criu_dir"
