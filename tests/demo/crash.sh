# shellcheck shell=bash
# The chapter with the crash: a background writer, SIGKILL to the server while it saves, and the
# count of what was acknowledged against what is there. Sourced by run.sh.
# shellcheck disable=SC2154

ACKS='' # the client's own log: one line `round|step|version` for each answer that it received

# The recording round and round; each round starts with a new whole state. Never ends by itself.
# Every printf may meet a closed pipe: then the writer's psql is gone.
writer_statements() {
  local steps="$1" round n version=0
  for ((round = 1; ; round++)); do
    printf "SELECT %d, 0, wf_save_state('night-run', demo.state_after(0) || '{\"round\": %d}',
      expected_version => %d, workflow => 'agent', step_id => 'round-%d-step-0');\n" \
      "$round" "$round" "$version" "$round" 2>/dev/null || return 0
    version=$((version + 1))
    for ((n = 1; n <= steps; n++)); do
      printf "SELECT %d, %d, wf_patch_state('night-run', patch, expected_version => %d,
        step_id => 'round-%d-' || step_id, phase => phase) FROM demo.step WHERE n = %d;\n" \
        "$round" "$n" "$version" "$round" "$n" 2>/dev/null || return 0
      version=$((version + 1))
    done
  done
}

writer_start() {
  ACKS="$WF_BASE/acknowledged"
  : >"$ACKS"
  # psql writes each answer to its file before it reads the next statement.
  (writer_statements "$1" | agent -At >"$ACKS" 2>"$ACKS.err") &
  WRITER=$!
  on_exit "kill $WRITER 2>/dev/null"
}

acknowledged() { wc -l <"$ACKS" | tr -d ' '; }

# Long enough for some hundred saves on a usual disk, and for some dozen on a slow one.
writer_watch() {
  local count i
  for ((i = 0; i < 600; i++)); do
    count="$(acknowledged)"
    moving "night-run saves: $count steps acknowledged"
    kill -0 "$WRITER" 2>/dev/null || break
    if [ "$count" -ge 300 ] || { [ "$i" -ge 40 ] && [ "$count" -ge 20 ]; }; then break; fi
    sleep 0.1
  done
  # Nobody chooses the moment.
  sleep "0.$((RANDOM % 300 + 100))"
}

# The writer goes on where the server stands, up to the end of its round.
writer_resume() {
  value "SELECT format('SELECT wf_patch_state(%L, patch, expected_version => %s,
             step_id => %L || step_id, phase => phase) FROM demo.step WHERE n = %s;',
             'night-run', version + n - done - 1, 'round-' || (state ->> 'round') || '-', n)
           FROM wf_load('night-run'), CAST(state #>> '{counters,steps}' AS int) AS done, demo.step
          WHERE n > done ORDER BY n" | agent -At | tail -n 1
}

# What agent-run holds, over all versions (of a large recording: one in $every).
fingerprint() {
  value "SELECT md5(string_agg(md5(wf_state_at('agent-run', v)::text), '' ORDER BY v))
    FROM wf_load('agent-run'), generate_series(1, version, $every) AS v"
}

crash_chapter() {
  local before last now pids started
  chapter 'kill -9'
  tell "A second agent replays the recording in the background, round and round, as night-run." \
    "Its client writes down every version number that the server answered."
  before="$(fingerprint)"
  writer_start "$steps"
  writer_watch
  pids="$(node_pids | wc -l)"
  cluster_kill9
  wait "$WRITER" || true
  screen_clear
  claim "SIGKILL to all $pids processes of the server while night-run was saving" \
    "$(grep -om 1 'connection to server was lost' "$ACKS.err")" 'connection to server was lost'
  sed -n 's/^server closed the connection/      the client: &/p' "$ACKS.err"
  started="$(date +%s%N)"
  cluster_restart
  as_pg cat "$(node_log)" | sed -nE 's/.*LOG:  .*(automatic recovery.*)/      the server: \1/p'
  tell "Started again and recovered in $((($(date +%s%N) - started) / 1000000)) ms."
  crash_count
  claim "agent-run: $each is as before the kill" "$(fingerprint)" "$before"
  ask "SELECT 'night-run' AS execution_id, * FROM wf_verify('night-run')"
  claim_true 'night-run: every version rebuilds and matches its hash' \
    "valid FROM wf_verify('night-run')"
  last="$(writer_resume)"
  now="$(value "SELECT version FROM wf_load('night-run')")"
  claim 'night-run connects again, reads its state and finishes its round' "${last:-$now}" "$now"
}

# What the client wrote down against what the server has.
crash_count() {
  local counts acked lost extra
  counts="$(agent -At -f "$WF_DEMO/crash.sql" <"$ACKS")"
  IFS='|' read -r acked found same extra <<<"$counts"
  lost=$((acked - found))
  printf '\n  %-46s %6d\n' 'steps acknowledged, by the client' "$acked"
  printf '  %-46s %6d\n' 'of these in the history, with their step_id' "$found"
  printf '  %-46s %6d\n' 'of these with exactly the state that was sent' "$same"
  printf '  %-46s %6d\n' 'lost' "$lost"
  printf '  %-46s %6d\n\n' 'committed, but killed before the answer' "$extra"
  claim 'no acknowledged step is lost' "$found of $acked" "$acked of $acked"
  claim 'each of them has its state, to the letter' "$same of $acked" "$acked of $acked"
  claim 'at most the one save under way is there unanswered' "$((extra <= 1))" 1
}
