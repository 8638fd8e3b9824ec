#!/bin/sh
# moto (github.com/getmoto/moto), the emulator of AWS that the tests speak to, where it is not installed.
#
#   install-moto.sh          on Debian and Ubuntu, as root: unpacks Debian's packages of it into /opt/batchpoint/moto
#   install-moto.sh --check  changes nothing: exits 1 when there is no moto_server
#
# A moto_server in PATH is taken as it is. Running it again is harmless and takes no time when all is there. Nothing is
# installed in dpkg's sense: the packages are unpacked beside the system (170 MB), and run by the system's own python3.
# MOTO_PREFIX and DEBIAN_MIRROR say where to and where from.
set -u
PREFIX=${MOTO_PREFIX:-/opt/batchpoint}
MIRROR=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
PYTHON=/usr/bin/python3

check_only=no
case ${1:-} in
  '') ;;
  --check) check_only=yes ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p;}' "$0"; exit 0 ;;
  *) echo "install-moto.sh: unknown argument $1 (known: --check)" >&2; exit 2 ;;
esac

say() { echo "moto: $*"; }
give_up() { say "missing: $*"; exit 1; }

for program in "$(command -v moto_server)" "$PREFIX/moto/bin/moto_server"; do
  [ -x "$program" ] || continue
  [ $check_only = yes ] || say "there: $program"
  exit 0
done
[ $check_only = no ] || give_up 'moto_server. Run test/support/install-moto.sh as root, or: pip install "moto[server,batch]".'
for program in apt-get dpkg-deb $PYTHON; do
  command -v "$program" >/dev/null 2>&1 || give_up "$program, to install moto with. Or: pip install \"moto[server,batch]\"."
done
[ "$(id -u)" = 0 ] || give_up "root, to install moto under $PREFIX. Or: pip install \"moto[server,batch]\"."

new=$PREFIX/moto.new
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT TERM
rm -rf "$new"
mkdir -p "$new/apt/lists/partial" "$new/apt/cache/archives/partial" "$new/debs" "$new/own" "$new/bin" || exit 1
: >"$new/apt/status"

attempt() { # shows what the command printed only when it fails
  "$@" >"$new/output" 2>&1 || { cat "$new/output"; say "failed: $*"; exit 1; }
}

# moto and what must be as new as it; then what it needs, in Python alone; then what holds machine code for one version of
# Python, which therefore comes from the suite that this system's python3 is of.
NEWEST='python3-moto python3-boto3 python3-botocore python3-s3transfer'
PURE='python3-antlr4 python3-blinker python3-certifi python3-chardet python3-click python3-dateutil python3-docker
  python3-flask python3-flask-cors python3-graphql-core python3-idna python3-itsdangerous python3-jinja2
  python3-jmespath python3-joserfc python3-jsonpath-ng python3-multipart python3-packaging python3-ply
  python3-pyparsing python3-requests python3-responses python3-six python3-typing-extensions python3-urllib3
  python3-werkzeug python3-xmltodict'
COMPILED='python3-cffi-backend python3-cryptography python3-markupsafe python3-yaml'
PURE_SUITE=trixie

# shellcheck source=/dev/null
system=$(. /etc/os-release && echo "$ID ${VERSION_CODENAME:-}")
codename=${system#* }
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Archives of the distribution's own configuration; its lists may be missing or old on a new machine.
own() { # directory, packages
  directory=$1
  shift
  (cd "$directory" && apt-get -qq download "$@") >/dev/null 2>&1 && return 0
  say '$ apt-get update'
  apt-get -qq update >/dev/null 2>&1 || say 'apt-get update had errors; going on with what it got'
  # shellcheck disable=SC2016
  attempt sh -c 'cd "$1" && shift && apt-get -qq download "$@"' sh "$directory" "$@"
}

say "fetching moto from Debian into $PREFIX/moto (a private directory, about 170 MB)"
if [ ! -e $keyring ]; then
  own "$new/own" debian-archive-keyring
  attempt dpkg-deb -x "$new"/own/debian-archive-keyring_*.deb "$new/keyring"
  keyring=$new/keyring$keyring
  rm -f "$new"/own/debian-archive-keyring_*.deb
fi
suites="sid $PURE_SUITE"
# shellcheck disable=SC2086
case $system in
  debian\ ?*) [ "$codename" = $PURE_SUITE ] || suites="$suites $codename" ;;
  *) own "$new/own" $COMPILED ;;
