# shellcheck shell=bash
# Counts what several test programs report. Sourced by driver/run.sh and recovery/*.sh after
# tests/lib/cluster.sh. count_done prints the total and gives the status.

passed=0
failed=0

ok() {
  passed=$((passed + 1))
  say "ok - $1"
}
not_ok() {
  failed=$((failed + 1))
  say "NOT OK - $1"
  shift
  [ $# -eq 0 ] || printf '    %s\n' "$@"
}

# check name got wanted
check() {
  if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got:    ${2:-(nothing)}" "wanted: ${3:-(nothing)}"; fi
}

# check_log file: nothing that the extension should never do to a server.
check_log() {
  local found
  found="$(grep -nE 'PANIC|panicked|terminated by signal|stack backtrace|TRAP:' "$1" | head -n 5)" || true
  check "no crash and no panic in the server's log" "$found" ""
}

need_file() {
  [ -e "$1" ] && return 0
  not_ok "$1 is missing: run tests/setup.sh all"
  return 1
}

# add status passed failed: a program that fails without counting a failure counts as one.
add() {
  passed=$((passed + $2))
  failed=$((failed + $3))
  if [ "$1" -ne 0 ] && [ "$3" -eq 0 ]; then not_ok "ended with status $1"; fi
  if [ "$1" -eq 0 ] && [ "$2" -eq 0 ]; then not_ok "nothing was run"; fi
}

# run_counted filter command…: shows the output; the filter makes `passed failed` of it.
run_counted() {
  local filter="$1" log status=0 counts
  shift
  log="$(mktemp "$WF_BASE/count.XXXXXX")"
  "$@" 2>&1 | tee "$log" | sed -uE 's/^([0-9]+ passed, [0-9]+ failed)$/so far: \1/' || status=$?
  counts="$(awk "$filter" "$log")"
  # shellcheck disable=SC2086
  add "$status" $counts
}

# Programs that close with our own line; node --test ("# pass 7"); cargo ("test result: …").
count_last_line() {
  run_counted '/^[0-9]+ passed, [0-9]+ failed$/ { p = $1; f = $3 } END { print p + 0, f + 0 }' "$@"
}
count_node() {
  run_counted '/^(#|ℹ) pass / { p = $3 } /^(#|ℹ) (fail|cancelled|skipped) / { f += $3 }
    END { print p + 0, f + 0 }' "$@"
}
count_cargo() {
  run_counted '/^test result:/ { p += $4; f += $6 } END { print p + 0, f + 0 }' "$@"
}

count_done() {
  say "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}
