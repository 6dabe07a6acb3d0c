#!/usr/bin/env bash
# Twelve months of operation under retention, each cleaned as of its end: what is kept is what is young enough or stands
# for something, and from the third month on no table grows. Times are given by the caller: executions are imported with
# theirs, decisions are recorded with theirs.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
# wf_maintain would go by the clock: outcomes are folded by those who record.
cluster_start 'autovacuum = off' 'wfstate.fold_every = 50'
app_role
count=${YEAR_EXECUTIONS:-1500}
sql "CREATE FUNCTION public.at(t timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS
       \$\$ SELECT to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"') \$\$;
     CREATE FUNCTION public.run_at(id text, workflow text, t timestamptz, status text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS \$\$
       SELECT jsonb_build_object('format', 'wfstate', 'format_version', 1, 'tags', NULL, 'checkpoints', '[]'::jsonb,
         'execution', jsonb_build_object('execution_id', id, 'workflow', workflow, 'status', status, 'phase', NULL, 'version', 4,
           'created_at', at(t), 'started_at', at(t), 'updated_at', at(t + interval '3 min'),
           'completed_at', CASE WHEN status = 'running' THEN NULL ELSE at(t + interval '3 min') END,
           'initiated_by', 'wf_app', 'schema_version', NULL, 'workflow_version', NULL, 'forked_from_version', NULL, 'forked_from_execution_id', NULL),
         'versions', jsonb_build_array(jsonb_build_object('status', 'running', 'version', 1, 'saved_at', at(t), 'saved_by', 'wf_app',
             'snapshot', jsonb_build_object('n', 0, 'text', repeat(md5(id), 20)), 'schema_version', NULL))
           || (SELECT jsonb_agg(jsonb_build_object('status', CASE WHEN n = 4 THEN status ELSE 'running' END, 'version', n, 'base_version', n - 1,
                 'saved_at', at(t + (n - 1) * interval '1 min'), 'saved_by', 'wf_app', 'schema_version', NULL, 'patch', jsonb_build_object('n', n)))
                 FROM generate_series(2, 4) AS n)) \$\$"
app() { sql "$1" -U wf_app; }
app "SELECT wf_set_retention(item, '30 days') FROM unnest('{executions,decisions,statistics,circuits,changes,signals,quarantine,recoveries}'::text[]) AS item;
     SELECT wf_define('brief', '{\"retention\": {\"keep_completed_for\": \"7 days\"}}'), wf_define('lasting', '{\"retention\": {\"keep_completed_for\": \"5 years\"}}')" >/dev/null

# month n: what a month brings, the 1st the oldest.
month() {
  local begin="now() - ($1::int * interval '30 days')"
  app "SELECT count(wf_import(run_at(format('%s-%s', $1, n), CASE n % 10 WHEN 0 THEN 'brief' ELSE 'order' END,
                $begin + n * interval '30 days' / $count, CASE n % 100 WHEN 1 THEN 'failed' ELSE 'completed' END)))
         FROM generate_series(1, $count) AS n;
       SELECT count(wf_record_routing(format('%s-%s', $1, n), 'agent ' || n % 20, n % 7 > 0, n % 100, decided_at => $begin + n * interval '30 days' / $count))
         FROM generate_series(1, $count) AS n" >/dev/null
}
# cleaned month: as of the end of the month, batch by batch; how many calls it took.
cleaned() {
  local calls=0
  while :; do
    calls=$((calls + 1))
    [ "$(app "SELECT bool_and(finished) FROM wf_cleanup(batch_size => 500, as_of => now() - ($1::int - 1) * interval '30 days')")" = f ] || break
    [ "$calls" -lt 100 ] || break
  done
  say "$calls"
}
# Sizes with indexes and TOAST, of tables that have anything.
sizes() {
  sql "VACUUM"
  sql "SELECT oid::regclass, pg_total_relation_size(oid) FROM pg_class
        WHERE relnamespace = 'wfstate'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0 ORDER BY 1"
}

# What stays whatever its age: it goes on, has a name, bears a fork, or its definition says so.
app "SELECT wf_import(run_at('goes on', 'order', now() - interval '370 days', 'running')),
            wf_import(run_at('named', 'order', now() - interval '370 days', 'completed')), wf_checkpoint('named', 'release'),
            wf_import(run_at('source', 'order', now() - interval '370 days', 'completed')), wf_fork('source', 'fork', 2),
            wf_import(run_at('lasting', 'order', now() - interval '370 days', 'completed'))" >/dev/null
sql "UPDATE wfstate.executions SET workflow = 'lasting', workflow_version = 1 WHERE execution_id = 'lasting'"
# From the third month on old rows go as new ones come. Pages of indexes are used again one vacuum later than those of
# tables, and statistics lie in parts by chance, so that sizes go up and down by some per cent: the highest of the last
# five months is held against that of the five before. A table that keeps everything would have grown by 70 per cent.
declare -A highest=()
grown="" calls=""
for n in {12..1}; do
  month "$n"
  calls+="$(cleaned "$n") "
  while IFS='|' read -r table size; do
    if [ "$n" -le 10 ] && [ "$n" -gt 5 ]; then
      [ "$size" -le "${highest[$table]:-0}" ] || highest[$table]=$size
    elif [ "$n" -le 5 ] && [ "$size" -gt $((${highest[$table]:-0} * 6 / 5 + 16384)) ]; then
      grown+="$table had ${highest[$table]:-none} bytes up to the seventh month and $size in month $((13 - n)); "
    fi
  done < <(sizes)
done
note "calls a month: $calls"
check "no table has grown since the third month" "$grown" ""
check "tables were measured" "$([ ${#highest[@]} -ge 5 ] && say t)" t
check "no batch was the hundredth" "$(tr ' ' '\n' <<<"$calls" | grep -c '^100$' || true)" 0
check "what is older than 30 days is gone" "$(sql "SELECT count(*) FROM wfstate.executions
  WHERE completed_at < now() - interval '30 days' AND execution_id NOT IN ('named', 'source', 'lasting')")" 0
check "with its versions" "$(sql "SELECT count(*) FROM wfstate.state_versions AS v
  WHERE NOT EXISTS (SELECT FROM wfstate.executions AS e WHERE e.tenant = v.tenant AND e.execution_id = v.execution_id)")" 0
check "and that of the definition after 7" "$(sql "SELECT count(*) FROM wfstate.executions WHERE workflow = 'brief' AND completed_at < now() - interval '7 days'")" 0
check "what is younger is there" "$(sql "SELECT count(*) BETWEEN $count * 8 / 10 AND 2 * $count FROM wfstate.executions WHERE workflow = 'order'")" t
check "and what stands for something" "$(sql "SELECT execution_id FROM wfstate.executions WHERE execution_id IN ('goes on', 'named', 'source', 'fork', 'lasting') ORDER BY 1" | tr '\n' ' ')" \
  'fork goes on lasting named source '
check "decisions, too" "$(sql "SELECT min(decided_at) > now() - interval '31 days', count(*) >= $count - 1 FROM wfstate.routing_decisions")" 't|t'
check "and statistics" "$(sql "SELECT min(hour_at) > now() - interval '31 days', count(*) > 0 FROM wfstate.agent_statistics")" 't|t'
check "every log is sound" "$(unsound)" ""
count_done
