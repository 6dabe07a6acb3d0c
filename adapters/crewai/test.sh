#!/usr/bin/env bash
# The store of flows against one private server: what it answers is compared with CrewAI's own store, on the newest
# CrewAI and the oldest. Prints the counts of each; the last line is the total.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../../tests/lib/cluster.sh
. "$here/../../tests/lib/cluster.sh"
# shellcheck source=../../tests/driver/lib/count.sh
. "$WF_ROOT/tests/driver/lib/count.sh"

libraries="$WF_TARGET/crewai-flows"
python="$WF_TARGET/venv/bin/python"
newest=1.15.30
oldest=0.130.0
if need_file "$python" && need_file "$libraries" && need_file "$WF_TARGET/crewai/$newest" &&
  need_file "$WF_TARGET/crewai/$oldest"; then
  cluster_start 'max_connections = 50'
  sql "CREATE ROLE wf_nobody LOGIN" >/dev/null
  sql "CREATE ROLE wf_crew LOGIN; SELECT wf_grant_access('wf_crew', 'writer', tenants => '{default}')" >/dev/null
  sql "CREATE ROLE wf_pruner LOGIN; SELECT wf_grant_access('wf_pruner', 'operator', tenants => '{default}')" >/dev/null
  sql "CREATE ROLE wf_reader LOGIN; SELECT wf_grant_access('wf_reader', 'reader', tenants => '{default}')" >/dev/null
  sql "CREATE ROLE wf_other LOGIN; SELECT wf_grant_access('wf_other', 'writer', tenants => '{other}')" >/dev/null
  # CrewAI writes into the home of who runs it, and tells its makers of runs.
  export HOME="$WF_BASE" PYTHONDONTWRITEBYTECODE=1
  export OTEL_SDK_DISABLED=true CREWAI_DISABLE_TELEMETRY=true CREWAI_TRACING_ENABLED=false
  for version in "$newest" "$oldest"; do
    note "CrewAI $version"
    export WF_CREWAI="$version" PYTHONPATH="$here:$WF_TARGET/crewai/$version:$libraries"
    count_last_line "$python" "$here/tests/run.py"
  done
  note "types"
  export PYTHONPATH="$here:$WF_TARGET/crewai/$newest:$libraries"
  if (cd "$here" && "$python" -m mypy --cache-dir "$WF_BASE/mypy" -p crewai_wfstate); then
    ok "types are as they are said"
  else
    not_ok "types"
  fi
  lines="$(cat "$here"/crewai_wfstate/*.py | wc -l)"
  if [ "$lines" -le 200 ]; then ok "the adapter has $lines lines"; else not_ok "the adapter has $lines lines, more than 200"; fi
  check_log "$(node_log primary)"
fi
count_done
