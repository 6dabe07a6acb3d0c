#!/usr/bin/env bash
# A hot standby answers every reader as the primary does, and refuses every writer.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
cluster_start
app_role
sql "CREATE ROLE bound LOGIN; SELECT wf_grant_access('bound', 'reader');
     SELECT wf_grant_tenant('bound', 'blue')" >/dev/null
defined
migrating
repaired
sql_file() { wf_psql -q -o /dev/null "$@"; }
sql_file -U wf_app -f "$here/sql/content.sql"
cluster_standby
sql "SELECT wf_patch_state('order', '{\"after\": \"the base backup\"}', note => 'streamed')" -U wf_app >/dev/null
standby_wait

readers=(
  "wf_load_state('order')"
  "wf_load('order')"
  "wf_load_many(ARRAY['fork', 'absent', 'order'])"
  "wf_state_at('order')"
  "wf_state_at('order', 3)"
  "wf_state_at('order', at => (SELECT saved_at FROM wf_history('order', after => 4, max_rows => 1)))"
  "wf_history('order', newest_first => true)"
  "wf_diff('order', 2, 9)"
  "wf_list(workflow => 'checkout', tags => '{\"team\": \"blue\"}')"
  "wf_list(sort => 'updated_at', incomplete => true)"
  "wf_find('{\"customer\": {\"name\": \"Ann\"}}')"
  "wf_find('{\"customer\": {\"name\": \"Ann\"}}', 'checkout')"
  "wf_export('order')"
  "wf_checkpoints('order')"
  "wf_verify('order')"
  "wf_verify_all()"
  "wf_recoveries('broken')"
  "wf_quarantined('broken')"
  "wf_definitions()"
  "wf_definition('review')"
  "wf_validate_definition('{\"phases\": {\"a\": {}}}')"
  "wf_is_valid('paper')"
  "wf_is_valid_state('review', '{\"title\": 1, \"pages\": 9}')"
  "wf_state_violations('review', '{\"pages\": 11}')"
  "wf_definition_violations('{\"schema\": {\"type\": \"object\"}}', '1')"
  "wf_load_state('shaped')"
  "wf_load('shaped')"
  "wf_state_at('shaped', 1, upgrade => true)"
  "wf_find('{\"zero\": 0}')"
  "wf_migrations('shaped')"
  "wf_migration_status('shaped')"
  "wf_routing_decisions(newest_first => false)"
  "wf_agent_statistics()"
  "wf_top_agents()"
  "wf_underperforming_agents(threshold => 1, min_tasks => 1)"
  "wf_tenant()"
  "wf_circuits()"
  "wf_circuits_open()"
  "wf_circuit_transitions('broken')"
  "wf_circuit_policy('broken')"
  "wf_circuit_allow('healthy')"
  "wf_circuit_allow('stopped')"
  "wf_execution('run-5')"
  "wf_incomplete('run')"
  "wf_steps('run-5')"
  "wf_step_failures('run-4', 'a')"
  "wf_compensations('run-5')"
  "wf_leases('run')"
  "wf_limits()"
  "wf_signals('run-5')"
  "wf_waits('run-4')"
  "wf_changes()"
  "wf_logs('order')"
  "wf_logs(min_level => 'warn', text => 'DECL')"
  "wf_metrics('tokens')"
  "wf_metric_values('order')"
  "wf_metric_names()"
  "(SELECT executions, completed, stats FROM wf_statistics('run')) AS s"
)
for call in "${readers[@]}"; do
  answer="$(sql "SELECT * FROM $call" -U wf_app)"
  if [ -z "$answer" ]; then not_ok "$call gives nothing on the primary: the test proves nothing"; fi
  check "standby: $call" "$(standby_sql "SELECT * FROM $call" -U wf_app 2>&1)" "$answer"
done
check "standby: wf_tenants()" "$(standby_sql 'SELECT * FROM wf_tenants()')" "$(sql 'SELECT * FROM wf_tenants()')"
# What the statistics say comes from both tables, in one snapshot.
check "standby: some outcomes are folded, some are not" "$(standby_sql \
  'SELECT (SELECT count(*) FROM wfstate.routing_outcomes) > 0, (SELECT count(*) FROM wfstate.agent_statistics) > 0')" "t|t"
