#!/usr/bin/env bash
# `make demo [TRACE=file]`: replays a recorded agent run on a private throw-away server, shows
# what wfstate keeps of it, kills the server, and checks all that it claims. A claim that does
# not hold ends it with an error. Only bash, psql and SQL.
#   tests/demo/run.sh [file]    any JSON file with an array `trajectory` or `events`
set -euo pipefail
WF_DEMO="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
# shellcheck source=../lib/cluster.sh
. "$WF_DEMO/../lib/cluster.sh"
# shellcheck source=screen.sh
. "$WF_DEMO/screen.sh"
# shellcheck source=crash.sh
. "$WF_DEMO/crash.sh"
# Names and notes may be in any script; messages of psql in English, since some are looked at.
export PGCLIENTENCODING=UTF8 LC_ALL=C.UTF-8

trace="${1:-${TRACE:-}}"
# Some shells leave the tilde of TRACE=~/file to us.
# shellcheck disable=SC2088
case "$trace" in '~/'*) trace="$HOME/${trace:2}" ;; esac
trace="${trace:-$WF_DEMO/sample-run.json}"
{ [ -f "$trace" ] && [ -r "$trace" ]; } || die "cannot read the recording $trace"

# --- chapters -------------------------------------------------------------------------------
set_up() {
  local version
  chapter 'A private server'
  if quick_to_look; then tell 'A quick build, to look at; make install builds the fast one.'; fi
  if [ -z "${WF_BUILT:-}" ]; then
    moving 'building the extension'
    [ -n "$SCREEN_MOVES" ] || package_is_current wfstate ||
      tell 'Building the extension; the first time takes some minutes.'
    (build_package) >"$WF_OUT/build.log" 2>&1 &
    while_running $! "$WF_OUT/build-wfstate.log" || {
      cat "$WF_OUT/build.log" >&2
      die 'the build failed'
    }
    export WF_BUILT=" pg$PG_MAJOR:wfstate "
  fi
  started=$SECONDS
  moving 'starting the server'
  # Acknowledged means on disk, as on a server that matters.
  WF_DATABASE=demo WF_EXTENSION=no cluster_start 'fsync = on'
  screen_clear
  cluster_publish
  version="$(sql 'SHOW server_version')"
  tell "PostgreSQL ${version%% *} in $WF_BASE, removed at the end. No other server is touched."
  ask_operator 'CREATE EXTENSION wfstate'
  ask_operator 'CREATE ROLE agent LOGIN'
  ask_operator "SELECT wf_grant_access('agent', 'writer')" >"$WF_BASE/answer"
  # A function without a result answers with an empty table.
  head -n 1 "$WF_BASE/answer"
}

# One line whatever the file's line ends; without a byte order mark. The bytes that psql and COPY
# would take for something else become one that is no JSON either.
load_recording() {
  local message
  message="$({ sed '1s/^\xef\xbb\xbf//' "$trace" | tr '\r\n\000-\002' '  \003'; echo; } |
    wf_psql -q -v name="$(basename "$trace")" -f "$WF_DEMO/recording.sql" 2>&1)" ||
    die "cannot replay $trace: $(sed 's/^psql:.*ERROR: *//' <<<"$message" | head -n 3)"
  list="$(sql 'SELECT list FROM demo.run')"
  steps="$(sql 'SELECT max(n) FROM demo.step')"
  replaced="$(sql 'SELECT replaced FROM demo.run')"
  # Comparisons with whole states grow with the square of the steps: from some 200 MB on, every
  # k-th version stands for its neighbours, and the text says so.
  every="$(sql 'SELECT 1 + sum(pg_column_size(item)) * max(n) / 2 / 200e6::bigint FROM demo.step')"
  every="${every%%.*}"
  each='every version'
  [ "$every" -eq 1 ] || each="one version in $every"
}

# One statement a step; each fifth sends the whole state. On a terminal slow enough to be seen.
replay_statements() {
  local n pause
  pause="$(awk -v n="$steps" 'BEGIN { p = 3 / n; print p < 0.08 ? p : 0.08 }')"
  for ((n = 1; n <= steps; n++)); do
    if [ $((n % 5)) -eq 0 ]; then
      printf "SELECT wf_save_state('agent-run', demo.state_after(n)"
    else
      printf "SELECT wf_patch_state('agent-run', patch"
    fi
    printf ", expected_version => n, phase => phase, step_id => step_id, note => note),
      '%s', note FROM demo.step WHERE n = %d;\n" \
      "$([ $((n % 5)) -eq 0 ] && echo wf_save_state || echo wf_patch_state)" "$n"
    [ -z "$SCREEN_MOVES" ] || sleep "$pause"
  done
}

