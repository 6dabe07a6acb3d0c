# shellcheck shell=bash
# The chapters on rules: a definition, what it refuses, states of an older shape, and a file of another store.
# Sourced by run.sh.

# refused 'statement' code 'claim': shows what the statement is told, and that it is this.
refused() {
  local shown code
  show_sql "$1;"
  shown="$(printf '%s\n' '\set ON_ERROR_STOP off' "$1;" '\echo :LAST_ERROR_SQLSTATE' | agent 2>&1)"
  code="$(tail -n 1 <<<"$shown")"
  sed '$d' <<<"$shown" | indent
  claim "$3" "$code" "$2"
}

rules() {
  chapter 'Rules'
  tell 'An operator defines which states a refund may have, and which ways it may go:'
  ask_operator "SELECT wf_define('refund', '{
  \"phases\": {\"asked\": {\"next\": [\"approved\"]},
             \"approved\": {\"requires\": [\"/approved_by\"], \"checkpoint\": true}},
  \"initial_phase\": \"asked\", \"terminal_phases\": [\"approved\"],
  \"schema\": {\"type\": \"object\", \"required\": [\"total\"]},
  \"rules\": [{\"name\": \"within-order\", \"path\": \"\$.total <= \$.ordered\",
             \"message\": \"a refund is no larger than the order\"}]}')"
  ask "SELECT wf_save_state('refund-1', '{\"ordered\": 71.50, \"total\": 17.50}',
  workflow => 'refund')"
  refused "SELECT wf_patch_state('refund-1', '{\"total\": 99}')" WF002 'a state that breaks a rule is refused with WF002 (state_validation)'
  refused "SELECT wf_transition('refund-1', 'paid')" WF004 'a move that is not allowed is refused with WF004 (illegal_transition)'
  ask "SELECT wf_transition('refund-1', 'approved', '{\"approved_by\": \"ana\"}')"
  claim_true 'phase and state moved in one version, and it has a checkpoint' "version = 2 AND phase = 'approved'
    AND (SELECT name = 'approved@2' FROM wf_checkpoints('refund-1')) FROM wf_load('refund-1')"
}

shapes() {
  local batches
  chapter 'States of an older shape'
  value "SELECT count(wf_save_state('order-' || i, jsonb_build_object('cents', i), workflow => 'order'))
    FROM generate_series(1, 200) AS i" >/dev/null
  tell '200 orders keep their total as cents. From now on it is called total_cents:'
  ask_operator "SELECT wf_add_migration('order', 1, 2,
  '[{\"op\": \"move\", \"from\": \"/cents\", \"path\": \"/total_cents\"}]')" >"$WF_BASE/answer"
  head -n 2 "$WF_BASE/answer"
  ask "SELECT wf_load_state('order-7'), wf_state_at('order-7') AS stored"
  claim_true 'a load gives the new shape, and nothing was written' "version = 1 FROM wf_load('order-7')"
  ask "SELECT wf_patch_state('order-7', '{\"paid\": true}')"
  claim_true 'the next save stores it' "wf_state_at('order-7') = '{\"paid\": true, \"total_cents\": 7}'"
  tell 'What nobody loads is migrated in batches, each its own transaction:'
  ask_operator "SELECT migrated, failed, finished
  FROM wf_migrate_states('order', batch_size => 100)"
  batches="$(sql "SELECT migrated || ' ' || finished FROM wf_migrate_states('order', 100)")"
  claim "two batches migrated the other 199" "$batches" '99 true'
  claim_true 'each is its old self in the history' "bool_and(wf_state_at(execution_id, 1) ? 'cents'
    AND wf_load_state(execution_id) ? 'total_cents') FROM wf_list(workflow => 'order', max_rows => 200)"
}

repaired() {
  chapter 'A repair'
  tell 'Somebody has been at the tables, below the functions:'
  ask_operator "UPDATE wfstate.state_versions SET snapshot_hash = 1
 WHERE execution_id = 'refund-1' AND version = 2"
  refused "SELECT wf_load_state('refund-1')" WF008 'no load gives a state that was not saved: WF008 (corrupt_state)'
  ask_operator "SELECT action, version, target_version, lost_count FROM wf_repair('refund-1')"
  claim_true 'back to the newest version that is sound, in the phase of then' "version = 3 AND phase = 'asked'
    AND state = wf_state_at('refund-1', 1) FROM wf_load('refund-1')"
  claim_true 'and saves go on' "wf_transition('refund-1', 'approved', '{\"approved_by\": \"ben\"}') = 4"
}

imported() {
  chapter 'From another store'
  tell 'The bytes of a SQLite file, as CrewAI keeps its flows in one:'
  show_sql "SELECT * FROM wf_import_sqlite(:file, workflow => 'flows');"
  agent -v hex="$(tr -d '\n' <"$WF_DEMO/sample-flows.hex")" <<<"SELECT source_table, source_row, execution_id, version, imported
    FROM wf_import_sqlite(decode(:'hex', 'hex'), workflow => 'flows')" | indent
  ask "SELECT version, step_id, saved_at, wf_state_at('flow', version) AS state
  FROM wf_history('flow')"
  claim_true 'every state of the flow is a version, with its time' "count(*) = 2 AND max(saved_at) = '2026-01-01 00:01+00'
    FROM wf_history('flow')"
}
