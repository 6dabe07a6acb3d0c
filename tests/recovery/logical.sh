#!/usr/bin/env bash
# Logical replication of the tables into another database that has the extension: rows arrive, sessions there learn
# of tenants and declarations, and what arrived can be loaded, searched and verified.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
WF_EXTENSION=no cluster_start 'wal_level = logical' 'max_logical_replication_workers = 20' 'max_sync_workers_per_subscription = 8'
sql 'CREATE ROLE owning LOGIN; CREATE ROLE wf_app LOGIN; CREATE ROLE bound LOGIN'
for db in from to; do
  sql "CREATE DATABASE \"$db\" OWNER owning"
  # Both owners have all tenants from the start: the copy meets a row that is there.
  sql 'CREATE EXTENSION wfstate' -d "$db" -U owning
  sql "SELECT wf_grant_access('wf_app', 'operator', '{*}'), wf_grant_access('bound', 'reader', '{blue}')" -d "$db" -U owning >/dev/null
done
sql "SELECT wf_declare_search('checkout', ARRAY['/customer/name'])" -d from >/dev/null
defined -d from
migrating -d from
wf_psql -q -o /dev/null -d from -U wf_app -f "$here/sql/content.sql"

# The tables that are dumped; wfstate.access is the script's own and the same everywhere.
tables="$(sql "SELECT string_agg(t::regclass::text, ', ' ORDER BY t::regclass::text)
                 FROM pg_extension, unnest(extconfig) AS t JOIN pg_class AS c ON c.oid = t AND c.relkind = 'r'
                WHERE extname = 'wfstate'" -d from)"
sql "CREATE PUBLICATION states FOR TABLE $tables" -d from
sql "SELECT slot_name FROM pg_create_logical_replication_slot('states', 'pgoutput')" -d from >/dev/null
sql "CREATE SUBSCRIPTION states CONNECTION 'host=$PGHOST port=$PGPORT dbname=from user=postgres'
     PUBLICATION states WITH (create_slot = false, slot_name = 'states')" -d to 2>/dev/null

# caught_up: all tables are copied, and everything written until now is applied.
caught_up() {
  local i lsn waiting
  for ((i = 0; i < 600; i++)); do
    waiting="$(sql "SELECT srrelid::regclass FROM pg_subscription_rel WHERE srsubstate <> 'r'" -d to)"
    [ -n "$waiting" ] || break
    sleep 0.05
  done
  check "every table is copied" "$waiting" ""
  lsn="$(sql 'SELECT pg_current_wal_lsn()')"
  for ((i = 0; i < 600; i++)); do
    [ "$(sql "SELECT confirmed_flush_lsn >= '$lsn' FROM pg_replication_slots WHERE slot_name = 'states'")" = t ] && return 0
    sleep 0.05
  done
  grep -E 'ERROR|FATAL' "$(node_log)" | tail -n 5
  die "the subscriber did not catch up"
}
picture() {
  local table
  for table in ${tables//,/}; do
    # Grants that are there before the copy keep their time.
    [ "$table" != wfstate.tenant_roles ] || table="(SELECT role, tenant FROM wfstate.tenant_roles)"
    sql "SELECT count(*), md5(string_agg(t::text, E'\n' ORDER BY t::text COLLATE \"C\")) FROM $table AS t" -d "$1" |
      sed "s/^/$table: /"
  done
}
same() { check "$1" "$(diff <(picture from) <(picture to) | head -n 10)" ""; }
there() { sql "$1" -d to -U wf_app 2>&1; }

caught_up
same "the copy: every table has the same rows"
check "there is something in it" "$(sql 'SELECT count(*) > 20 FROM wfstate.executions' -d to)" t
# By primary key, or by the whole row where a table has none: updates and deletes need one to be published.
check "every table has a replica identity" "$(sql "SELECT string_agg(relname, ' ') FROM pg_class AS c, pg_extension, unnest(extconfig) AS t
  WHERE extname = 'wfstate' AND c.oid = t AND c.relkind = 'r' AND relreplident <> 'f'
   AND NOT (relreplident = 'd' AND EXISTS (SELECT FROM pg_index WHERE indrelid = t AND indisprimary))" -d from)" ""
check "the copy: every log is sound" "$(unsound -d to)" ""
check "the copy: wf_load" "$(there "SELECT * FROM wf_load('order')")" "$(sql "SELECT * FROM wf_load('order')" -d from -U wf_app)"
check "the copy: wf_find on a declared path" "$(there "SELECT count(*) FROM wf_find('{\"customer\": {\"name\": \"Bob\"}}', 'checkout')")" 10

# What is read of the log is the same however a decision was recorded: it, and then what came of it.
sql "SELECT slot_name FROM pg_create_logical_replication_slot('order', 'pgoutput')" -d from >/dev/null
for way in on off; do
  PGOPTIONS="-c wfstate.direct_access=$way" sql "SELECT wf_record_routing('ordered', 'agent-1', true, 5)" -d from >/dev/null
  check "rows in their order, wfstate.direct_access = $way" "$(sql "
    SELECT string_agg(('x' || encode(substr(data, 2, 4), 'hex'))::bit(32)::bigint::oid::regclass::text, ' ' ORDER BY n)
      FROM pg_logical_slot_get_binary_changes('order', NULL, NULL, 'proto_version', '1', 'publication_names', 'states')
      WITH ORDINALITY AS m (lsn, xid, data, n) WHERE get_byte(data, 0) = ascii('I')" -d from)" \
    'wfstate.routing_decisions wfstate.routing_outcomes'
done
sql "SELECT pg_drop_replication_slot('order')" -d from >/dev/null
caught_up

# A session that stays open there, with its caches of heads and declarations.
coproc OPEN { PGOPTIONS='-c wfstate.tenant=default' wf_psql -qAt -d to -U wf_app 2>&1; }
ask() {
  local line
  say "$1;" >&"${OPEN[1]}"
  read -r -t 20 line <&"${OPEN[0]}" || line="no answer"
  say "$line"
}
ask "SELECT wf_load_state('scalar')" >/dev/null
check "an open session loads" "$(ask "SELECT wf_load_state('scalar')" 2>&1)" null
check "under the definition that came" "$(ask "SELECT wf_is_valid('paper')")" t
check "and a state as it was saved, of which a step is missing here" "$(ask "SELECT wf_state_at('shaped')")" '{"zero": 0}'
check "and finds nothing under a path that is not declared" "$(ask "SELECT count(*) FROM wf_find('{\"late\": 1}', 'late')")" 0

sql "SELECT wf_save_state('scalar', '\"changed\"'); SELECT wf_save_state('later', '{\"late\": 1}', workflow => 'late', tags => '{\"t\": 1}');
     SELECT wf_declare_search('late', ARRAY['/late']); SELECT wf_patch_state('order', jsonb_build_object('n', n)) FROM generate_series(1, 30) AS n;
     SELECT wf_prune_history('order', 5); SELECT wf_delete('small-1'); SELECT wf_circuit_reset('stopped');
     SELECT wf_record_routing('after', 'agent-1', true, 5); SELECT wf_maintain();
     SELECT wf_drop_checkpoint('order', 'paid'); SELECT wf_define('review', '{\"schema\": {\"required\": [\"other\"]}}')" -d from >/dev/null
# A batch, whose rows the WAL has by the page, some of them out of line.
for n in 1 2; do
  sql "SELECT count(*) FROM wf_save_states(ARRAY(SELECT 'batch-' || i FROM generate_series(1, 200) AS i),
         ARRAY(SELECT jsonb_build_object('n', $n, 'i', i, 'large', (SELECT string_agg(md5((i * j)::text), '') FROM generate_series(1, i / 20 * i) AS j))
                 FROM generate_series(1, 200) AS i))" -d from >/dev/null
