#!/usr/bin/env bash
# A server with little memory: whatever a session asks for ends in a result or in an error of its own, and nobody
# else notices.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
cluster_start 'shared_buffers = 16MB' 'statement_timeout = 120s' 'jit = off'

# A patch of some hundred bytes makes a state of 16 MB: an array that is copied into itself.
sql "
  CREATE FUNCTION doubling(times int) RETURNS jsonb LANGUAGE sql AS \$\$
    SELECT jsonb_agg('{\"op\": \"copy\", \"from\": \"/a\", \"path\": \"/a/0\"}'::jsonb) FROM generate_series(1, times) \$\$;
  SELECT wf_save_state('small', jsonb_build_object('a', jsonb_build_array(repeat('x', 1000))));
  SELECT wf_fork('small', 'big');
  SELECT wf_patch_state('big', doubling(14));
  SELECT count(wf_fork('big', 'fork-' || n)) FROM generate_series(1, 2000) AS n;
  -- Versions that are large in turn: each recovery changes all of the state.
  SELECT wf_recover('big', version => 1 + n % 2) FROM generate_series(1, 80) AS n;
  -- A document whose versions stand on as many large ones, and one with large snapshots.
  CREATE TABLE documents (name text, document jsonb);
  INSERT INTO documents
  SELECT 'bases', jsonb_set(jsonb_set(d, '{execution,version}', '81'), '{versions}', (d->'versions') || (
           SELECT jsonb_agg(jsonb_build_object('version', n, 'status', 'running', 'saved_at', d#>'{versions,0,saved_at}',
                    'base_version', CASE WHEN n <= 41 THEN 1 ELSE n - 40 END,
                    'patch', CASE WHEN n <= 41 THEN doubling(14) ELSE '[]' END) ORDER BY n)
             FROM generate_series(2, 81) AS n))
    FROM (SELECT wf_export('small') AS d) AS e;
  INSERT INTO documents
  SELECT 'snapshots', jsonb_set(jsonb_set(d, '{execution,version}', '6'), '{versions}', (d->'versions') || (
           SELECT jsonb_agg(jsonb_build_object('version', n, 'status', 'running', 'saved_at', d#>'{versions,0,saved_at}',
                    'base_version', n - 1, 'snapshot', wf_load_state('fork-1')) ORDER BY n)
             FROM generate_series(2, 6) AS n))
    FROM (SELECT wf_export('small') AS d) AS e;
  -- Agents whose durations lie so far apart that each takes some 17 kB of buckets: 1 GB of them together.
  INSERT INTO wfstate.agent_statistics (tenant, agent, task_type, hour_at, part, stats)
  SELECT 'default', 'agent-' || n, '', date_trunc('hour', now()), -1, s.stats FROM generate_series(1, 60000) AS n,
         (SELECT routing_stats(ms > 1, ms) AS stats FROM unnest('{0.000001, 1000000000000}'::float8[]) AS ms) AS s" >/dev/null
check "the states are large" "$(sql "SELECT pg_column_size(wf_load_state('fork-1')) > 15000000")" t

# Addresses of each process of the server, in kilobytes.
cluster_stop
ulimit -v 600000
cluster_restart

ask_bystander() {
  local pid=lost
  {
    say "SELECT pg_backend_pid();" >&"${bystander[1]:-9}"
    read -r -t 60 pid <&"${bystander[0]:-9}"
  } 2>/dev/null || pid=lost
  say "$pid"
}
# Somebody else's session, open all the while.
coproc bystander { psql -X -qAt; }
started="$(sql 'SELECT pg_postmaster_start_time()')"
pid="$(ask_bystander)"

# ends name 'codes' 'statement': it ends in a result (ok) or in an error, as listed, and nobody else does.
ends() {
  local code lost=''
  code="$(sqlstate "$3" -o /dev/null || true)"
  code="${code:-ok}"
  [ "$(sql 'SELECT pg_postmaster_start_time()' 2>&1)" = "$started" ] || lost=' and the server restarted'
  [ "$(ask_bystander)" = "$pid" ] || lost="$lost, the other session is lost"
  # The postmaster itself survives when it starts everybody anew.
  if grep -q 'terminated by signal' "$(node_log)"; then lost="$lost, a process was terminated"; fi
  if [ -z "$lost" ] && [[ " $2 " = *" $code "* ]]; then
    ok "$1: $code"
  else
    not_ok "$1: $code, wanted $2$lost"
  fi
}

any="ok 53200 54000"
ends "a patch that doubles 14 times" "$any" "SELECT wf_patch_state('small', doubling(14))"
ends "a patch that doubles 40 times" "53200 54000" "SELECT wf_patch_state('small', doubling(40))"
ends "wf_load_many of one id" ok "SELECT count(state) FROM wf_load_many(array_fill('fork-1'::text, ARRAY[1000]))"
ends "wf_load_many of forks" ok "SELECT count(state) FROM wf_load_many(ARRAY(
  SELECT 'fork-' || n FROM generate_series(1, 40) AS n))"
