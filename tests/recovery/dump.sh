#!/usr/bin/env bash
# pg_dump and restore, plain and custom: everything comes back, rights and row security included.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
cluster_start
app_role
sql "CREATE ROLE reading LOGIN; SELECT wf_grant_access('reading', 'reader');
     CREATE ROLE bound LOGIN; SELECT wf_grant_access('bound', 'writer');
     SELECT wf_grant_tenant('bound', 'blue'); SELECT wf_grant_tenant('bound', 'green');
     SELECT wf_declare_search('checkout', ARRAY['/customer/name']);
     SELECT wf_circuit_configure('stopped', open_wait => '1 hour')" >/dev/null
defined
migrating
repaired
wf_psql -q -o /dev/null -U wf_app -f "$here/sql/content.sql"

check "every table of schema wfstate is dumped" "$(sql "
  SELECT relname FROM pg_class AS c, pg_extension AS e
   WHERE e.extname = 'wfstate' AND c.relnamespace = 'wfstate'::regnamespace
     AND c.relkind IN ('r', 'p', 'S') AND c.oid <> ALL (e.extconfig) AND c.relname <> 'access'")" ""
check "only grants to roles that are gone are left out" "$(sql "
  SELECT part FROM pg_extension, unnest(extcondition) AS part WHERE extname = 'wfstate' AND part <> ''")" \
  "WHERE role::pg_catalog.oid IN (SELECT oid FROM pg_catalog.pg_roles)"

# holds database how: the restored one behaves as the dumped one did.
holds() {
  local db="$1" how="$2" head
  check "$how: tables, rights and policies are the same" \
    "$(diff <(picture "$PGDATABASE") <(picture "$db") | head -n 20)" ""
  check "$how: wf_verify finds every log sound" "$(unsound -d "$db")" ""
  check "$how: states by version" \
    "$(sql "SELECT version, wf_state_at('order', version) FROM wf_history('order')" -d "$db" -U wf_app)" \
    "$(sql "SELECT version, wf_state_at('order', version) FROM wf_history('order')" -U wf_app)"
  check "$how: checkpoints" "$(sql "SELECT * FROM wf_checkpoints('order')" -d "$db" -U wf_app)" \
    "$(sql "SELECT * FROM wf_checkpoints('order')" -U wf_app)"
  check "$how: wf_find on declared paths" \
    "$(sql "SELECT * FROM wf_find('{\"customer\": {\"name\": \"Ann\"}}', 'checkout')" -d "$db" -U wf_app)" \
    "$(sql "SELECT * FROM wf_find('{\"customer\": {\"name\": \"Ann\"}}', 'checkout')" -U wf_app)"
  check "$how: statistics, folded and not" \
    "$(sql "SELECT * FROM wf_agent_statistics(); SELECT count(*) > 0 FROM wfstate.routing_outcomes" -d "$db")" \
    "$(sql "SELECT * FROM wf_agent_statistics(); SELECT true")"
  check "$how: definitions" "$(sql "SELECT * FROM wf_definitions(); SELECT wf_definition('review')" -d "$db" -U wf_app)" \
    "$(sql "SELECT * FROM wf_definitions(); SELECT wf_definition('review')" -U wf_app)"
  check "$how: what they bind is held to them" "$(sqlstate "SELECT wf_patch_state('paper', '{\"pages\": 10}')" -d "$db" -U wf_app)" WF002
  check "$how: what is new is bound" \
    "$(sqlstate "SELECT wf_save_state('untitled', '{\"pages\": 1}', workflow => 'review')" -d "$db" -U wf_app)" WF002
  check "$how: their moves" "$(sqlstate "SELECT wf_transition('paper', 'draft')" -d "$db" -U wf_app)" WF004
  check "$how: repairs" "$(sql "SELECT * FROM wf_recoveries('broken'); SELECT * FROM wf_quarantined('broken')" -d "$db")" \
    "$(sql "SELECT * FROM wf_recoveries('broken'); SELECT * FROM wf_quarantined('broken')")"
  check "$how: migrations" "$(sql "SELECT * FROM wf_migrations('shaped'); SELECT wf_load_state('shaped'), wf_state_at('shaped')" -d "$db" -U wf_app)" \
    "$(sql "SELECT * FROM wf_migrations('shaped'); SELECT wf_load_state('shaped'), wf_state_at('shaped')" -U wf_app)"
  check "$how: a migrated state" "$(sql "SELECT wf_load_state('shaped')" -d "$db" -U wf_app)" '{"one": 1, "two": 2, "zero": 0}'
  check "$how: circuits" "$(sql "SELECT * FROM wf_circuits(), wf_circuit_policy(agent_key)" -d "$db" -U wf_app)" \
    "$(sql "SELECT * FROM wf_circuits(), wf_circuit_policy(agent_key)" -U wf_app)"
  check "$how: transitions" "$(sql "SELECT * FROM wf_circuit_transitions()" -d "$db" -U wf_app)" \
    "$(sql "SELECT * FROM wf_circuit_transitions()" -U wf_app)"
  check "$how: logs and metrics" "$(sql "SELECT * FROM wf_logs(); SELECT * FROM wf_metric_values(); SELECT wf_log('order', 'info', 'again') > 4" -d "$db" -U wf_app)" \
    "$(sql "SELECT * FROM wf_logs(); SELECT * FROM wf_metric_values(); SELECT true" -U wf_app)"
  check "$how: row security hides other tenants" \
    "$(sql 'SELECT DISTINCT tenant FROM wfstate.executions' -d "$db" -U reading)" default
  check "$how: a reader cannot write" \
    "$(sqlstate "SELECT wf_save_state('x', '{}')" -d "$db" -U reading)" 42501
  check "$how: a bound role is refused another tenant" \
    "$(sqlstate "SELECT wf_load_state('order')" -d "$db" -U bound)" 42501
  check "$how: a bound role works in its own" \
    "$(PGOPTIONS='-c wfstate.tenant=blue' sql "SELECT wf_load_state('order')" -d "$db" -U bound)" \
    '{"of": "blue", "more": 1}'
  head="$(sql "SELECT version FROM wf_load('order')" -d "$db" -U wf_app)"
  check "$how: saving goes on" \
    "$(sql "SELECT wf_patch_state('order', '{\"restored\": true}', $head)" -d "$db" -U wf_app)" $((head + 1))
  check "$how: a declared path is kept up" \
    "$(sql "SELECT wf_save_state('late', '{\"customer\": {\"name\": \"Eve\"}}', workflow => 'checkout');
            SELECT execution_id FROM wf_find('{\"customer\": {\"name\": \"Eve\"}}', 'checkout')" \
      -d "$db" -U wf_app | tail -n 1)" late
  check "$how: recovery goes on" \
    "$(sql "SELECT wf_recover('order', 'paid'); SELECT wf_load_state('order') ->> 'total'" \
      -d "$db" -U wf_app | tail -n 1)" 8.00
}

