# shellcheck shell=bash
# A private throw-away PostgreSQL: its own installation tree, data, socket and port, all in one
# temporary folder that goes when the script ends. Source it from a bash script:
#
#   set -euo pipefail
#   . tests/lib/cluster.sh
#   cluster_start 'fsync = on'        # builds if need be; database $PGDATABASE has the extension
#   sql "SELECT wf_save_state('a', '{}')"
#
# tests/README.md lists the functions. Nodes bear names: `primary` unless told, and `standby`.
# shellcheck source=build.sh
. "$(dirname "${BASH_SOURCE[0]}")/build.sh"
# shellcheck source=stage.sh
. "$WF_ROOT/tests/lib/stage.sh"

declare -A WF_PORTS=()

# cluster_start [configuration line…]
# WF_EXTENSION=no leaves the extension out; PGDATABASE may be set before by WF_DATABASE.
cluster_start() {
  cluster_prepare
  node_init "$@"
  node_start primary
  export PGHOST="$WF_BASE" PGPORT="${WF_PORTS[primary]}" PGUSER=postgres
  export WF_TCP_HOST=127.0.0.1
  export PGDATABASE="${WF_DATABASE:-wfstate_test}"
  wf_psql -q -d postgres -c "CREATE DATABASE \"$PGDATABASE\""
  if [ "${WF_EXTENSION:-yes}" = yes ]; then
    wf_psql -q -c 'CREATE EXTENSION wfstate'
  fi
}

# The folder and the installation tree, once per script.
cluster_prepare() {
  [ -n "${WF_BASE:-}" ] && [ -d "$WF_BASE" ] && return 0
  pg_resolve
  build_package
  local extra parent="${WF_TMPDIR:-${TMPDIR:-/tmp}}"
  for extra in ${WF_EXTRA_PACKAGES:-}; do build_package "$extra"; done
  # A socket's path has little more than 100 bytes.
  [ "${#parent}" -lt 60 ] || parent=/tmp
  WF_BASE="$(mktemp -d "$parent/wfs.XXXXXX")"
  on_exit cluster_cleanup
  export WF_BASE
  [ "$(id -u)" -ne 0 ] || chown "$WF_SERVER_USER" "$WF_BASE"
  stage_tree
  # Client programs of the server's own version for everything that the script starts.
  export PATH="$WF_CLIENT_BINDIR:$PATH"
  if [ "$WF_CLIENT_BINDIR" != "$PG_BINDIR" ] && [ -n "$WF_LIBRARY_PATH" ]; then
    export LD_LIBRARY_PATH="$WF_LIBRARY_PATH"
  fi
}

# The server's environment is the same however the script was started.
as_server() {
  as_pg env LC_ALL=C TZ=UTC ${WF_LIBRARY_PATH:+"LD_LIBRARY_PATH=$WF_LIBRARY_PATH"} "$@"
}

node_data() { say "$WF_BASE/${1:-primary}"; }
node_log() { say "$WF_BASE/${1:-primary}.log"; }

# node_init [configuration line…]: the primary's data folder. The owner's folder guards the
# socket (trust); on TCP, where every user of the machine could knock, a password is asked for.
node_init() {
  local data locale=C line
  data="$(node_data)"
  PGPASSWORD="$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')"
  export PGPASSWORD
  locale -a 2>/dev/null | grep -iE '^C\.utf-?8$' >/dev/null && locale=C.UTF-8
  printf '%s\n' "$PGPASSWORD" | as_pg sh -c "umask 077; cat > '$WF_BASE/password'"
  as_server "$WF_CLIENT_BINDIR/initdb" --no-sync -U postgres -E UTF8 --locale="$locale" \
    -A scram-sha-256 --pwfile="$WF_BASE/password" -D "$data" >"$WF_BASE/initdb.log" 2>&1 ||
    die "initdb failed: $(cat "$WF_BASE/initdb.log")"
  printf '%s\n' 'local all all trust' 'local replication all trust' \
    'host all all 127.0.0.1/32 scram-sha-256' | cluster_write "$data/pg_hba.conf"
  {
    say '# Settings of the private server'
    say "listen_addresses = '127.0.0.1'"
    say "unix_socket_directories = '$WF_BASE'"
    # A killed server loses nothing that the kernel has; only a power cut is not covered.
    say "fsync = off"
    # Segments as files in the data folder: a killed server leaves none behind.
    say "dynamic_shared_memory_type = mmap"
    say "timezone = 'UTC'"
    say "log_timezone = 'UTC'"
    say "lc_messages = 'C'"
    say "log_line_prefix = '%m [%p] %q%u@%d '"
    for line in "$@"; do say "$line"; done
  } | as_pg sh -c "cat >> '$data/postgresql.conf'"
}

