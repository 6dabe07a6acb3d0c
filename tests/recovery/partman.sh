#!/usr/bin/env bash
# Logs and metrics in time partitions by the real pg_partman: rights, new partitions, retention by dropping them,
# pg_dump and restore with them.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
cluster_start "timezone = 'UTC'"
app_role
[ -f "$PG_SHAREDIR/extension/pg_partman.control" ] ||
  die "pg_partman is not there for this server ($PG_SHAREDIR/extension): tests/setup.sh all installs it where Debian has it"
app() { sql "$@" -U wf_app; }
refused() { psql -X -qAt -v VERBOSITY=terse "$@" 2>&1 >/dev/null | head -n 1; }
partitions() {
  sql "SELECT string_agg('day ' || n, ', ' ORDER BY n) FROM generate_series(-20, 20) AS n, LATERAL (
       SELECT FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = inhrelid
        WHERE inhparent = 'wfstate.logs'::regclass
          AND translate(c.relname, '_', '') = 'logsp' || to_char(now() + n * interval '1 day', 'YYYYMMDD')) AS x" "$@"
}
day() { say "now() + interval '$1 days'"; }

app "SELECT wf_save_state('run', '{}'), wf_save_state('other', '{}'),
            wf_log('run', 'error', 'of long ago', logged_at => $(day -9)), wf_log('run', 'info', 'of today'),
            wf_record_metric('run', 'tokens', 1, recorded_at => $(day -60))" >/dev/null
check "without pg_partman" "$(sqlstate "SELECT wf_partition('logs', '1 day')")" 55000
sql 'CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman'
note "pg_partman $(sql "SELECT extversion FROM pg_extension WHERE extname = 'pg_partman'")"
check "not by an operator" "$(sqlstate "SELECT wf_partition('logs', '1 day')" -U wf_app)" 42501
sql "CREATE ROLE granted LOGIN; GRANT EXECUTE ON FUNCTION wf_partition TO granted; GRANT USAGE ON SCHEMA wfstate TO granted"
check "nor by whoever was granted the function" "$(refused -U granted -c "SELECT wf_partition('logs', '1 day')")" \
  "ERROR:  permission denied to partition wfstate.logs"
sql "CREATE FUNCTION partman.create_partition_time(text, timestamptz[], bool, int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1/0'"
check "not where another function could be called" "$(refused -c "SELECT wf_partition('logs', '1 day')")" \
  "ERROR:  schema partman has objects that are not pg_partman's"
sql "DROP FUNCTION partman.create_partition_time(text, timestamptz[], bool, int)"
# Its schema comes before pg_catalog while it runs: nothing may be there by which it could be made to do something else.
strange() {
  sql "$2"
  check "not with $1" "$(refused -c "SELECT wf_partition('logs', '1 day')")" "ERROR:  $4"
  sql "$3"
}
foreign="schema partman has objects that are not pg_partman's"
strange "a function of the server's" "CREATE FUNCTION partman.format(text, text, text, text) RETURNS text LANGUAGE sql AS 'SELECT 1/0'" \
  "DROP FUNCTION partman.format" "$foreign"
strange "an operator" "CREATE OPERATOR partman.= (LEFTARG = bigint, RIGHTARG = integer, FUNCTION = int84eq)" "DROP OPERATOR partman.= (bigint, integer)" "$foreign"
strange "a type" "CREATE DOMAIN partman.text AS pg_catalog.text" "DROP DOMAIN partman.text" "$foreign"
strange "a composite type" "CREATE TYPE partman.interval AS (n int)" "DROP TYPE partman.interval" "$foreign"
strange "a view" "CREATE VIEW partman.pg_class AS SELECT * FROM pg_catalog.pg_class" "DROP VIEW partman.pg_class" "$foreign"
strange "a table" "CREATE TABLE partman.pg_inherits (n int)" "DROP TABLE partman.pg_inherits" "$foreign"
sql "CREATE FUNCTION public.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
strange "a trigger" "CREATE TRIGGER t BEFORE INSERT ON partman.part_config FOR EACH ROW EXECUTE FUNCTION public.nothing()" \
  "DROP TRIGGER t ON partman.part_config" "tables in schema partman have triggers that are not pg_partman's"
