#!/usr/bin/env bash
# Runs levels of tests and adds up: levels.sh core regress isolation driver recovery
# A level's script ends with a line `N passed, N failed`; so does this one, as its last line. A
# level that says no such line, or fails without counting a failure, counts as one failure.
set -euo pipefail
# shellcheck source=build.sh
. "$(dirname "${BASH_SOURCE[0]}")/build.sh"

level_command() {
  case "$1" in
    core | fuzz) say "$WF_ROOT/tests/lib/$1.sh" ;;
    regress) say "$WF_ROOT/tests/pg_regress/run.sh" ;;
    reference) say "$WF_ROOT/tests/reference.sh" ;;
    docs) say "$WF_ROOT/tests/docs.sh" ;;
    agreement) say "$WF_ROOT/tests/agreement.sh" ;;
    parallel | statements) say "$WF_ROOT/tests/pg_regress/$1.sh" ;;
    adapters) say "$WF_ROOT/adapters/test.sh" ;;
    isolation | driver | recovery | schema_suite) say "$WF_ROOT/tests/$1/run.sh" ;;
    *) die "no such level of tests: $1" ;;
  esac
}

total_passed=0
total_failed=0
summary=()
# run_level name: the level's own closing line gets the level's name, so that one total remains.
run_level() {
  local level="$1" arguments=() command log status=0 line passed failed started=$SECONDS
  command="$(level_command "$level")"
  log="$WF_OUT/test-$level.log"
  # The page is compared here, and written by hand.
  [ "$level" != reference ] || arguments=(--check)
  note "$level"
  if [ -f "$command" ]; then
    # Bash is named, so that a script without its x bit still runs.
    bash "$command" "${arguments[@]}" 2>&1 </dev/null | tee "$log" |
      sed -uE "s/^([0-9]+ passed, [0-9]+ failed)\$/$level: \1/" || status=$?
  else
    say "error: $command is missing" | tee "$log"
    status=1
  fi
  line="$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1 || true)"
  passed="$(printf '%s' "$line" | sed -E 's/^([0-9]+) passed.*/\1/')"
  failed="$(printf '%s' "$line" | sed -E 's/.* ([0-9]+) failed$/\1/')"
  : "${passed:=0}" "${failed:=0}"
  if [ "$failed" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$passed" -eq 0 ]; }; then
    failed=1
    say "error: $level ended with status $status and ${line:-no count}"
  fi
  total_passed=$((total_passed + passed))
  total_failed=$((total_failed + failed))
  summary+=("$(printf '%-10s %5d passed %5d failed %5d s' "$level" "$passed" "$failed" \
    $((SECONDS - started)))")
}

[ $# -gt 0 ] || die "which levels?"
pg_resolve
for level in "$@"; do
  # The core's tests need no server; all others need one build, made once.
  if [ "$level" != core ] && [ "$level" != fuzz ] && [ -z "${WF_BUILT:-}" ]; then
    if ! (build_package); then
      say "0 passed, 1 failed"
      exit 1
    fi
    export WF_BUILT=" pg$PG_MAJOR:wfstate "
  fi
  run_level "$level"
done
if [ ${#summary[@]} -gt 1 ]; then
  say ""
  say "PostgreSQL $("$PG_CONFIG" --version | sed 's/^PostgreSQL //')"
  printf '%s\n' "${summary[@]}"
fi
say "$total_passed passed, $total_failed failed"
[ "$total_failed" -eq 0 ]
