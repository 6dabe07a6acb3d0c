# shellcheck shell=bash
# The chapters after the replay: conflicts, time travel, checkpoint, recovery, fork, and where to
# look further. Sourced by run.sh, which sets head (version of agent-run), list, steps, started.
# shellcheck disable=SC2154

# psql shows an error as it does to anybody; the code is what a program would look at.
stale_writer() {
  local stale shown code
  chapter 'A stale writer'
  tell "Two agents have both loaded version $head. The first one saves:"
  ask "SELECT wf_patch_state('agent-run', '{\"reviewer\": \"ana\"}',
  expected_version => $head)"
  tell 'The second one still expects the version that it has seen:'
  stale="SELECT wf_patch_state('agent-run', '{\"reviewer\": \"ben\"}',
  expected_version => $head);"
  show_sql "$stale"
  shown="$(printf '%s\n' '\set ON_ERROR_STOP off' \
    "$stale" '\echo :LAST_ERROR_SQLSTATE' | agent 2>&1)"
  code="$(tail -n 1 <<<"$shown")"
  sed '$d' <<<"$shown" | indent
  show_sql '\echo :LAST_ERROR_SQLSTATE'
  indent <<<"$code"
  printf '\n'
  claim 'refused with WF001 (concurrent_modification), DETAIL and HINT' \
    "$code $(grep -cE '^(DETAIL|HINT): ' <<<"$shown")" 'WF001 2'
  claim_true 'nothing of it was stored' \
    "version = $head + 1 AND state ->> 'reviewer' = 'ana' FROM wf_load('agent-run')"
  head=$((head + 1))
}

time_travel() {
  local mid=$((steps / 2 + 1)) later at
  later=$((mid + 3 < steps + 1 ? mid + 3 : steps + 1))
  chapter 'Time travel'
  ask "SELECT version, jsonb_array_length(state -> '$list') AS steps,
       state #> '{counters,characters}' AS characters
  FROM unnest(ARRAY[1, $mid, $head]) AS version,
       wf_state_at('agent-run', version) AS state"
  at="$(value "SELECT saved_at FROM wf_history('agent-run', after => $mid - 1, max_rows => 1)")"
  tell 'Or by time:'
  ask "SELECT wf_state_at('agent-run', at => '$at')
         -> 'counters' AS counters"
  claim_true 'a time gives the version that was the head then' \
    "wf_state_at('agent-run', at => '$at') = wf_state_at('agent-run', (SELECT max(version)
       FROM wf_history('agent-run', after => $mid - 1, max_rows => 100) WHERE saved_at <= '$at'))"
  tell 'And what lies between two versions:'
  ask "SELECT change ->> 'op' AS op, change ->> 'path' AS path,
       left((change -> 'value')::text, 36) AS value
  FROM jsonb_array_elements(wf_diff('agent-run', $mid, $later)) AS change"
  # In a fork that is rolled back: the change as a patch on the older version.
  claim "applied to version $mid, it gives version $later" "$(agent -At <<<"BEGIN;
    SELECT wf_fork('agent-run', 'tried', version => $mid) AS forked \\gset
    SELECT wf_patch_state('tried', wf_diff('agent-run', $mid, $later)) AS patched \\gset
    SELECT wf_load_state('tried')::text = wf_state_at('agent-run', $later)::text;
    ROLLBACK;")" t
}

checkpoint() {
  local bytes
  chapter 'A checkpoint'
  bytes="$(sql 'SELECT sum(pg_column_size(v)) FROM wfstate.state_versions AS v')"
  ask "SELECT wf_checkpoint('agent-run', 'reviewed',
  metadata => '{\"by\": \"ana\"}')"
  ask "SELECT name, version, metadata, created_by
  FROM wf_checkpoints('agent-run')"
  claim 'a name for a version: no state was copied' \
    "$(sql 'SELECT sum(pg_column_size(v)) FROM wfstate.state_versions AS v')" "$bytes"
}

recovery() {
  local size row
  chapter 'Recovery'
  tell 'The agent goes astray and throws its own memory away:'
  ask "SELECT wf_patch_state('agent-run',
  '{\"$list\": [], \"counters\": null}', note => 'oops')"
  tell 'Back to the checkpoint, by a new version; the bad one stays in the history:'
  ask "SELECT wf_recover('agent-run', checkpoint => 'reviewed',
  note => 'memory was lost')"
  ask "SELECT version, base_version, kind, note, stored_bytes
  FROM wf_history('agent-run', max_rows => 3, newest_first => true)"
  claim_true 'the state is that of the checkpoint, to the letter' "wf_load_state('agent-run')::text =
    wf_state_at('agent-run', $head)::text"
  row="$(value "SELECT stored_bytes FROM wf_history('agent-run', max_rows => 1, newest_first => true)")"
  size="$(value "SELECT pg_column_size(wf_load_state('agent-run'))")"
  claim "it cost one row of $row bytes; the state has $size" "$((row <= 1000))" 1
  head=$((head + 2))
}

fork() {
  local source at=$((steps / 2 + 1))
  chapter 'A fork'
  source="$(value "SELECT md5(row_to_json(r)::text) FROM wf_load('agent-run') AS r")"
  tell "What if the agent had gone another way after step $((at - 1))?"
  ask "SELECT wf_fork('agent-run', 'other-way', version => $at)"
  ask "SELECT wf_patch_state('other-way', '[{\"op\": \"add\",
  \"path\": \"/$list/-\", \"value\": {\"thought\": \"Ask first.\"}}]')"
  ask "SELECT wf_patch_state('other-way', '{\"answer\": \"leave it\"}',
  status => 'completed')"
  ask "SELECT execution_id, status, version,
       forked_from_execution_id AS \"forked from\",
       forked_from_version AS \"at\",
       jsonb_array_length(state -> '$list') AS steps
  FROM wf_load_many(ARRAY['agent-run', 'other-way', 'night-run'])"
  claim 'the source is untouched' \
    "$(value "SELECT md5(row_to_json(r)::text) FROM wf_load('agent-run') AS r")" "$source"
  claim_true "the fork has the steps up to $((at - 1)), and its own" \
    "wf_state_at('other-way', 1)::text = demo.state_after($((at - 1)))::text
       AND version = 3 AND jsonb_array_length(state -> '$list') = $at FROM wf_load('other-way')"
  claim_true 'wf_verify finds all three sound' "bool_and(valid)
    FROM unnest(ARRAY['agent-run', 'other-way', 'night-run']) AS id, wf_verify(id)"
}

look_further() {
  printf '\n%s%d claims checked, all hold, in %d s.%s\n' "$BOLD" "$CLAIMS" \
    $((SECONDS - started)) "$RESET"
  if [ ! -t 0 ] || [ ! -t 1 ]; then
    tell 'On a terminal the demo waits here, and make psql opens psql in its server.'
    return 0
  fi
  chapter 'Look further'
  tell 'The server still runs. In another terminal, in this folder:'
  printf '\n    %smake psql%s\n\n' "$BOLD" "$RESET"
  tell 'and there, for instance:'
  printf '    %s%s%s\n' "$CYAN" "SELECT execution_id, status, phase, version, updated_at FROM wf_list();" "$RESET" \
    "$CYAN" "SELECT jsonb_pretty(wf_load_state('other-way'));" "$RESET" \
    "$CYAN" "SELECT execution_id, version FROM wf_find('{\"reviewer\": \"ana\"}');" "$RESET" \
    "$CYAN" "\\df wf_*" "$RESET"
  printf '\n  %sEnter%s ends the demo and removes the server. ' "$BOLD" "$RESET"
  read -r _ || true
}
