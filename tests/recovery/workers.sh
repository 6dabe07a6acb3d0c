#!/usr/bin/env bash
# Workers in Python and Node, killed at random, and the server with them once: each execution completes once, each step
# has one result, nobody writes under a lease that another has taken over.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
cluster_start 'max_connections = 60'
app_role
export NODE_PATH="$WF_TARGET/node/node_modules"
folder="$WF_BASE/workers"
mkdir -p "$folder"

"$WF_PYTHON" "$here/workers.py" run "$folder" >"$folder/said" &
run=$!
# shellcheck disable=SC2064
on_exit "kill $run 2>/dev/null; pkill -KILL -f '$folder/ran-' || true"
for ((i = 0; i < 2000; i++)); do
  [ "$(sql "SELECT count(*) > 300 FROM wfstate.executions WHERE status = 'completed'")" = t ] && break
  sleep 0.05
done
cluster_kill9
sleep 0.5
cluster_restart
status=0
wait "$run" || status=$?
check "the workers have brought every execution to its end" "$status" 0
note "$(cat "$folder/said")"
check "each completed once, each step has one result, no lease was held by two" "$("$WF_PYTHON" "$here/workers.py" proof "$folder")" ""
check "no panic" "$(grep -cE 'PANIC|panicked' "$(node_log)" || true)" 0
count_done