replay() {
  local version how note
  chapter 'The replay'
  tell "$(basename "$trace"): $steps steps, $((($(wc -c <"$trace") + 999) / 1000)) kB." \
    'The agent saves its state after each.'
  [ "$replaced" -eq 0 ] || tell "$replaced characters that jsonb cannot hold were replaced by U+FFFD."
  show_sql "SELECT wf_save_state('agent-run', '{\"$list\": [], …}',
  expected_version => 0, workflow => 'agent', step_id => 'start');"
  value "SELECT wf_save_state('agent-run', demo.state_after(0), expected_version => 0,
    workflow => 'agent', step_id => 'start')" >/dev/null
  tell 'Four steps of five are appended by a patch; every fifth sends the whole state,' \
    'and the server finds what changed.'
  show_sql "SELECT wf_patch_state('agent-run',
  '[{\"op\": \"add\", \"path\": \"/$list/-\", \"value\": …}, …]',
  expected_version => 1, step_id => 'step-1', phase => …, note => …);"
  replay_statements | agent -At | while IFS='|' read -r version how note; do
    progress $((version - 1)) "$steps" "$how  $note"
  done
  screen_clear
  head="$(value "SELECT version FROM wf_load('agent-run')")"
  claim "$steps steps saved: $head versions" "$head" $((steps + 1))
  claim_true "$each reads back as the text that the agent had" \
    "bool_and(wf_state_at('agent-run', v)::text = demo.state_after(v::int - 1)::text)
       FROM generate_series(1, $head, $every) AS v"
}

history() {
  local columns="version, kind, step_id, phase,
       jsonb_array_length(changes) AS ops,
       changes #>> '{0,path}' AS \"first path\", stored_bytes AS bytes"
  chapter 'What each step changed'
  if [ "$head" -le 24 ]; then
    ask "SELECT $columns
  FROM wf_history('agent-run')"
  else
    ask "SELECT $columns
  FROM wf_history('agent-run', max_rows => 11)"
    ask "SELECT $columns
  FROM wf_history('agent-run', max_rows => 5, newest_first => true)"
  fi
  tell 'changes is a JSON Patch (RFC 6902), also where the whole state was sent. Now and then' \
    'a snapshot is stored beside the patch, so that a load never applies a long chain.'
}

# The same versions, each in full, in an ordinary table of the same compression: made, not estimated.
sizes() {
  local copies ours
  chapter 'Stored bytes'
  sql "SELECT set_config('default_toast_compression',
         CASE WHEN 'lz4' = ANY (enumvals) THEN 'lz4' ELSE 'pglz' END, false)
         FROM pg_settings WHERE name = 'default_toast_compression';
       CREATE TABLE demo.full_copies (execution_id text, version bigint, step_id text, note text,
         saved_at timestamptz, state jsonb, PRIMARY KEY (execution_id, version));
       INSERT INTO demo.full_copies
       SELECT 'agent-run', version, step_id, note, saved_at, wf_state_at('agent-run', version)
         FROM generate_series(0, $head, 10000) AS page,
              wf_history('agent-run', after => page, max_rows => 10000)
        WHERE (version - 1) % $every = 0" >/dev/null
  tell "The same $head versions were written as full copies, too, a row each in a plain table with" \
    'the same compression. All of it measured, in kB; of wfstate the whole rows are counted, of' \
    'the copies only the states.'
  [ "$every" -eq 1 ] || tell "The copies are estimated from one version in $every."
  wf_psql -q -P footer=off -P null=- -c "
    WITH size (what, copies, ours) AS (
      SELECT 'states before compression', $every * sum(pg_column_size(
               wf_state_at('agent-run', version))), NULL::numeric FROM demo.full_copies
      UNION ALL SELECT 'sum of versions, as stored', $every * sum(pg_column_size(state)), (
               SELECT sum(stored_bytes) FROM generate_series(0, $head, 10000) AS page,
                      wf_history('agent-run', after => page, max_rows => 10000))
          FROM demo.full_copies
      UNION ALL SELECT 'table on disk, with index and TOAST',
               $every * pg_total_relation_size('demo.full_copies'),
               pg_total_relation_size('wfstate.state_versions'))
    SELECT what AS \" \", round(copies / 1024.0, 1) AS \"full copies\",
           round(ours / 1024.0, 1) AS wfstate, round(copies / ours, 1) AS ratio FROM size" | indent
  copies="$(sql "SELECT $every * sum(pg_column_size(state)) FROM demo.full_copies")"
  ours="$(sql "SELECT sum(stored_bytes) FROM generate_series(0, $head, 10000) AS page,
    wf_history('agent-run', after => page, max_rows => 10000)")"
  tell 'Full copies grow with the square of the steps, changes with the steps.'
  # A few small states fit into a page or two, whatever is stored of them.
  if [ "$copies" -lt 65536 ] && [ "$ours" -ge "$copies" ]; then
    tell 'A run as small as this one has nothing to gain.'
  else
    claim 'less is stored than by full copies' "$((ours < copies))" 1
  fi
  sql 'DROP TABLE demo.full_copies'
}

# shellcheck source=story.sh
. "$WF_DEMO/story.sh"
# shellcheck source=rules.sh
. "$WF_DEMO/rules.sh"
# shellcheck source=execution.sh
. "$WF_DEMO/execution.sh"
# shellcheck source=operations.sh
. "$WF_DEMO/operations.sh"

set_up
load_recording
replay
history
sizes
stale_writer
time_travel
checkpoint
crash_chapter "$steps"
recovery
fork
rules
shapes
repaired
imported
undone
beside
watched
look_further