strange "somebody who may create there" "GRANT CREATE ON SCHEMA partman TO granted" "REVOKE ALL ON SCHEMA partman FROM granted" \
  "others may create objects in schema partman of pg_partman"
strange "everybody who may" "GRANT CREATE ON SCHEMA partman TO PUBLIC" "REVOKE ALL ON SCHEMA partman FROM PUBLIC" \
  "others may create objects in schema partman of pg_partman"
strange "an owner who is no superuser" "ALTER TABLE partman.part_config OWNER TO granted" "ALTER TABLE partman.part_config OWNER TO postgres" \
  "pg_partman in schema partman is not a superuser's"
# What pg_partman makes itself for tables of somebody else is no hindrance.
sql "CREATE TABLE partman.template_public_other (n serial PRIMARY KEY); ALTER TABLE partman.template_public_other ALTER n DROP DEFAULT;
  DROP SEQUENCE partman.template_public_other_n_seq; ALTER TABLE partman.template_public_other OWNER TO granted;
  CREATE TRIGGER t BEFORE INSERT ON partman.template_public_other FOR EACH ROW EXECUTE FUNCTION public.nothing()"
check "not thousands of partitions" "$(refused -c "SELECT wf_partition('logs', '1 hour', '30 days')")" "ERROR:  keep makes too many partitions"
check "which is a limit" "$(sqlstate "SELECT wf_partition('logs', '1 hour', '497 hours', 4)")" 54000
check "an unknown table" "$(refused -c "SELECT wf_partition('executions', '1 day')")" \
  'ERROR:  table_name "executions" is not known'
check "a table that is NULL" "$(refused -c "SELECT wf_partition(NULL, '1 day')")" "ERROR:  table_name must not be null"
check "partitions too short" "$(refused -c "SELECT wf_partition('logs', '59 minutes')")" "ERROR:  every is out of range"
check "kept too short" "$(refused -c "SELECT wf_partition('logs', '1 month', '1 week')")" "ERROR:  keep must not be shorter than every"
check "none ahead" "$(refused -c "SELECT wf_partition('logs', '1 day', premake => 0)")" "ERROR:  premake is out of range"

# Today's lines lie in the default partition, so that the first one is tomorrow's; no measurement of this month does.
check "as many as wanted ahead" "$(sql "BEGIN; SELECT wf_partition('logs', '1 day', '7 days', 3) >= 3; ROLLBACK")" t
# In one session, as one types it: the session's settings are as they were, also those of the transaction alone.
check "the session keeps its settings" "$(sql "SET search_path = public, extensions; SET client_min_messages = error;
  BEGIN; SET LOCAL search_path = public; SELECT wf_partition('logs', '1 day', '7 days', 3) >= 3; SHOW search_path; COMMIT;
  SHOW search_path; SELECT wf_partition('metrics', '1 month') >= 4; SHOW search_path; SHOW client_min_messages")" \
  $'t\npublic\npublic, extensions\nt\npublic, extensions\nerror'
check "from tomorrow on" "$(partitions | cut -d, -f 1-3)" "day 1, day 2, day 3"
check "from this month on" "$(sql "SELECT min(pg_get_expr(c.relpartbound, c.oid)) LIKE '%FROM (''' || date_trunc('month', now()) || '%' FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = inhrelid
   WHERE inhparent = 'wfstate.metrics'::regclass AND c.relname <> 'metrics_default'")" t
check "with the indexes of the default one" "$(sql "SELECT DISTINCT array_agg(regexp_replace(pg_get_indexdef(x.indexrelid), '^.* USING ', '') ORDER BY pg_get_indexdef(x.indexrelid, 2, true), pg_get_indexdef(x.indexrelid)) = (
     SELECT array_agg(regexp_replace(pg_get_indexdef(d.indexrelid), '^.* USING ', '') ORDER BY pg_get_indexdef(d.indexrelid, 2, true), pg_get_indexdef(d.indexrelid)) FROM pg_index AS d WHERE d.indrelid = 'wfstate.logs_default'::regclass)
  FROM pg_inherits AS i JOIN pg_index AS x ON x.indrelid = inhrelid WHERE inhparent = 'wfstate.logs'::regclass GROUP BY inhrelid")" t
