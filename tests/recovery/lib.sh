# shellcheck shell=bash
# What the scripts of this level share. Sourced first; brings tests/lib/cluster.sh with it.
# shellcheck source=../lib/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/cluster.sh"
# shellcheck source=../driver/lib/count.sh
. "$WF_ROOT/tests/driver/lib/count.sh"
export PYTHONPATH="$WF_ROOT/tests/driver/python" PYTHONDONTWRITEBYTECODE=1
export WF_PYTHON="$WF_TARGET/venv/bin/python"

# The ordinary role that the Python harness logs in as; it does the chores of its tenant, too.
app_role() { sql "CREATE ROLE wf_app LOGIN; SELECT wf_grant_access('wf_app', 'operator')" "$@" >/dev/null; }

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

# picture database: what must not differ, a topic a line.
picture() {
  local table
  for table in $(sql "SELECT oid::regclass FROM pg_class
      WHERE relnamespace = 'wfstate'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1" -d "$1"); do
    sql "SELECT 'rows of $table', count(*), md5(string_agg(t::text, E'\n' ORDER BY t::text COLLATE \"C\"))
           FROM $table AS t" -d "$1"
  done
  sql "SELECT 'row security', relname, relrowsecurity, relforcerowsecurity FROM pg_class
        WHERE relnamespace = 'wfstate'::regnamespace AND relkind IN ('r', 'p') ORDER BY 2;
       SELECT 'policy', tablename, policyname, permissive, roles, cmd, qual, with_check FROM pg_policies
        WHERE schemaname = 'wfstate' ORDER BY 2, 3;
       SELECT 'right on table', relname, grantee::regrole, privilege_type, is_grantable
         FROM pg_class, aclexplode(coalesce(relacl, acldefault('r', relowner)))
        WHERE relnamespace = 'wfstate'::regnamespace AND relkind IN ('r', 'p') ORDER BY 2, 3, 4;
       SELECT 'right on function', oid::regprocedure, grantee::regrole, is_grantable
         FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner)))
        WHERE proname LIKE 'wf\_%' ORDER BY 2, 3;
       SELECT 'right on schema', grantee::regrole, privilege_type
         FROM pg_namespace, aclexplode(nspacl) WHERE nspname = 'wfstate' ORDER BY 2, 3" -d "$1"
}

# defined [psql options]: a workflow with phases, a schema and a rule, for content.sql.
defined() {
  sql "SELECT wf_define('review', '{\"phases\": {\"draft\": {\"next\": [\"done\"]}, \"done\": {}},
       \"initial_phase\": \"draft\", \"terminal_phases\": [\"done\"], \"schema\": {\"type\": \"object\", \"required\": [\"title\"]},
       \"rules\": [{\"name\": \"short\", \"path\": \"\$.pages < 10\", \"message\": \"is long\"}]}')" "$@" >/dev/null
}

# migrating [psql options]: two steps for content.sql, one of them a function, and a state that they migrate.
migrating() {
  sql "CREATE FUNCTION public.with_two(state jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS \$\$SELECT state || '{\"two\": 2}'\$\$;
       SELECT wf_save_state('shaped', '{\"zero\": 0}', workflow => 'shaped'), wf_add_migration('shaped', 0, 1, '{\"one\": 1}'),
              wf_add_migration('shaped', 1, 2, function => 'public.with_two')" "$@" >/dev/null
}

# repaired [psql options]: an execution that was broken and repaired.
repaired() {
  sql "SELECT wf_save_state('broken', '{\"n\": 1}'), wf_save_state('broken', '{\"n\": 2}');
       UPDATE wfstate.state_versions SET snapshot_hash = 1 WHERE execution_id = 'broken' AND version = 2;
       SELECT action FROM wf_repair('broken')" "$@" >/dev/null
}
