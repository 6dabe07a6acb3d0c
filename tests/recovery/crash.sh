#!/usr/bin/env bash
# The server is killed under 16 writers, twice: what was acknowledged is there, whole.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
# Folding often, so that it is what the kill meets.
cluster_start 'max_connections = 60' 'max_wal_size = 64MB' 'checkpoint_timeout = 30s' 'wfstate.fold_every = 4'
app_role
sql 'GRANT SET ON PARAMETER wfstate.direct_access TO wf_app'
acknowledged="$WF_BASE/acknowledged"
circuits() { sql 'SELECT * FROM wfstate.circuits ORDER BY agent_key; SELECT * FROM wf_circuit_transitions()'; }

for round in 1 2; do
  before="$(sql 'SELECT count(*) FROM wfstate.state_versions')"
  "$WF_PYTHON" "$here/crash_load.py" "$acknowledged" "$round" &
  load=$!
  for ((i = 0; i < 400; i++)); do
    [ "$(sql "SELECT count(*) > $before + 800 FROM wfstate.state_versions")" = t ] && break
    sleep 0.05
  done
  # An open circuit, a half-open one with a permit taken, and outcomes: acknowledged, so they are there.
  sql "SELECT wf_circuit_save('broken-$round', 'open', '2999-01-01'), wf_circuit_save('trial-$round', 'half_open');
       SELECT * FROM wf_circuit_allow('trial-$round');
       SELECT * FROM wf_circuit_record('counted', $round > 1)" >/dev/null
  circuits="$(circuits)"
  cluster_kill9
  status=0
  wait "$load" || status=$?
  check "round $round: the writers saw nothing but the server go" "$status" 0
  cluster_restart
  status=0
  "$WF_PYTHON" "$here/crash_proof.py" "$acknowledged" || status=$?
  check "round $round: all that was acknowledged is there" "$status" 0
  check "round $round: circuits are what they were" "$(circuits)" "$circuits"
  check "round $round: wf_verify finds every log sound" "$(unsound)" ""
done
# The kill itself is in the log; what a backend died of by itself would be there as well.
check "no panic" "$(grep -cE 'PANIC|panicked' "$(node_log)" || true)" 0
count_done
