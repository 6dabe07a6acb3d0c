# shellcheck shell=bash
# The chapter on what is kept beside the state and looked at: sessions, memories, logs, health, retention, and the
# report that the demo leaves behind. Sourced by run.sh.

beside() {
  chapter 'A session, and what its agent has learnt'
  ask "SELECT wf_save_session('chat-1',
  '{\"user_id\": \"ann\", \"mission\": \"plan a trip\", \"messages\": []}')"
  ask "SELECT wf_save_todo_list('trip', 'chat-1',
  '[{\"id\": \"train\", \"done\": false}, {\"id\": \"hotel\", \"done\": false}]')"
  ask "SELECT wf_update_todo('trip', 'train', '{\"done\": true}')"
  ask "SELECT wf_record_thought('chat-1', 'turn-1', 'Trains first.',
  'timetable Bern Milan', 'timeout after 20 s')"
  ask "SELECT execution_id, user_id, mission FROM wf_sessions('ann')"
  claim_true 'the list has its second version, with one item done' "version = 2
    AND plan @> '[{\"id\": \"train\", \"done\": true}, {\"id\": \"hotel\", \"done\": false}]' FROM wf_todo_list('trip')"
  tell 'A lesson that is learnt again is believed more:'
  ask "SELECT times, confidence, created FROM wf_remember('timetables',
  'Ask for trains by station code, not by city name.', 'timetable')"
  ask "SELECT times, confidence, created FROM wf_remember('timetables',
  'ask for trains by station code,  not by city name.', 'timetable')"
  ask "SELECT lesson, times FROM wf_recall('why does the train timetable time out')"
  claim_true 'one memory, found by words it shares with the question' "count(*) = 1 AND bool_and(times = 2)
    FROM wf_recall('why does the train timetable time out')"
}

watched() {
  local page="$WF_TARGET/demo-report.html"
  chapter 'Looked at'
  ask "SELECT wf_log('shop-1', 'warn', 'card refused', '{\"code\": 51}', 'charge')"
  ask "SELECT level, message, step_id FROM wf_logs('shop-1', min_level => 'warn')"
  ask "SELECT line FROM wf_timeline('shop-1', 30)"
  ask_operator "SELECT check_name, status, advice FROM wf_health() WHERE status <> 'ok'"
  tell 'What has ended goes when it is old enough; first, what that would be:'
  ask_operator "SELECT item, removed FROM wf_cleanup('0 seconds', dry_run => true,
  checkpointed => true) WHERE removed > 0"
  claim_true 'a dry run removes nothing' "status = 'compensated' FROM wf_execution('shop-1')"
  tell 'And a page with all of it, which needs no server and loads nothing:'
  show_sql "\\o report.html"
  show_sql "SELECT wf_report(execution_id => 'shop-1');"
  value "SELECT wf_report(execution_id => 'shop-1')" >"$page"
  claim 'the page is whole' "$(head -n 1 "$page") $(grep . "$page" | tail -n 1)" '<!DOCTYPE html> </html>'
  tell "It stays: $page"
}
