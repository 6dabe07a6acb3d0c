# shellcheck shell=bash
# System packages by apt, where root or sudo allows; else the one line to run. Sourced by
# tests/setup.sh.

# install_packages name…: nothing when called with none.
install_packages() {
  local as_root=()
  [ $# -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null; then
    die "missing, in Debian's names; install your system's equivalents: $*"
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      printf 'Packages are missing and there is no right to install them. Run this, then try again:\n\n  sudo apt-get install -y %s\n\n' "$*" >&2
      exit 1
    fi
    as_root=(sudo -n)
  fi
  quiet_services "${as_root[@]}"
  quietly "$WF_TARGET/packages.log" "installing $* (a minute or two; log: target/packages.log)" \
    apt_install "${as_root[@]}" -- "$@" || die "the packages could not be installed"
}

# apt_install [sudo…] -- name…: the package lists of a fresh machine may be missing or old.
apt_install() {
  local as_root=()
  while [ "$1" != -- ]; do
    as_root+=("$1")
    shift
  done
  shift
  set -- "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
  "$@" || { "${as_root[@]}" apt-get update && "$@"; }
}

# Packages of servers start them, and PostgreSQL's makes a cluster on 5432. We want programs
# only: two files, there during the installation, say so. A file that exists is not ours.
quiet_services() {
  local policy=/usr/sbin/policy-rc.d cluster=/etc/postgresql-common/createcluster.d/wfstate.conf
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "$@" tee "$policy" >/dev/null
    "$@" chmod 755 "$policy"
    on_exit "$* rm -f $policy"
  fi
  if [ ! -e "$cluster" ]; then
    "$@" mkdir -p "$(dirname "$cluster")"
    printf 'create_main_cluster = false\n' | "$@" tee "$cluster" >/dev/null
    on_exit "$* rm -f $cluster"
  fi
}

# The major whose server is there already (its headers are not), else the newest that apt offers;
# nothing when there is none. A fresh machine may have no lists yet.
candidate_major() {
  local major
  for major in $WF_MAJORS; do
    if [ -x "/usr/lib/postgresql/$major/bin/postgres" ]; then
      say "$major"
      return 0
    fi
  done
  command -v apt-cache >/dev/null || return 0
  offered_major && return 0
  if [ "$(id -u)" -eq 0 ]; then
    quietly "$WF_TARGET/packages.log" "reading apt's lists" apt-get update || true
  elif sudo -n true 2>/dev/null; then
    quietly "$WF_TARGET/packages.log" "reading apt's lists" sudo -n apt-get update || true
  fi
  offered_major || true
}

offered_major() {
  local major
  for major in $WF_MAJORS; do
    if apt-cache policy "postgresql-server-dev-$major" 2>/dev/null | grep -E 'Candidate: [0-9]' >/dev/null; then
      say "$major"
      return 0
    fi
  done
  return 1
}

has_libclang() {
  local pattern
  [ -z "${LIBCLANG_PATH:-}" ] || return 0
  for pattern in '/usr/lib/llvm-*/lib' '/usr/lib/*-linux-*' /usr/lib64 /usr/lib /usr/local/lib; do
    if compgen -G "$pattern/libclang.so*" >/dev/null || compgen -G "$pattern/libclang-[0-9]*.so*" >/dev/null; then
      return 0
    fi
  done
  return 1
}

# Daemons lie in sbin, which an ordinary user's PATH may lack.
find_sbin() { PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v "$1"; }