sums="SELECT sum(total_tasks), md5(string_agg(agent || stats::text, '' ORDER BY agent)) FROM wf_agent_statistics()"
counted="$(standby_sql "$sums" -U wf_app)"
sql "SELECT wf_recalculate_statistics()" >/dev/null
check "standby: they are what the decisions say" "$counted" "$(sql "$sums")"
check "standby: every version" \
  "$(standby_sql "SELECT version, md5(wf_state_at('order', version)::text) FROM wf_history('order')" -U wf_app)" \
  "$(sql "SELECT version, md5(wf_state_at('order', version)::text) FROM wf_history('order')" -U wf_app)"
check "standby: not found is WF005" "$(sqlstate "SELECT wf_load_state('absent')" -U wf_app -p "$STANDBY_PORT")" WF005

writers=(
  "wf_repair('order')"
  "wf_release_quarantined('broken', 2)"
  "wf_add_migration('shaped', 2, 3, '{}')"
  "wf_drop_migration('shaped', 1)"
  "wf_migrate_states('shaped')"
  "wf_patch_state('shaped', '{}')"
  "wf_define('other', '{}')"
  "wf_retire('review', 1)"
  "wf_rebind('paper')"
  "wf_transition('paper', 'done')"
  "wf_record_routing('t', 'a', true)"
  "wf_log('order', 'info', 'x')"
  "wf_record_logs('{order}', '{info}', '{x}')"
  "wf_record_metric('order', 'm', 1)"
  "wf_record_metrics('{order}', '{m}', '{1}')"
  "wf_maintain()"
  "wf_recalculate_statistics()"
  "wf_prune_routing('1 day')"
  "wf_save_state('order', '{}')"
  "wf_save_state('new', '{}')"
  "wf_save_state('order', '{}', 1)"
  "wf_patch_state('order', '{\"a\": 1}')"
  "wf_patch_state('order', '[]')"
  "wf_save_states(ARRAY['order'], ARRAY['{}'::jsonb])"
  "wf_delete('order')"
  "wf_declare_search('checkout', ARRAY['/total'])"
  "wf_prune_history('order', 1)"
  "wf_import(wf_export('order'), 'copy')"
  "wf_checkpoint('order', 'now')"
  "wf_recover('order')"
  "wf_fork('order', 'another')"
  "wf_drop_checkpoint('order', 'paid')"
  "wf_grant_tenant('wf_app', 'green')"
  "wf_revoke_tenant('bound', 'blue')"
  "wf_grant_access('bound', 'writer')"
  "wf_revoke_access('bound')"
  "wf_circuit_record('healthy', false)"
  "wf_circuit_allow('broken')"
  "wf_circuit_configure('healthy', window_size => 7)"
  "wf_circuit_save('healthy', 'disabled')"
  "wf_circuit_reset('broken')"
  "wf_circuits_recover()"
  "wf_start('run')"
  "wf_set_status('run-4', 'running')"
  "wf_complete('run-1')"
  "wf_fail('run-1')"
  "wf_cancel('run-1')"
  "wf_pause('run-1')"
  "wf_resume('run-1')"
  "wf_retry('run-1')"
  "wf_step_begin('run-1', 'x')"
  "wf_step_complete('run-5', 'b')"
  "wf_step_next('run-5', 'b', 'c')"
  "wf_step_fail('run-5', 'b')"
  "wf_step_compensated('run-5', 'a')"
  "wf_claim('worker')"
  "wf_heartbeat('{run-1}', '{1}')"
  "wf_release('run-1', 1)"
  "wf_set_limits('run')"
  "wf_signal('run-1', 's')"
  "wf_await_signal('run-1', 's')"
  "wf_sleep('run-1', 'nap', '1 s')"
  "wf_await_children('run-1')"
  "wf_record_changes()"
  "wf_prune_changes('1 day')"
)
for call in "${writers[@]}"; do
  check "standby refuses $call" "$(sqlstate "SELECT * FROM $call" -p "$STANDBY_PORT")" 25006
  check "a read-only transaction refuses $call" \
    "$(PGOPTIONS='-c default_transaction_read_only=on' sqlstate "SELECT * FROM $call")" 25006
done

count_last_line "$WF_PYTHON" "$PYTHONPATH/run.py" "$here/test_standby_tenants.py"
check_log "$(node_log)"
check_log "$(node_log standby)"
count_done
