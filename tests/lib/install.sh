#!/usr/bin/env bash
# `make install`: builds, and copies what was built to where PG_CONFIG's server looks for it, below
# DESTDIR if that is set. The right to write is looked at first. Whoever has it not is asked for
# sudo, for copying only; under sudo, the user who called it compiles, as root rarely has Rust.
set -euo pipefail
# shellcheck source=build.sh
. "$(dirname "${BASH_SOURCE[0]}")/build.sh"
DESTDIR="${DESTDIR:-}"
export DESTDIR
as_owner=()

# writable path: it, or the nearest folder above it that exists.
writable() {
  local path="$1"
  while [ ! -e "$path" ]; do path="$(dirname "$path")"; done
  [ -w "$path" ]
}

need_right_to_write() {
  local folder missing=""
  for folder in "$DESTDIR$PG_PKGLIBDIR" "$DESTDIR$PG_SHAREDIR/extension"; do
    writable "$folder" || missing="$folder"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ] && command -v sudo >/dev/null; then
    as_owner=(sudo)
    if sudo -n true 2>/dev/null; then return 0; fi
    if [ -t 0 ]; then
      note "copying to $missing takes sudo"
      if sudo -v; then return 0; fi
    fi
  fi
  cat >&2 <<TEXT
error: no right to write to $missing, so nothing was built. One of these will do:
  make install                    in a terminal, as a user whom sudo lets copy; nothing else takes root
  make build                      as yourself, then 'make install PG_CONFIG=$PG_CONFIG' as root, who
                                  needs no Rust for it: it copies what was built
  make install DESTDIR=folder     puts the files below a folder of your own, for a package or an image
  make demo, make psql            try wfstate on a private server, without installing
TEXT
  exit 1
}

# The one who called sudo compiles, if the clone and a Rust are his: then nothing in it gets root's.
build() {
  local home path user="${SUDO_USER:-}"
  if [ "$(id -u)" -eq 0 ] && [ -n "$user" ] && [ "$user" != root ] &&
    [ "$(stat -c %U "$WF_ROOT")" = "$user" ]; then
    home="$(getent passwd "$user" | cut -d: -f6)"
    path="$home/.cargo/bin:$PATH"
    if runuser -u "$user" -- env PATH="$path" sh -c 'command -v cargo' >/dev/null; then
      "$WF_ROOT/tests/setup.sh" packages
      runuser -u "$user" -- env -u CARGO_HOME -u RUSTUP_HOME -u SUDO_USER HOME="$home" PATH="$path" \
        "$WF_ROOT/tests/lib/install.sh" --build
      return
    fi
  fi
  build_here
}

build_here() {
  # What is built takes no Rust to copy.
  if pg_find >/dev/null && pg_resolve && package_is_current wfstate; then return 0; fi
  "$WF_ROOT/tests/setup.sh" build
  build_package
}

copy() {
  local package="$1" file mode
  (cd "$package" && find . -type f) | while read -r file; do
    mode=644
    case "$file" in *.so) mode=755 ;; esac
    "${as_owner[@]}" install -D -m "$mode" "$package/$file" "$DESTDIR${file#.}" </dev/null
    say "installed $DESTDIR${file#.}"
  done
}

# What is still to do, in the words of this system.
next_steps() {
  local root="sudo " postgres="sudo -u postgres " start="" port=""
  if [ "$(id -u)" -eq 0 ] && [ -z "${SUDO_USER:-}" ]; then
    root=""
    command -v sudo >/dev/null || postgres="runuser -u postgres -- "
  fi
  if command -v pg_lsclusters >/dev/null && [ "$PG_BINDIR" = "/usr/lib/postgresql/$PG_MAJOR/bin" ]; then
    debian_cluster
  else
    postgres=""
    pgrep -f "^$PG_BINDIR/postgres" >/dev/null 2>&1 ||
      start="$PG_BINDIR/initdb -D FOLDER && $PG_BINDIR/pg_ctl -D FOLDER -l FOLDER/log start"
  fi
  say
  say "wfstate is installed for PostgreSQL $PG_MAJOR. Next:"
  if [ -n "$start" ]; then
    say "- start a server; none of this version runs here:"
    say "    $start"
  fi
  say "- create the extension, once in each database that uses it:"
  say "    ${postgres}psql$port -d DATABASE -c 'CREATE EXTENSION wfstate'"
  say "- let a role use it:"
  say "    ${postgres}psql$port -d DATABASE -c \"SELECT wf_grant_access('ROLE', 'writer')\""
  say "README.md goes on from there, under Getting started."
}

# debian_cluster: how to make or start one, and the port of one that runs where it is not 5432.
debian_cluster() {
  local name number status
  read -r name number status < <(pg_lsclusters -h | awk -v m="$PG_MAJOR" \
    '$1 == m { print $2, $3, $4 }' | sort -k3,3r | head -n 1) || true
  case "${status:-none}" in
    online*) [ "$number" = 5432 ] || port=" -p $number" ;;
    none) start="${root}pg_createcluster $PG_MAJOR main --start" ;;
    *) start="${root}pg_ctlcluster $PG_MAJOR $name start" ;;
  esac
}

if [ "${1:-}" = --build ]; then
  build_here
  exit
fi
# Where no server is installed, the packages' folders will be root's, as the packages are.
if pg_find >/dev/null; then
  pg_resolve
  need_right_to_write
fi
build
pg_resolve
need_right_to_write
copy "$(package_dir wfstate)"
[ -n "$DESTDIR" ] || next_steps