# As the server's user would, over its own connection; the files lie in the private folder.
pg_dump -f "$WF_BASE/plain.sql"
sql 'CREATE DATABASE plain TEMPLATE template0'
check "plain: no error while restoring" \
  "$(wf_psql -q -o /dev/null -d plain -f "$WF_BASE/plain.sql" 2>&1)" ""
holds plain plain

pg_dump -Fc -f "$WF_BASE/custom.dump"
sql 'CREATE DATABASE custom TEMPLATE template0'
check "custom: no error while restoring" \
  "$(pg_restore --exit-on-error -j 2 -d custom "$WF_BASE/custom.dump" 2>&1)" ""
holds custom custom

# An owner without superuser rights installed it; a superuser restores it: the owner keeps its rights.
sql 'CREATE ROLE owning LOGIN; CREATE ROLE named LOGIN; CREATE ROLE gone'
sql 'CREATE DATABASE owned OWNER owning'
sql "CREATE EXTENSION wfstate; SELECT wf_save_state('theirs', '{\"a\": 1}')" -d owned -U owning >/dev/null
sql "SELECT wf_grant_access('named', 'admin'), wf_grant_tenant('gone', 'blue')" -d owned -U owning >/dev/null
sql 'DROP ROLE gone'
pg_dump -Fc -d owned -f "$WF_BASE/owned.dump"
sql 'CREATE DATABASE owned_again OWNER owning'
pg_restore --exit-on-error -d owned_again "$WF_BASE/owned.dump"
check "an owner's own installation, restored: tenants" \
  "$(sql "SELECT role, tenant FROM wfstate.tenant_roles ORDER BY role::text" -d owned_again)" $'named|*\nowning|*'
check "an owner's own installation, restored: reads" \
  "$(sql "SELECT wf_load_state('theirs')" -d owned_again -U owning 2>&1)" '{"a": 1}'
check "an owner's own installation, restored: writes" \
  "$(sql "SELECT wf_save_state('theirs', '{}')" -d owned_again -U owning 2>&1)" 2
# The script gives the owner all tenants wherever it runs; narrower ones in the dump take the place of that.
sql "SELECT wf_grant_access('named', 'admin'); SELECT wf_grant_tenant('owning', 'default')" -d owned >/dev/null
pg_dump -Fc -d owned -f "$WF_BASE/narrow.dump"
sql 'CREATE DATABASE narrow OWNER owning'
check "an owner with one tenant, restored: no error" \
  "$(pg_restore --exit-on-error -d narrow "$WF_BASE/narrow.dump" 2>&1)" ""
check "an owner with one tenant, restored: no other" \
  "$(sql "SELECT role, tenant FROM wfstate.tenant_roles ORDER BY role::text" -d narrow)" $'named|*\nowning|default'
check_log "$(node_log)"
count_done
