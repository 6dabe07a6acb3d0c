#!/usr/bin/env bash
# The saver against one private server: upstream's conformance suite for both savers, then our own tests. Prints the
# counts of each; the last line is the total.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../../tests/lib/cluster.sh
. "$here/../../tests/lib/cluster.sh"
# shellcheck source=../../tests/driver/lib/count.sh
. "$WF_ROOT/tests/driver/lib/count.sh"

libraries="$WF_TARGET/langgraph"
python="$WF_TARGET/venv/bin/python"
if need_file "$python" && need_file "$libraries/langgraph"; then
  cluster_start 'max_connections = 50'
  sql "CREATE ROLE wf_saver LOGIN; SELECT wf_grant_access('wf_saver', 'writer', tenants => '{default}')" >/dev/null
  sql "CREATE ROLE wf_pruner LOGIN; SELECT wf_grant_access('wf_pruner', 'operator', tenants => '{default}')" >/dev/null
  sql "CREATE ROLE wf_reader LOGIN; SELECT wf_grant_access('wf_reader', 'reader', tenants => '{default}')" >/dev/null
  sql "CREATE ROLE wf_other LOGIN; SELECT wf_grant_access('wf_other', 'writer', tenants => '{other}')" >/dev/null
  # The packages are one namespace in two folders.
  export PYTHONPATH="$here:$libraries" PYTHONDONTWRITEBYTECODE=1 LANGSMITH_TRACING=false
  count_last_line "$python" "$here/tests/run.py"
  note "types"
  if (cd "$here" && "$python" -m mypy --cache-dir "$WF_BASE/mypy" -p langgraph.checkpoint.wfstate); then
    ok "types are as they are said"
  else
    not_ok "types"
  fi
  check_log "$(node_log primary)"
fi
count_done
