#!/usr/bin/env bash
# Two-phase commit: what a prepared transaction did is seen by nobody, holds its locks, also across a restart of the
# server, and is there or gone as a whole afterwards, also for the session whose caches have seen it.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
cluster_start 'max_prepared_transactions = 10'
app_role
# By standard input: statements one by one, since some may not stand in one message with others.
app() { wf_psql -qAt -U wf_app <<<"$1" 2>&1 || true; }
state() { app "SELECT wf_load_state('order'), (SELECT version FROM wf_load('order'))"; }

app "SELECT wf_save_state('order', '{\"a\": 1}', workflow => 'checkout');
     SELECT wf_save_state('gone', '{}'); SELECT wf_circuit_save('agent', 'disabled')" >/dev/null

work() {
  say "BEGIN;
    SELECT wf_save_state('order', '{\"a\": 2}', 1);
    SELECT wf_save_state('new', '{\"of\": \"$1\"}', 0);
    SELECT wf_checkpoint('order', 'tagged');
    SELECT wf_delete('gone');
    SELECT wf_record_routing('task', 'agent', true, 5);
    SELECT * FROM wf_circuit_record('agent', false);
    SELECT wf_circuit_save('agent', 'forced_open');
    PREPARE TRANSACTION '$1';"
}
# What a session sees that has not prepared, or whose prepared transaction is not committed.
unseen() {
  check "$1: no new state" "$(state)" '{"a": 1}|1'
  check "$1: no new execution" "$(app "SELECT count(*) FROM wf_load_many('{new}')")" 0
  check "$1: no checkpoint" "$(app "SELECT count(*) FROM wf_checkpoints('order')")" 0
  check "$1: nothing deleted" "$(app "SELECT wf_load_state('gone')")" '{}'
  check "$1: no decision" "$(app 'SELECT count(*) FROM wf_routing_decisions()')" 0
  check "$1: no statistics" "$(app 'SELECT count(*) FROM wf_agent_statistics()')" 0
  check "$1: the circuit as it was" "$(app "SELECT state FROM wf_circuits()")" disabled
}
locked() {
  check "$1: a save of what it saved waits" \
    "$(sqlstate "SET lock_timeout = '100ms'; SELECT wf_save_state('order', '{}')" -U wf_app)" 55P03
  check "$1: so does creating what it created" \
    "$(sqlstate "SET lock_timeout = '100ms'; SELECT wf_save_state('new', '{}')" -U wf_app)" 55P03
  check "$1: another execution is free" \
    "$(app "SET lock_timeout = '5s'; SELECT wf_save_state('free', '{}') > 0")" t
  check "$1: recording for the same agent is free" \
    "$(app "SET lock_timeout = '5s'; BEGIN; SELECT wf_record_routing('other', 'agent', true, 5) IS NOT NULL; ROLLBACK")" t
}

# The session that prepares looks again, before and after it is rolled back, and saves on.
seen="$(app "$(work first)
  SELECT wf_load_state('order');
  ROLLBACK PREPARED 'first';
  SELECT wf_load_state('order');
  SELECT wf_patch_state('order', '{\"b\": 1}', 1);
  SELECT wf_load_state('order');
  SELECT wf_recover('order', version => 1, note => 'back') > 0;
  SELECT wf_prune_history('order', 1) >= 0" | tail -n 6)"
check "the session whose transaction is rolled back" "$seen" "$(printf '%s\n' '{"a": 1}' '{"a": 1}' 2 '{"a": 1, "b": 1}' t t)"
app "SELECT wf_delete('order'); SELECT wf_save_state('order', '{\"a\": 1}', workflow => 'checkout')" >/dev/null

app "$(work second)" >/dev/null
unseen "prepared"
locked "prepared"
cluster_restart
unseen "after a restart"
locked "after a restart"
cluster_kill9
cluster_restart
unseen "after a kill"
check "it is still there" "$(sql 'SELECT gid FROM pg_prepared_xacts')" second
app "COMMIT PREPARED 'second'" >/dev/null
check "committed: the state" "$(state)" '{"a": 2}|2'
check "committed: the new execution" "$(app "SELECT wf_load_state('new')")" '{"of": "second"}'
check "committed: the checkpoint" "$(app "SELECT name, version FROM wf_checkpoints('order')")" 'tagged|2'
check "committed: the deletion" "$(sqlstate "SELECT wf_load_state('gone')" -U wf_app)" WF005
check "committed: the decision" "$(app 'SELECT selected_agent, success FROM wf_routing_decisions()')" 'agent|t'
check "committed: the statistics" "$(app 'SELECT agent, total_tasks FROM wf_agent_statistics()')" 'agent|1'
check "committed: the circuit" "$(app "SELECT state FROM wf_circuits()")" forced_open
check "committed: counted is what is recalculated" \
  "$(sql "SELECT wf_recalculate_statistics() IS NOT NULL; SELECT agent, total_tasks FROM wf_agent_statistics()" | tail -n 1)" 'agent|1'
check "every log is sound" "$(unsound)" ""

# Tenants and declarations: other sessions learn of them when it is committed, and not before.
sql "CREATE ROLE bound LOGIN; SELECT wf_grant_access('bound', 'reader', '{blue}')" >/dev/null
sql "BEGIN; SELECT wf_grant_tenant('bound', 'default'), wf_declare_search('checkout', '{/a}'); PREPARE TRANSACTION 'grant'" >/dev/null
check "a prepared grant gives nothing" "$(sqlstate "SELECT wf_load_state('order')" -U bound)" 42501
sql "COMMIT PREPARED 'grant'"
check "a committed one does" "$(sql "SELECT wf_load_state('order')" -U bound)" '{"a": 2}'
check "a committed declaration serves" "$(app "SELECT execution_id FROM wf_find('{\"a\": 2}', 'checkout')")" order

# What cannot be prepared is refused by the server, in its words, and leaves nothing.
check "NOTIFY cannot be prepared" "$(app "BEGIN; SELECT wf_save_state('told', '{}'); NOTIFY wfstate; PREPARE TRANSACTION 'told'" | tail -n 1)" \
  "ERROR:  cannot PREPARE a transaction that has executed LISTEN, UNLISTEN, or NOTIFY"
check "and is gone" "$(sqlstate "SELECT wf_load_state('told')" -U wf_app)" WF005
check "nothing is left prepared" "$(sql 'SELECT count(*) FROM pg_prepared_xacts')" 0
check_log "$(node_log)"
count_done
