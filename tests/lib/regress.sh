# shellcheck shell=bash
# Runs PostgreSQL's own test drivers (pg_regress, pg_isolation_regress) on the private server
# and counts. Sourced by tests/pg_regress/run.sh and tests/isolation/run.sh.
# shellcheck source=cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

# The driver of this major, else of another one that is installed: they differ in nothing that
# matters here. Prints nothing when there is none.
regress_driver() {
  local folder=regress file
  [ "$1" = pg_regress ] || folder=isolation
  for file in "$(dirname "$("$PG_CONFIG" --pgxs)")/../test/$folder/$1" \
    /usr/lib/postgresql/*/lib/pgxs/src/test/"$folder/$1"; do
    if [ -x "$file" ] && "$file" --version >/dev/null 2>&1; then
      say "$file"
      return 0
    fi
  done
}

# regress_run folder kind driver [test…]: kind is sql or spec
regress_run() {
  local here="$1" kind="$2" driver="$3" inputs out binary name missing=0 status=0 passed names=()
  shift 3
  inputs="$here/sql"
  [ "$kind" = sql ] || inputs="$here/specs"
  if [ $# -gt 0 ]; then
    names=("$@")
  else
    for name in "$inputs"/*."$kind"; do
      [ -f "$name" ] && names+=("$(basename "$name" ".$kind")")
    done
  fi
  [ ${#names[@]} -gt 0 ] || die "no tests in $inputs"
  for name in "${names[@]}"; do
    [ ! -f "$here/expected/$name.out" ] || continue
    if [ -n "${UPDATE:-}" ]; then
      mkdir -p "$here/expected"
      : >"$here/expected/$name.out"
    else
      say "error: $here/expected/$name.out is missing (UPDATE=1 writes it)"
      missing=1
    fi
  done
  [ "$missing" -eq 0 ] || die "expected output is missing"

  out="$WF_BASE/regress"
  mkdir -p "$out"
  binary="$(regress_driver "$driver")"
  if [ -n "$binary" ]; then
    regress_by_driver "$binary" "$here" "$out" "${names[@]}" || status=$?
  elif [ "$kind" = sql ]; then
    note "no $driver here: comparing by psql and diff"
    regress_by_psql "$here" "$out" "${names[@]}" || status=$?
  else
    die "$driver is missing: install the server's development package"
  fi
  # "test a ... ok" up to 15, "ok 1 - a" from 16 on.
  passed="$(grep -cE '^(ok |test .* \.\.\. +ok)' "$out/list" || true)"
  regress_report "$here" "$out" "$status" "$passed" "${names[@]}"
}

regress_report() {
  local here="$1" out="$2" status="$3" passed="$4" kept name failed
  shift 4
  failed=$(($# - passed))
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
  # Pins, tables and snapshots that a transaction has left open are a warning that no test need show.
  if grep -E 'WARNING: .*(refcount leak|reference leak|was not closed|still active)' "$(node_log)" | head -n 5 | grep .; then
    failed=$((failed + 1))
  fi
  if [ -n "${UPDATE:-}" ]; then
    for name in "$@"; do
      [ ! -f "$out/results/$name.out" ] || cp "$out/results/$name.out" "$here/expected/$name.out"
    done
    note "expected output taken over: git diff $here/expected"
  elif [ "$failed" -gt 0 ]; then
    kept="$WF_OUT/$(basename "$here").diffs"
    cp "$out/regression.diffs" "$kept" 2>/dev/null && head -n 400 "$kept"
    grep -E 'PANIC|terminated by signal|stack depth' "$(node_log)" | head -n 20 || true
    say "differences: $kept"
  fi
  say "$passed passed, $failed failed"
  [ "$failed" -eq 0 ] || [ -n "${UPDATE:-}" ]
}

regress_by_driver() {
  local binary="$1" here="$2" out="$3" options=()
  shift 3
  # From 16 on the expected files have an option of their own.
  if "$binary" --help | grep -- --expecteddir >/dev/null; then options+=("--expecteddir=$here"); fi
  # PGOPTIONS and the like are set by the driver itself; it drops ours.
  "$binary" --bindir="$WF_CLIENT_BINDIR" --host="$PGHOST" --port="$PGPORT" --user="$PGUSER" \
    --dbname=wfstate_regress --load-extension=wfstate --encoding=UTF8 \
    --inputdir="$here" --outputdir="$out" "${options[@]}" "$@" 2>&1 | tee "$out/list"
}

# What pg_regress does, for a server that comes without it.
regress_by_psql() {
  local here="$1" out="$2" name expected status=0 found
  shift 2
  mkdir -p "$out/results"
  wf_psql -q -d postgres -c 'CREATE DATABASE wfstate_regress TEMPLATE template0'
  wf_psql -q -d wfstate_regress -c 'CREATE EXTENSION wfstate'
  for name in "$@"; do
    PGTZ=PST8PDT PGDATESTYLE='Postgres, MDY' PGOPTIONS='-c intervalstyle=postgres_verbose' \
      psql -X -a -q -d wfstate_regress -v HIDE_TABLEAM=on -v HIDE_TOAST_COMPRESSION=on \
      <"$here/sql/$name.sql" >"$out/results/$name.out" 2>&1 || true
    found=""
    for expected in "$here/expected/$name.out" "$here/expected/$name"_[0-9].out; do
      [ -f "$expected" ] && cmp -s "$expected" "$out/results/$name.out" && found=yes
    done
    if [ -n "$found" ]; then
      say "ok - $name"
    else
      status=1
      say "not ok - $name"
      diff -U3 "$here/expected/$name.out" "$out/results/$name.out" >>"$out/regression.diffs" || true
    fi
  done > >(tee "$out/list")
  wait $!
  return "$status"
}