done
sql "SELECT wf_grant_tenant('bound', 'green'), wf_revoke_tenant('bound', 'blue')" -d from >/dev/null
caught_up
same "changes: every table has the same rows"
check "an open session sees the new state" "$(ask "SELECT wf_load_state('scalar')")" '"changed"'
check "and the new declaration" "$(ask "SELECT execution_id FROM wf_find('{\"late\": 1}', 'late')")" later
check "and the deletion" "$(ask "SELECT count(*) FROM wf_load_many('{small-1}')")" 0
ask "SELECT wf_save_state('mine', '{\"late\": 2}', workflow => 'late')" >/dev/null
check "which its own saves go by" "$(sql "SELECT document FROM wfstate.search WHERE execution_id = 'mine'" -d to)" '{"late": 2}'
check "new executions are bound to the new version of a definition" \
  "$(ask "SELECT wf_save_state('new paper', '{\"other\": 1}', workflow => 'review')")" 1
check "changes: every log is sound" "$(unsound -d to)" ""
check "a tenant that was revoked there is refused here" \
  "$(PGOPTIONS='-c wfstate.tenant=blue' sqlstate "SELECT * FROM wf_list()" -d to -U bound)" 42501
check "and one that was granted is not" "$(PGOPTIONS='-c wfstate.tenant=green' sql "SELECT count(*) FROM wf_list()" -d to -U bound 2>&1)" 0

say '\q' >&"${OPEN[1]}"
wait
# A session that is open while its tenants change.
coproc BOUND { PGOPTIONS='-c wfstate.tenant=green' wf_psql -qAt -v ON_ERROR_STOP=0 -v VERBOSITY=sqlstate -d to -U bound 2>&1; }
say "SELECT count(*) FROM wf_list();" >&"${BOUND[1]}"
read -r -t 20 line <&"${BOUND[0]}" || line="no answer"
check "an open session of a role works" "$line" 0
sql "SELECT wf_revoke_tenant('bound', 'green')" -d from >/dev/null
caught_up
say "SELECT count(*) FROM wf_list();" >&"${BOUND[1]}"
read -r -t 20 line <&"${BOUND[0]}" || line="no answer"
check "and is refused once its tenant is revoked at the publisher" "$line" 'ERROR:  42501'

# The subscriber takes over.
say '\q' >&"${BOUND[1]}"
wait
sql "ALTER SUBSCRIPTION states DISABLE; ALTER SUBSCRIPTION states SET (slot_name = NONE); DROP SUBSCRIPTION states" -d to
check "taken over: saving goes on" "$(there "SELECT wf_patch_state('order', '{\"taken\": true}', (SELECT version FROM wf_load('order'))) > 0")" t
check "taken over: recording goes on" "$(there "SELECT wf_record_routing('mine', 'agent-1', true, 5) IS NOT NULL")" t
check "taken over: every log is sound" "$(unsound -d to)" ""
check_log "$(node_log)"
count_done
