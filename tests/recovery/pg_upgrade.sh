#!/usr/bin/env bash
# pg_upgrade to a later major, or from an earlier one: everything is there afterwards, hashes hold, roles keep
# their rights, tenants and settings, and saving goes on.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
pg_resolve
# Columns compressed by lz4 need a server that has it, which the fetched 16 and 18 have not.
later="$PG_CONFIG"
if [ "$PG_MAJOR" -ge 17 ]; then
  PG_CONFIG="$("$WF_ROOT/tests/setup.sh" server 16)"
elif "$PG_CONFIG" --configure | grep -e --with-lz4 >/dev/null; then
  later="$("$WF_ROOT/tests/setup.sh" server 17)"
else
  later="$("$WF_ROOT/tests/setup.sh" server 18)"
fi

cluster_start
app_role
sql "CREATE ROLE reading LOGIN; SELECT wf_grant_access('reading', 'reader');
     CREATE ROLE bound LOGIN; SELECT wf_grant_access('bound', 'writer');
     SELECT wf_grant_tenant('bound', 'blue'); SELECT wf_grant_tenant('bound', 'green');
     SELECT wf_declare_search('checkout', ARRAY['/customer/name']);
     SELECT wf_circuit_configure('stopped', open_wait => '1 hour');
     ALTER ROLE bound SET wfstate.tenant = 'blue';
     ALTER ROLE reading IN DATABASE $PGDATABASE SET wfstate.cache_size = '3MB';
     ALTER DATABASE $PGDATABASE SET wfstate.keyframe_ratio = 2.5" >/dev/null
defined
migrating
repaired
wf_psql -q -o /dev/null -f "$here/sql/content.sql"

# all: what must not differ, the answers of functions included.
all() {
  # The owner's right to MAINTAIN came with 17. Functions get new numbers, and come in another order.
  picture "$PGDATABASE" | grep -v '|MAINTAIN|' | LC_ALL=C sort
  sql "SELECT version, md5(wf_state_at('order', version)::text) FROM wf_history('order');
       SELECT * FROM wf_checkpoints('order');
       SELECT * FROM wf_find('{\"customer\": {\"name\": \"Ann\"}}', 'checkout');
       SELECT * FROM wf_agent_statistics();
       SELECT * FROM wf_circuits(), wf_circuit_policy(agent_key)" -U wf_app
  sql "SELECT setdatabase = 0, setrole::regrole, unnest(setconfig) FROM pg_db_role_setting ORDER BY 2, 3"
  sql "SELECT * FROM wf_tenants()"
}
before="$(all)"
former="$WF_STAGE$PG_BINDIR"
from="$PG_MAJOR"
stage_programs
cluster_stop

# The later major beside it in the same tree: their paths differ.
PG_CONFIG="$later"
pg_resolve
build_package
stage_tree
stage_programs
export PATH="$WF_CLIENT_BINDIR:$PATH"
initdb=("$WF_CLIENT_BINDIR/initdb")
# From 18 on new clusters have checksums; those of the old one decide.
! "${initdb[0]}" --help | grep -- --no-data-checksums >/dev/null || initdb+=(--no-data-checksums)
as_server "${initdb[@]}" --no-sync -U postgres -E UTF8 --locale="$(sed -nE "s/^lc_messages = '?([^' ]*)'?.*/\1/p" \
  "$(node_data)/postgresql.conf" | head -n 1)" -A trust -D "$(node_data upgraded)" >"$WF_BASE/initdb.log" 2>&1 ||
  die "initdb failed: $(cat "$WF_BASE/initdb.log")"
note "pg_upgrade from $from to $PG_MAJOR"
status=0
(cd "$WF_BASE" && as_pg sh -c 'cd "$1" && shift && exec "$@"' sh "$WF_BASE" env LC_ALL=C TZ=UTC \
  ${WF_LIBRARY_PATH:+"LD_LIBRARY_PATH=$WF_LIBRARY_PATH"} "$WF_STAGE$PG_BINDIR/pg_upgrade" -U postgres \
  -b "$former" -B "$WF_STAGE$PG_BINDIR" -d "$(node_data)" -D "$(node_data upgraded)" -s "$WF_BASE" -j 2 \
  -p "$(free_port)" -P "$(free_port)") >"$WF_BASE/pg_upgrade.log" 2>&1 || status=$?
check "pg_upgrade from $from to $PG_MAJOR" "$status" 0
if [ "$status" -ne 0 ]; then
  cat "$WF_BASE/pg_upgrade.log"
  as_pg sh -c "cat '$(node_data upgraded)'/pg_upgrade_output.d/*/log/* 2>/dev/null" | tail -n 60
  count_done
  exit
fi
grep -A 100 '^# Settings of the private server' "$(node_data)/postgresql.conf" |
  as_pg sh -c "cat >> '$(node_data upgraded)/postgresql.conf'"
node_start upgraded
export PGPORT="${WF_PORTS[upgraded]}"

check "the server is of the later major" "$(sql "SHOW server_version_num" | cut -c 1-2)" "$PG_MAJOR"
check "content, rights, tenants and settings are the same" "$(diff <(say "$before") <(all) | head -n 20)" ""
check "wf_verify finds every log sound" "$(unsound)" ""
check "a setting of a role in the database holds" "$(sql "SELECT wf_tenant(); SHOW wfstate.cache_size" -U reading | tail -n 1)" 3MB
check "a setting of the database holds" "$(sql "SELECT wf_tenant(); SHOW wfstate.keyframe_ratio" -U wf_app | tail -n 1)" 2.5
check "a bound role works in its tenant" "$(sql "SELECT wf_load_state('order')" -U bound)" '{"of": "blue", "more": 1}'
check "and in no other" "$(PGOPTIONS='-c wfstate.tenant=default' sqlstate "SELECT wf_load_state('order')" -U bound)" 42501
check "a reader can't write" "$(sqlstate "SELECT wf_save_state('x', '{}')" -U reading)" 42501
head="$(sql "SELECT version FROM wf_load('order')" -U wf_app)"
check "saving goes on" "$(sql "SELECT wf_patch_state('order', '{\"upgraded\": true}', $head)" -U wf_app)" $((head + 1))
check "recovery goes on" "$(sql "SELECT wf_recover('order', 'paid'); SELECT wf_load_state('order') ->> 'total'" \
  -U wf_app | tail -n 1)" 8.00
check "what a definition binds is held to it" "$(sqlstate "SELECT wf_patch_state('paper', '{\"pages\": 10}')" -U wf_app)" WF002
check "states of an older shape are migrated" "$(sql "SELECT wf_load_state('shaped')" -U wf_app)" '{"one": 1, "two": 2, "zero": 0}'
check_log "$(node_log upgraded)"
count_done