check "twice is refused" "$(sqlstate "SELECT wf_partition('logs', '1 day')")" 42710

# Lines go where they belong, and are listed as before.
app "SELECT wf_log('run', 'warn', 'of tomorrow', logged_at => $(day 1)), wf_log('other', 'info', 'of the day after', logged_at => $(day 2)),
            wf_record_metric('run', 'tokens', 2)" >/dev/null
app "SELECT wf_record_logs(array_fill('run'::text, '{20}'), array_fill('debug'::text, '{20}'), array_fill('in a batch'::text, '{20}'),
            logged_at => ARRAY(SELECT $(day 1) + n % 3 * interval '1 day' FROM generate_series(1, 20) AS n))" >/dev/null
check "the lines of each partition" "$(sql "SELECT logged_at::date - current_date, count(*), count(DISTINCT tableoid), bool_and(tableoid = 'wfstate.logs_default'::regclass)
  FROM wfstate.logs GROUP BY 1 ORDER BY 1")" $'-9|1|1|t\n0|1|1|t\n1|7|1|f\n2|8|1|f\n3|7|1|f'
check "a list over all of them" "$(app "SELECT string_agg(message, ', ') FROM wf_logs(text => 'of')")" \
  "of the day after, of tomorrow, of today, of long ago"
check "an execution's" "$(app "SELECT string_agg(message, ', ') FROM wf_logs('run', min_level => 'info', newest_first => false)")" \
  "of long ago, of today, of tomorrow"
check "grave ones" "$(app "SELECT string_agg(message, ', ') FROM wf_logs(min_level => 'warn')")" "of tomorrow, of long ago"
check "in pages" "$(app "WITH RECURSIVE p AS ((SELECT message, cursor, 1 AS n FROM wf_logs(max_rows => 1)) UNION ALL
  SELECT l.message, l.cursor, n + 1 FROM p, LATERAL wf_logs(after => p.cursor, max_rows => 1) AS l)
  SELECT count(*), count(DISTINCT cursor), (SELECT count(*) FROM wf_logs()) FROM p")" "24|24|24"
check "measurements" "$(app "SELECT count, sum FROM wf_metrics('tokens')")" "2|3"
# What a list reads: an index of each partition that its times allow, and no table from end to end.
for list in "wf_logs()" "wf_logs('run')" "wf_logs(min_level => 'warn')"; do
  for since in "" "since => $(day 2)"; do
    check "read by index: $list $since" "$(sql "BEGIN; SELECT count(*) >= 0 FROM ${list/)/${since:+$([ "$list" = 'wf_logs()' ] || say ,) $since})};
      SELECT count(*) FILTER (WHERE relkind = 'r' AND pg_stat_get_xact_numscans(oid) > 0), count(*) FILTER (WHERE relkind = 'i' AND pg_stat_get_xact_numscans(oid) > 0) BETWEEN 1 AND $([ -n "$since" ] && say "(SELECT count(*) - 1" || say "(SELECT count(*)") FROM pg_inherits WHERE inhparent = 'wfstate.logs'::regclass)
        FROM pg_class WHERE relname LIKE 'logs\_%' AND relnamespace = 'wfstate'::regnamespace; COMMIT" | tail -n 1)" "0|t"
  done
done
# Rights: those of the table alone.
sql "CREATE ROLE bound LOGIN; SELECT wf_grant_access('bound', 'writer', '{blue}')" >/dev/null
check "nobody has rights on a partition" "$(sql "SELECT count(*) FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = inhrelid,
  aclexplode(c.relacl) AS a WHERE inhparent IN ('wfstate.logs'::regclass, 'wfstate.metrics'::regclass) AND a.grantee <> c.relowner")" 0
