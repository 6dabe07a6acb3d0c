#!/usr/bin/env bash
# Writes docs/reference.md from the comments in a fresh database, so that psql and the page say the
# same. `reference.sh --check` writes nothing and fails when the page is not current.
set -euo pipefail
# shellcheck source=lib/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/cluster.sh"
page="$WF_ROOT/docs/reference.md"

# The order of the page. A function that no group names is an error below.
groups=(
  "State|wf_save_state wf_patch_state wf_save_states wf_load_state wf_load wf_load_many wf_state_at
   wf_history wf_diff wf_list wf_find wf_declare_search wf_prune_history wf_delete wf_export wf_import
   wf_verify"
  "Checkpoints|wf_checkpoint wf_checkpoints wf_drop_checkpoint wf_recover wf_fork"
  "Routing|wf_record_routing wf_complete_routing wf_routing_decisions wf_agent_statistics wf_top_agents
   wf_underperforming_agents wf_recalculate_statistics wf_prune_routing"
  "Circuit breakers|wf_circuit_allow wf_circuit_record wf_circuit_configure wf_circuit_policy wf_circuit_save
   wf_circuit_reset wf_circuits_recover wf_circuits wf_circuits_open wf_circuit_transitions"
  "Operations|wf_maintain"
  "Tenants and rights|wf_tenant wf_grant_access wf_grant_tenant wf_revoke_tenant wf_tenants"
)
# The type's functions and aggregates: they have no rights to speak of, and overloads.
statistics=(routing_stats rollup total_tasks successful_tasks failed_tasks measured_tasks success_rate
  total_duration_ms mean_duration_ms stddev_duration_ms min_duration_ms max_duration_ms approx_percentile
  approx_percentile_rank relative_error)
tables=(executions state_versions checkpoints search search_paths routing_decisions agent_statistics
  routing_retention circuits circuit_policies circuit_transitions tenant_roles)

prepare() {
  sql "CREATE ROLE reading; CREATE ROLE writing;
       SELECT wf_grant_access('reading', 'reader'); SELECT wf_grant_access('writing', 'writer')" >/dev/null
  local missing named="${groups[*]#*|}"
  missing="$(sql "SELECT p.oid::regprocedure FROM pg_proc AS p
     WHERE p.proname LIKE 'wf\_%' AND NOT (p.proname = ANY (string_to_array(
           regexp_replace('$named', '\s+', ' ', 'g'), ' ')))")"
  [ -z "$missing" ] || die "no group of tests/reference.sh names $missing"
  missing="$(sql "SELECT d.classid::regclass::text, pg_describe_object(d.classid, d.objid, 0)
      FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'wfstate'
     WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
       AND obj_description(d.objid, d.classid::regclass::text) IS NULL
     UNION ALL
    SELECT 'column', a.attrelid::regclass || '.' || a.attname FROM pg_attribute AS a
      JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind = 'r'
     WHERE c.relnamespace = 'wfstate'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
       AND col_description(a.attrelid, a.attnum) IS NULL")"
  [ -z "$missing" ] || die "no comment on: $missing"
}

# function_text name: heading, signature, who may call it, and the comment's lines as paragraphs.
function_text() {
  sql "
    WITH f AS (SELECT p.*, (SELECT count(*) FROM unnest(p.proargtypes)) AS args FROM pg_proc AS p
                WHERE p.proname = '$1'),
    a AS (SELECT f.proname, i, f.proargnames[i] AS name, i <= f.args AS is_argument,
                 format_type(coalesce(f.proallargtypes[i], f.proargtypes[i - 1]), NULL)
                   || coalesce(' DEFAULT ' || regexp_replace(pg_get_function_arg_default(f.oid, i),
                        '::.*', ''), '') AS type
            FROM f, generate_series(1, cardinality(f.proargnames)) AS i)
    SELECT format(E'\n### %s\n\n\`\`\`\n%s(%s)%s\n\`\`\`\n\n%s%s.\n\n%s', f.proname, f.proname,
             coalesce((SELECT string_agg(E'\n    ' || name || ' ' || type, ',' ORDER BY i) || E'\n'
                         FROM a WHERE is_argument), ''),
             CASE WHEN f.proretset THEN E' RETURNS TABLE (' || (SELECT string_agg(E'\n    ' || name || ' ' || type, ','
                         ORDER BY i) FROM a WHERE NOT is_argument) || E'\n)'
                  ELSE ' RETURNS ' || format_type(f.prorettype, NULL) END,
             CASE WHEN has_function_privilege('public', f.oid, 'EXECUTE') THEN 'For everybody'
                  WHEN has_function_privilege('reading', f.oid, 'EXECUTE') THEN 'For readers'
                  WHEN has_function_privilege('writing', f.oid, 'EXECUTE') THEN 'For writers'
                  ELSE 'For admins' END,
             CASE WHEN f.provolatile = 'v' THEN '' ELSE '; works on a standby' END,
             replace(obj_description(f.oid, 'pg_proc'), E'\n', E'\n\n'))
      FROM f"
}

