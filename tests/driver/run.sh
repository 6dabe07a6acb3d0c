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
sql "CREATE ROLE wf_app LOGIN; SELECT wf_grant_access('wf_app', 'writer')"

run_python() {
  need_file "$WF_TARGET/venv/bin/python" || return 0
  count_last_line "$WF_TARGET/venv/bin/python" -B "$here/python/run.py"
}

run_node() {
  need_file "$WF_TARGET/node/node_modules/pg" || return 0
  NODE_PATH="$WF_TARGET/node/node_modules" count_node node --test "$here"/node/*.test.cjs
}

# Built for speed of building: the server is what takes the time here.
run_rust() {
  cd "$WF_ROOT"
  count_cargo cargo test --package wfstate-driver-tests --no-fail-fast
}

[ $# -gt 0 ] || set -- python node rust
for client in "$@"; do
  note "driver: $client"
  "run_$client"
done
# A client may have seen a clean error while the server came down, or told the log of a panic.
check_log "$(node_log)"
count_done
