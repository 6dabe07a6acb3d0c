#!/usr/bin/env bash
# Real clients against one private server: Python, Node, Rust. Arguments: only these of the three.
set -euo pipefail
# shellcheck source=../lib/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/cluster.sh"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib/count.sh
. "$here/lib/count.sh"

# Whoever runs the server may have this set: no backtrace may reach a client even so.
export RUST_BACKTRACE=1
cluster_start 'max_connections = 100'
unset RUST_BACKTRACE
# Clients are ordinary: row-level security holds for them.
sql "CREATE ROLE wf_app LOGIN; SELECT wf_grant_access('wf_app', 'operator')"

# What the documentation tells applications to do, as it stands there: the samples of a language, each on a
# database of its own that was prepared as the page says.
pages=("$WF_ROOT/README.md" "$WF_ROOT"/docs/*.md)
blocks() { perl "$WF_ROOT/tests/lib/blocks.pl" "$@"; }
shop() {
  sql 'DROP DATABASE IF EXISTS shop WITH (FORCE)' 2>/dev/null
  sql 'DROP ROLE IF EXISTS app' 2>/dev/null
  sql 'CREATE DATABASE shop'
  blocks program "$WF_ROOT/docs/applications.md" sql 'Roles and grants' | wf_psql -q -d shop >/dev/null
}

# samples language suffix command…: the program is a file, which the command gets as its last argument.
samples() {
  local language="$1" suffix="$2" page section sections got
  shift 2
  for page in "${pages[@]}"; do
    mapfile -t sections < <(blocks sections "$page" "$language")
    for section in "${sections[@]}"; do
      shop
      blocks program "$page" "$language" "$section" >"$WF_BASE/sample.$suffix"
      got="$("$@" "$WF_BASE/sample.$suffix" 2>&1)" || got="status $?: $got"
      check "${page##*/}, $section: the sample prints what is shown" "$got" \
        "$(blocks shown "$page" "$language" "$section")"
    done
  done
}

run_python() {
  need_file "$WF_TARGET/venv/bin/python" || return 0
  count_last_line "$WF_TARGET/venv/bin/python" -B "$here/python/run.py"
  # The file that a sample imports.
  "$WF_TARGET/venv/bin/python" - "$WF_BASE/flow_states.db" <<'END'
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as file:
    file.execute("CREATE TABLE flow_states (id INTEGER PRIMARY KEY, flow_uuid, method_name, timestamp, state_json)")
    file.execute("INSERT INTO flow_states VALUES (1, 'a', 'begin', '2026-01-01T00:00:00+00:00', '{}'), (2, NULL, 'm', '', '')")
END
  samples python py python_sample
}
python_sample() {
  cd "$WF_BASE" && "$WF_TARGET/venv/bin/python" -B "$1"
}

run_node() {
  need_file "$WF_TARGET/node/node_modules/pg" || return 0
  NODE_PATH="$WF_TARGET/node/node_modules" count_node node --test "$here"/node/*.test.cjs
  NODE_PATH="$WF_TARGET/node/node_modules" samples js cjs node
}

# Built for speed of building: the server is what takes the time here.
run_rust() {
  cd "$WF_ROOT"
  count_cargo cargo test --package wfstate-driver-tests --no-fail-fast
  samples rust rs rust_sample
}

# The sample is the program src/sample.rs, which build.rs takes from the file. It connects to the private server.
rust_sample() {
  WF_SAMPLE="$1" WF_SHOP="host=$PGHOST port=$PGPORT dbname=shop user=app" \
    cargo run --quiet --package wfstate-driver-tests --bin sample
}

[ $# -gt 0 ] || set -- python node rust
for client in "$@"; do
  note "driver: $client"
  "run_$client"
done
# A client may have seen a clean error while the server came down, or told the log of a panic.
check_log "$(node_log)"
count_done