tomorrow="$(sql "SELECT tableoid::regclass FROM wfstate.logs WHERE message = 'of tomorrow'")"
check "a partition is not read past its table" "$(sqlstate "SELECT FROM $tomorrow" -U wf_app)" 42501
check "nor written" "$(sqlstate "DELETE FROM $tomorrow" -U wf_app)" 42501
# Whoever may read every table of the database reads no partition around the table's policy.
bare() { sql "SELECT count(*) FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = inhrelid
  WHERE inhparent IN ('wfstate.logs'::regclass, 'wfstate.metrics'::regclass) AND NOT relrowsecurity"; }
sql "CREATE ROLE reads_all LOGIN; GRANT pg_read_all_data TO reads_all; SELECT wf_grant_tenant('reads_all', 'blue')" >/dev/null
around() { PGOPTIONS='-c wfstate.tenant=blue' sql "SELECT count(*) FROM $1" -U reads_all; }
check "every partition has row-level security" "$(bare)" 0
check "a partition shows nobody's lines" "$(around "$tomorrow")" 0
sql "UPDATE partman.part_config SET premake = 6 WHERE parent_table = 'wfstate.logs'; SELECT partman.run_maintenance('wfstate.logs')" >/dev/null
later="$(bare)"
check "later ones are made without" "$((later >= 2))" 1
busy="$(sql "SELECT c.oid::regclass FROM pg_class AS c JOIN pg_inherits AS i ON c.oid = inhrelid WHERE NOT relrowsecurity AND relkind = 'r' AND inhparent = 'wfstate.logs'::regclass ORDER BY 1 LIMIT 1")"
app "SELECT wf_log('run', 'info', 'of day 5', logged_at => $(day 5)), wf_log('run', 'info', 'of day 6', logged_at => $(day 6))" >/dev/null
mkfifo "$WF_BASE/hold"
psql -X -qAt <"$WF_BASE/hold" >/dev/null &
exec 7>"$WF_BASE/hold"
say "BEGIN; SELECT FROM $busy;" >&7
until [ "$(sql "SELECT count(*) > 0 FROM pg_locks WHERE relation = '$busy'::regclass AND pid <> pg_backend_pid()")" = t ]; do sleep 0.1; done
check "what is in use is left for the next time" "$(app "SELECT processed FROM wf_maintain() WHERE task = 'protect_partitions'"; bare)" "$((later - 1))"$'\n1'
exec 7>&-
wait
check "and protected then" "$(app "SELECT processed FROM wf_maintain() WHERE task = 'protect_partitions'"; bare)" $'1\n0'
check "they show nobody's lines" "$(around "$busy")" 0
app "DELETE FROM wfstate.logs WHERE message IN ('of day 5', 'of day 6')"
sql "UPDATE partman.part_config SET premake = 3 WHERE parent_table = 'wfstate.logs'"
check "another tenant sees nothing" "$(PGOPTIONS='-c wfstate.tenant=blue' sql "SELECT count(*) FROM wfstate.logs; SELECT count(*) FROM wf_logs()" -U bound)" $'0\n0'
check "and writes its own" "$(PGOPTIONS='-c wfstate.tenant=blue' sql "SELECT wf_log(NULL, 'info', 'of blue', logged_at => $(day 1)) > 0; SELECT message FROM wf_logs()" -U bound)" $'t\nof blue'

# Retention. Partitions of days gone by, as they are after two weeks of operation.
sql "SELECT partman.create_partition_time('wfstate.logs', ARRAY(SELECT date_trunc('day', now()) + n * interval '1 day' FROM unnest('{-12,-10,-3}'::int[]) AS n))" >/dev/null
app "SELECT wf_log('run', 'info', 'of day ' || n, logged_at => now() + n * interval '1 day') FROM unnest('{-12,-10,-3}'::int[]) AS n" >/dev/null
check "old partitions" "$(partitions | cut -d, -f 1-3)" "day -12, day -10, day -3"
wf_psql -q -c 'CALL partman.run_maintenance_proc()' 2>&1 | sed 's/^/  /'
check "are dropped, younger ones kept" "$(partitions | cut -d, -f 1-2)" "day -3, day 1"
check "with their lines, and no others" "$(app "SELECT string_agg(message, ', ') FROM wf_logs('run', text => 'of', until => now())")" \
  "of today, of day -3, of long ago"
check "as many are ahead as before" "$(partitions | grep -c 'day 3')" 1

# Without pg_partman, as the docs have it.
recipe="$(sed -n 's/^- Without pg_partman a partition is made by hand: `\(.*\)`$/\1/p' "$WF_ROOT/docs/logs.md")"
check "a partition made by hand" "$(sql "BEGIN; $recipe; SELECT c.relrowsecurity, count(i.inhparent) FROM pg_class AS c LEFT JOIN pg_inherits AS i ON inhrelid = c.oid
  WHERE c.oid = 'wfstate.logs_2027'::regclass GROUP BY 1; ROLLBACK")" "t|1"

# Dumps: the partitions are made anew, and are the table's again.
holds() {
  local db="$1"
  check "$db: rows, rights and policies are the same" "$(diff <(picture "$PGDATABASE" | sort) <(picture "$db" | sort) | head -n 20)" ""
  check "$db: the partitions" "$(sql "$bounds" -d "$db")" "$(sql "$bounds")"
  check "$db: lists" "$(app "SELECT * FROM wf_logs(); SELECT * FROM wf_metrics('tokens')" -d "$db")" "$(app "SELECT * FROM wf_logs(); SELECT * FROM wf_metrics('tokens')")"
  check "$db: writing goes on, with new positions" "$(app "SELECT wf_log('run', 'info', 'restored', logged_at => $(day 2)) > 40" -d "$db")" t
  check "$db: in the partition" "$(sql "SELECT tableoid = 'wfstate.logs_default'::regclass FROM wfstate.logs WHERE message = 'restored'" -d "$db")" f
  check "$db: a partition is not read past its table" "$(sqlstate "SELECT FROM $tomorrow" -d "$db" -U wf_app)" 42501
  sql "UPDATE partman.part_config SET premake = 8 WHERE parent_table = 'wfstate.logs'; SELECT partman.run_maintenance('wfstate.logs')" -d "$db" >/dev/null
  check "$db: maintenance goes on" "$(partitions -d "$db" | grep -c 'day 8')" 1
}
bounds="SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = inhrelid
  WHERE inhparent IN ('wfstate.logs'::regclass, 'wfstate.metrics'::regclass) ORDER BY 1"
pg_dump -f "$WF_BASE/plain.sql"
sql 'CREATE DATABASE plain TEMPLATE template0'
check "plain: no error while restoring" "$(wf_psql -q -o /dev/null -d plain -f "$WF_BASE/plain.sql" 2>&1)" ""
holds plain
pg_dump -Fc -f "$WF_BASE/custom.dump"
sql 'CREATE DATABASE custom TEMPLATE template0'
check "custom: no error while restoring" "$(pg_restore --exit-on-error -j 2 -d custom "$WF_BASE/custom.dump" 2>&1)" ""
holds custom

# What is in the default partition can be moved, also what would keep a partition from being made.
app "SELECT wf_log('run', 'info', 'far ahead', logged_at => $(day 30))" -d custom >/dev/null
lines="$(app 'SELECT count(*), md5(string_agg(message, $$,$$ ORDER BY logged_at, position)) FROM wfstate.logs' -d custom)"
sql "SELECT partman.partition_data_time('wfstate.logs', 100)" -d custom >/dev/null
check "the default partition is emptied" "$(sql 'SELECT count(*) FROM wfstate.logs_default' -d custom)" 0
check "and no line is lost" "$(app 'SELECT count(*), md5(string_agg(message, $$,$$ ORDER BY logged_at, position)) FROM wfstate.logs' -d custom)" "$lines"

# An execution goes with its lines, wherever they are; and the extension with its partitions.
check "wf_delete" "$(app "SELECT wf_delete('run'); SELECT count(*) FROM wf_logs('run'); SELECT count(*) FROM wf_metric_values('run'); SELECT count(*) FROM wf_logs('other')")" $'t\n0\n0\n1'
sql 'DROP EXTENSION wfstate' 2>/dev/null
check "DROP EXTENSION" "$(sql "SELECT count(*) FROM pg_class WHERE relname LIKE 'logs%' OR relname LIKE 'metrics%'")" 0
check_log "$(node_log)"
count_done