esac
for suite in $suites; do echo "deb [signed-by=$keyring] $MIRROR $suite main"; done >"$new/apt/sources.list"

# Check-Valid-Until: archives frozen for reproducible builds carry old release files. The signature is still verified.
# shellcheck disable=SC2016
debian() {
  attempt sh -c 'cd "$1" && shift && exec apt-get "$@"' sh "$directory" -qq \
    -o Dir::Etc::sourcelist="$new/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferencesparts=/dev/null -o Dir::State::lists="$new/apt/lists" \
    -o Dir::State::status="$new/apt/status" -o Dir::Cache="$new/apt/cache" -o Acquire::Languages=none \
    -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root -o Debug::NoLocking=1 "$@"
}
from() { # suite, packages: `package/suite` each, as apt wants it
  suite=$1
  shift
  for package in "$@"; do echo "$package/$suite"; done
}
directory=$new/own
debian update
# shellcheck disable=SC2046,SC2086
{
  debian download $(from $PURE_SUITE $PURE)
  case $system in debian\ ?*) debian download $(from "$codename" $COMPILED) ;; esac
}

unpack() { # directory of archives, directory to hold dist-packages
  mkdir -p "$2" || exit 1
  for archive in "$1"/*.deb; do
    dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$2" ./usr/lib/python3/dist-packages || exit 1
  done
  # An optional validator of OpenAPI documents that pulls in machine code for another Python; API Gateway alone asks it.
  stub=$2/usr/lib/python3/dist-packages/openapi_spec_validator
  mkdir -p "$stub/validation"
  printf 'def validate(*_arguments, **_options):\n    """Everything is valid."""\n' >"$stub/__init__.py"
  : >"$stub/validation/__init__.py"
  printf 'class OpenAPIValidationError(Exception):\n    pass\n' >"$stub/validation/exceptions.py"
}

# Services the tests use, so that a package missing in one of them is noticed here.
SERVICES='batch ec2 iam sts efs fsx s3 elasticache memorydb rds sqs events logs ecs secretsmanager ssm cloudformation servicequotas'
works() { # compiles as it goes, so that the first test need not
  for service in $SERVICES; do echo "import moto.$service.models, moto.$service.responses"; done >"$new/try.py"
  echo 'import moto.server' >>"$new/try.py"
  PYTHONPATH="$new/root/usr/lib/python3/dist-packages" $PYTHON -S "$new/try.py" >"$new/output" 2>&1
}

# The development suite has the newest moto, and moves; the stable one does not.
for suite in sid $PURE_SUITE; do
  rm -rf "$new/debs" "$new/root"
  cp -r "$new/own" "$new/debs"
  directory=$new/debs
  # shellcheck disable=SC2046,SC2086
  debian download $(from $suite $NEWEST)
  unpack "$new/debs" "$new/root"
  works && break
  say "moto of Debian $suite does not run here: $(tail -n 1 "$new/output")"
  [ "$suite" != $PURE_SUITE ] || exit 1
done
version=$(echo "$new"/debs/python3-moto_*.deb)
version=${version##*python3-moto_}

rm -rf "$new/apt" "$new/debs" "$new/own" "$new/keyring" "$new/output" "$new/try.py"
cat >"$new/bin/moto_server" <<WRAPPER
#!/bin/sh
# moto with its own modules and none of the system's. Written by test/support/install-moto.sh.
PYTHONPATH=$PREFIX/moto/root/usr/lib/python3/dist-packages exec $PYTHON -S -m moto.server "\$@"
WRAPPER
chmod 755 "$new/bin/moto_server"
rm -rf "$PREFIX/moto"
mv "$new" "$PREFIX/moto" || exit 1
say "done: $PREFIX/moto/bin/moto_server, moto ${version%_all.deb}"
