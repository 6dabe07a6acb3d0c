#!/usr/bin/env bash
# Fuzzes each target of tests/core/fuzz for SECONDS_EACH seconds, two at a time; closes with
# `N passed, N failed`. cargo-fuzz works on a stable compiler when no sanitizer is asked for: the
# code under test has no unsafe that one could find fault with.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
seconds="${SECONDS_EACH:-60}"
logs="$WF_TARGET/fuzz"
own_folder "$WF_TARGET"
own_folder "$logs"
cd "$WF_ROOT/tests/core"
quietly "$logs/build.log" "compiling the fuzz targets (a minute)" cargo fuzz build --sanitizer none ||
  die "the fuzz targets do not compile"

fuzz() {
  cargo fuzz run --sanitizer none "$1" -- -max_total_time="$seconds" -timeout=10 >"$logs/$1.log" 2>&1
}
passed=0
failed=0
# judge target job: its end decides, and how often it was run.
judge() {
  local runs status=0
  wait "$2" || status=$?
  runs="$(sed -nE 's/^Done ([0-9]+) runs in .*/\1/p' "$logs/$1.log")"
  if [ "$status" -eq 0 ] && [ "${runs:-0}" -gt 0 ]; then
    passed=$((passed + 1))
    say "ok - $1: $runs runs in $seconds s"
  else
    failed=$((failed + 1))
    say "not ok - $1"
    tail -n 40 "$logs/$1.log"
  fi
}
mapfile -t targets < <(cargo fuzz list)
[ ${#targets[@]} -gt 0 ] || die "no fuzz targets"
note "fuzzing ${targets[*]}, $seconds s each"
for ((i = 0; i < ${#targets[@]}; i += 2)); do
  fuzz "${targets[i]}" &
  first=$!
  if [ -n "${targets[i + 1]:-}" ]; then
    fuzz "${targets[i + 1]}" &
    judge "${targets[i + 1]}" $!
  fi
  judge "${targets[i]}" "$first"
done
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