cluster_write() { as_pg sh -c "cat > '$1'"; }

# cluster_set 'name = value'…: for the next start (cluster_restart).
cluster_set() {
  local data
  data="$(node_data)"
  printf '%s\n' "$@" | as_pg sh -c "cat >> '$data/postgresql.conf'"
}

# A port that nobody listens on, below the range that the kernel gives to clients.
free_port() {
  local port
  while :; do
    port=$((15000 + (RANDOM * 32768 + RANDOM) % 17000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  say "$port"
}

# node_start [name]: the first start picks a port; later ones keep it, for clients that reconnect.
node_start() {
  local name="${1:-primary}" attempt
  if [ -n "${WF_PORTS[$name]:-}" ]; then
    node_try_start "$name" || node_failed "$name"
    return 0
  fi
  for attempt in 1 2 3 4 5; do
    WF_PORTS[$name]="$(free_port)"
    node_try_start "$name" && return 0
    # Two runs may have picked the same port at once; anything else will not go away.
    tail -n 20 "$(node_log "$name")" | grep 'could not bind' >/dev/null || break
  done
  node_failed "$name"
}

node_failed() {
  tail -n 30 "$(node_log "$1")" >&2
  die "the private server ($1) did not start"
}

node_try_start() {
  local name="$1" port="${WF_PORTS[$1]}" job i
  # A session of its own: Ctrl-C is for the script, which then stops the server.
  as_server setsid "$WF_POSTGRES" -D "$(node_data "$name")" -p "$port" -c cluster_name="$name" \
    >>"$(node_log "$name")" 2>&1 </dev/null &
  job=$!
  disown "$job"
  for ((i = 0; i < 1200; i++)); do
    if pg_isready -q -h "$WF_BASE" -p "$port" -U postgres -d postgres; then return 0; fi
    kill -0 "$job" 2>/dev/null || return 1
    sleep 0.05
  done
  return 1
}

node_pid() { as_pg head -n 1 "$(node_data "${1:-primary}")/postmaster.pid" 2>/dev/null; }

# Every process of a node: all of them have the data folder as their working folder.
node_pids() {
  as_pg sh -c 'for p in /proc/[0-9]*; do
    [ "$(readlink "$p/cwd" 2>/dev/null)" = "$1" ] && echo "${p#/proc/}"; done; true' sh \
    "$(cd "$WF_BASE" && pwd -P)/${1:-primary}"
}

# A dead process whose parent has not looked is still listed; it counts as gone.
process_lives() { [ -d "/proc/$1" ] && ! grep -qs '^State:[[:space:]]*Z' "/proc/$1/status"; }

# node_stop [name] [signal]: INT is a fast, QUIT an immediate shutdown.
node_stop() {
  local name="${1:-primary}" pid i
  pid="$(node_pid "$name")" || return 0
  # The file of a killed server stays, and its number may be another process's by now. (No
  # `grep -q` behind a pipe: it leaves early, and with pipefail that is a failure.)
  node_pids "$name" | grep -x "$pid" >/dev/null || return 0
  kill -"${2:-INT}" "$pid" 2>/dev/null || return 0
  for ((i = 0; i < 1200; i++)); do
    process_lives "$pid" || return 0
    sleep 0.05
  done
  node_kill9 "$name"
}

# node_kill9 [name]: SIGKILL to the postmaster and all its children, until none is left.
node_kill9() {
  local name="${1:-primary}" pids i
  for ((i = 0; i < 500; i++)); do
    pids="$(node_pids "$name")"
    [ -n "$pids" ] || return 0
    # shellcheck disable=SC2086
    kill -KILL $pids 2>/dev/null || true
    sleep 0.02
  done
  die "processes of the killed server are still there: $pids"
}

cluster_stop() { node_stop "${1:-primary}"; }
cluster_kill9() { node_kill9 "${1:-primary}"; }
# Start again after a stop or a kill; recovery has ended when it returns.
cluster_restart() {
  node_stop "${1:-primary}"
  node_start "${1:-primary}"
}

# cluster_standby [configuration line…]: a hot standby by streaming; its port is STANDBY_PORT.
cluster_standby() {
  local data
  data="$(node_data standby)"
  as_server "$WF_CLIENT_BINDIR/pg_basebackup" -D "$data" -R -X stream -c fast --no-sync \
    -h "$WF_BASE" -p "${WF_PORTS[primary]}" -U postgres
  if [ $# -gt 0 ]; then
    printf '%s\n' "$@" | as_pg sh -c "cat >> '$data/postgresql.conf'"
  fi
  node_start standby
  export STANDBY_PORT="${WF_PORTS[standby]}"
}

# Returns when the standby has replayed all that the primary has written until now.
standby_wait() {
  local lsn i
  lsn="$(sql 'SELECT pg_current_wal_insert_lsn()')"
  for ((i = 0; i < 600; i++)); do
    [ "$(standby_sql "SELECT pg_last_wal_replay_lsn() >= '$lsn'")" = t ] && return 0
    sleep 0.05
  done
  die "the standby did not catch up to $lsn"
}

# --- clients --------------------------------------------------------------------------------
wf_psql() { psql -X -v ON_ERROR_STOP=1 "$@"; }
# sql 'statements' [psql option…]: bare values, columns separated by |
sql() {
  local text="$1"
  shift
  wf_psql -qAt "$@" -c "$text"
}
standby_sql() { sql "$1" -p "$STANDBY_PORT" "${@:2}"; }

# Lines of `export NAME=value` for another process (python, make psql).
cluster_env() {
  local name
  for name in PGHOST PGPORT PGUSER PGDATABASE PGPASSWORD WF_TCP_HOST STANDBY_PORT PG_CONFIG \
    WF_BASE; do
    [ -z "${!name:-}" ] || printf 'export %s=%q\n' "$name" "${!name}"
  done
  printf 'export PATH=%q:"$PATH"\n' "$WF_CLIENT_BINDIR"
  [ -z "${LD_LIBRARY_PATH:-}" ] || printf 'export LD_LIBRARY_PATH=%q\n' "$LD_LIBRARY_PATH"
}

# cluster_publish: `make psql` opens this cluster while the script runs (the demo's).
cluster_publish() {
  mkdir -p "$WF_TARGET"
  (umask 077 && cluster_env >"$WF_TARGET/demo-cluster.env")
  on_exit "grep -qF 'WF_BASE=$WF_BASE' '$WF_TARGET/demo-cluster.env' && rm -f '$WF_TARGET/demo-cluster.env'"
}

# The servers, the memory that a killed one could not give back, and the folder.
cluster_cleanup() {
  local name shm
  for name in "${!WF_PORTS[@]}"; do
    node_stop "$name" QUIT
    shm="$(as_pg sed -n 7p "$(node_data "$name")/postmaster.pid" 2>/dev/null | awk '{ print $2 }')"
    [ -z "$shm" ] || ipcrm -m "$shm" 2>/dev/null
  done
  if [ -n "${WF_KEEP:-}" ]; then
    note "kept: $WF_BASE"
  else
    rm -rf "$WF_BASE"
  fi
}