ends "wf_find in FROM" ok "SELECT count(state) FROM wf_find('{}', max_rows => 40)"
ends "wf_find for one row" ok "SELECT (wf_find('{}', max_rows => 10000)).execution_id LIMIT 1"
ends "wf_history" ok "SELECT count(changes) FROM wf_history('big', max_rows => 10000)"
ends "wf_history, newest first" ok "SELECT count(changes) FROM wf_history('big', newest_first => true, max_rows => 10000)"
ends "wf_diff" ok "SELECT pg_column_size(wf_diff('big', 1, 2))"
ends "wf_verify" ok "SELECT * FROM wf_verify('big')"
ends "wf_export" ok "SELECT pg_column_size(wf_export('big'))"
ends "wf_export of a fork" "$any" "SELECT pg_column_size(wf_export('fork-1'))"
ends "wf_import of many bases" ok "SELECT wf_import(document, 'bases') FROM documents WHERE name = 'bases'"
ends "wf_import of many snapshots" "$any" "SELECT wf_import(document, 'snapshots') FROM documents WHERE name = 'snapshots'"
ends "wf_save_states onto large ones" "$any" "SELECT count(*) FROM wf_save_states(ARRAY(
  SELECT 'fork-' || n FROM generate_series(1001, 1040) AS n), array_fill('{\"n\": 1}'::jsonb, ARRAY[40]))"
ends "wf_save_states of large ones" "$any" "SELECT count(*) FROM wf_save_states(ARRAY(
  SELECT 'new-' || n FROM generate_series(1, 3) AS n), array_fill(wf_load_state('fork-1'), ARRAY[3]))"
ends "wf_recover to a large one" ok "SELECT wf_recover('big', version => 2)"
ends "wf_declare_search" "$any" "SELECT wf_save_state('fork-' || n, '{\"k\": 1}', workflow => 'w') FROM generate_series(1201, 1203) AS n;
  SELECT wf_declare_search('w', '{/k}')"
ends "wf_agent_statistics" ok "SELECT count(stats) FROM wf_agent_statistics(max_rows => 10000)"
ends "wf_top_agents" ok "SELECT count(stats) FROM wf_top_agents(max_rows => 10000)"
ends "wf_underperforming_agents" ok "SELECT count(stats) FROM wf_underperforming_agents(max_rows => 10000)"
ends "a text of all states" "53200 54000" "SELECT string_agg(state::text, '') FROM wf_find('{}', max_rows => 100)"

# What takes minutes ends when it is told to.
stop="SET statement_timeout = '200ms';"
ends "wf_find is cancelled" 57014 "$stop SELECT count(*) FROM wf_find('{\"none\": 1}', max_rows => 10000)"
ends "wf_find for one row is cancelled" 57014 "$stop SELECT wf_find('{\"none\": 1}') LIMIT 1"
ends "wf_load_many is cancelled" 57014 "$stop SELECT count(state) FROM wf_load_many(ARRAY(
  SELECT 'fork-' || n FROM generate_series(1, 1000) AS n))"
ends "wf_history is cancelled" 57014 "$stop SELECT count(changes) FROM wf_history('big', max_rows => 10000)"
ends "wf_verify is cancelled" 57014 "$stop SELECT * FROM wf_verify('big')"
ends "wf_import is cancelled" 57014 "$stop SELECT wf_import(document, 'cancelled') FROM documents WHERE name = 'bases'"
ends "wf_delete is cancelled" 57014 "$stop SELECT wf_delete('big')"
# Last, since it leaves little.
ends "wf_prune_history" ok "SELECT wf_prune_history('big', keep_last => 2)"

# A server with less: 60 MB beside what a session takes to begin with.
little="$(awk '/^VmSize/ { print $2 + 60000 }' "/proc/$pid/status")"
kill "$bystander_PID"
cluster_stop
ulimit -v "$little"
cluster_restart
coproc bystander { psql -X -qAt; }
started="$(sql 'SELECT pg_postmaster_start_time()')"
pid="$(ask_bystander)"
# Durations that rise are each the most so far for those that fall before them: a frame has to remember all of them.
ends "a frame of many rows" 53200 "SELECT count(s) FROM (SELECT routing_stats(true, n) OVER (
  ORDER BY n ROWS 10000000 PRECEDING) AS s FROM generate_series(1, 4000000) AS n) AS windows"
ends "buckets of many groups" "ok 53200" "SET work_mem = '1GB'; SELECT count(s) FROM (SELECT routing_stats(true, CASE i WHEN 1 THEN 1e-6 ELSE 1e12 END) AS s
  FROM generate_series(1, 20000) AS n, generate_series(1, 2) AS i GROUP BY n) AS groups"
check_log "$(node_log)"
count_done
