# shellcheck shell=bash
# What the scripts of this level share. Sourced first; brings tests/lib/cluster.sh with it.
# shellcheck source=../lib/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/cluster.sh"
# shellcheck source=../driver/lib/count.sh
. "$WF_ROOT/tests/driver/lib/count.sh"
export PYTHONPATH="$WF_ROOT/tests/driver/python" PYTHONDONTWRITEBYTECODE=1
export WF_PYTHON="$WF_TARGET/venv/bin/python"

# The ordinary role that the Python harness logs in as.
app_role() { sql "CREATE ROLE wf_app LOGIN; SELECT wf_grant_access('wf_app', 'writer')" "$@" >/dev/null; }

# sqlstate 'statement' [psql option…]: the code that it is refused with, or nothing.
sqlstate() {
  local text="$1"
  shift
  psql -X -qAt -v VERBOSITY=sqlstate "$@" -c "$text" 2>&1 >/dev/null | sed -n 's/^ERROR: *//p'
}

# unsound [psql option…]: executions whose log wf_verify finds fault with, all tenants.
unsound() {
  local tenant
  sql 'SELECT DISTINCT tenant FROM wfstate.executions' "$@" | while read -r tenant; do
    PGOPTIONS="-c wfstate.tenant=$tenant" sql "
      SELECT e.execution_id, v.bad_version, v.problem
        FROM wf_list(max_rows => 10000) AS e, wf_verify(e.execution_id) AS v WHERE NOT v.valid" "$@"
  done
}