# statistics_text name: one heading, a signature and a comment for each way to call it.
statistics_text() {
  printf '\n### %s\n' "$1"
  sql "SELECT format(E'\n\`\`\`\n%s(%s) RETURNS %s\n\`\`\`\n\n%s', p.proname,
             pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
             replace(obj_description(p.oid, 'pg_proc'), E'\n', E'\n\n'))
        FROM pg_proc AS p JOIN pg_depend AS d ON d.objid = p.oid AND d.deptype = 'e'
         AND d.classid = 'pg_proc'::regclass
       WHERE p.proname = '$1' ORDER BY p.pronargs"
}

table_text() {
  sql "
    SELECT format(E'\n### wfstate.%s\n\n%s\n\nColumn | Type | Description\n--- | --- | ---\n%s%s', c.relname,
             obj_description(c.oid, 'pg_class'),
             (SELECT string_agg(format('\`%s\` | %s%s | %s', a.attname, format_type(a.atttypid, a.atttypmod),
                       CASE WHEN a.attnotnull THEN '' ELSE ', may be null' END,
                       replace(col_description(a.attrelid, a.attnum), '|', '\|')), E'\n' ORDER BY a.attname <> ALL
                       (ARRAY['tenant', 'execution_id']), a.attnum)
                FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
             (SELECT E'\n\nIndex | Serves\n--- | ---\n' || string_agg(format('\`%s\` | %s', i.relname,
                       obj_description(i.oid, 'pg_class')), E'\n' ORDER BY i.relname)
                FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid))
      FROM pg_class AS c WHERE c.oid = 'wfstate.$1'::regclass"
}

# Settings are there once the library is loaded.
settings_text() {
  say
  say "Setting | Default | Range | Description"
  say "--- | --- | --- | ---"
  sql "SELECT wf_tenant();
    SELECT format('\`%s\` | %s | %s | %s %s', name,
             CASE WHEN unit IS NULL THEN boot_val ELSE pg_size_pretty(boot_val::bigint
                  * CASE unit WHEN 'kB' THEN 1024 ELSE 1 END) END,
             CASE WHEN min_val IS NULL THEN 'text' ELSE concat_ws(' ', min_val, 'to', max_val, unit) END,
             short_desc, extra_desc)
      FROM pg_settings WHERE name LIKE 'wfstate.%' ORDER BY name COLLATE \"C\"" | tail -n +2
}

whole_page() {
  local group name
  cat <<'TEXT'
# Reference

This page is generated from the comments in the database by `tests/reference.sh`; psql shows the same with `\df+`, `\d+` and `\dconfig+`.

Functions are in the schema that `CREATE EXTENSION` names. Arguments may be given by name (`expected_version => 3`). Every function refuses a NULL, empty or over-long id or name (22023, 54000), a tenant that the role is not bound to (42501), and a caller without the right to execute it (42501); [errors.md](errors.md) has the words. Limits: ids and names 255 bytes, notes 8 kB, tags and checkpoint metadata 16 kB, nesting 1000, batches 1000 executions, pages 10000 rows.
TEXT
  for group in "${groups[@]}"; do
    printf '\n## %s\n' "${group%%|*}"
    for name in ${group#*|}; do function_text "$name"; done
  done
  printf '\n## Routing statistics\n\n'
  sql "SELECT obj_description('routing_stats'::regtype, 'pg_type')"
  printf '\nOperator \`+\`: '
  sql "SELECT obj_description(oid, 'pg_operator') FROM pg_operator WHERE oprleft = 'routing_stats'::regtype"
  printf '\nCast to \`jsonb\`: '
  sql "SELECT obj_description(oid, 'pg_cast') FROM pg_cast WHERE castsource = 'routing_stats'::regtype"
  printf '\nFunctions of the type are for everybody.\n'
  for name in "${statistics[@]}"; do statistics_text "$name"; done
  printf '\n## Settings\n'
  settings_text
  printf '\n## Tables\n\nTo be read, not written. Row-level security shows the tenant of the session.\n'
  for name in "${tables[@]}"; do table_text "$name"; done
}

cluster_start
prepare
whole_page >"$WF_BASE/reference.md"
if [ "${1:-}" != --check ]; then
  cp "$WF_BASE/reference.md" "$page"
  say "docs/reference.md is written"
elif diff -u "$page" "$WF_BASE/reference.md"; then
  say "docs/reference.md is current"
  say "1 passed, 0 failed"
else
  say "docs/reference.md is not current: run tests/reference.sh"
  say "0 passed, 1 failed"
  exit 1
fi
