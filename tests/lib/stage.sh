# shellcheck shell=bash
# A private installation tree, so that nothing is written to the system's and no root is needed.
# PostgreSQL looks for its share and library folders relative to where its `postgres` really
# lies. So the tree repeats the absolute paths of pg_config below a folder of its own, with
# `postgres` copied and all else linked. Sourced by cluster.sh.

# stage_tree: sets WF_STAGE and WF_POSTGRES, the server's program inside it.
stage_tree() {
  local extdir how
  WF_STAGE="$WF_BASE/stage"
  WF_POSTGRES="$WF_STAGE$PG_BINDIR/postgres"
  WF_CLIENT_BINDIR="$PG_BINDIR"
  # Run by root from a folder that the server's user cannot enter: copy instead of linking.
  how=-rs
  if ! as_pg test -x "$PG_BINDIR/initdb" || ! as_pg test -r "$PG_SHAREDIR/postgres.bki"; then
    how=-rL
  fi
  mkdir -p "$WF_STAGE$PG_BINDIR" "$WF_STAGE$PG_SHAREDIR" "$WF_STAGE$PG_PKGLIBDIR"
  cp "$how" "$PG_SHAREDIR/." "$WF_STAGE$PG_SHAREDIR/"
  cp "$how" "$PG_PKGLIBDIR/." "$WF_STAGE$PG_PKGLIBDIR/"
  if [ "$how" = -rL ]; then
    cp -L "$PG_BINDIR"/* "$WF_STAGE$PG_BINDIR/"
    WF_CLIENT_BINDIR="$WF_STAGE$PG_BINDIR"
  fi
  stage_libraries "$how"
  rm -f "$WF_POSTGRES"
  cp -L "$PG_BINDIR/postgres" "$WF_POSTGRES"
  # Only our own build counts, not one that is installed in the system.
  extdir="$WF_STAGE$PG_SHAREDIR/extension"
  rm -f "$extdir"/wfstate.control "$extdir"/wfstate--*.sql "$WF_STAGE$PG_PKGLIBDIR"/wfstate.so
  stage_package wfstate
  local extra
  for extra in ${WF_EXTRA_PACKAGES:-}; do stage_package "$extra"; done
  chmod -R go+rX "$WF_STAGE"
}

# stage_package name: adds the built files of one package. Others' builds wait meanwhile.
stage_package() {
  local from
  from="$(package_dir "$1")"
  [ -d "$from" ] || die "$from is missing: run tests/lib/build.sh $1"
  (
    flock -s 9
    cp -r --remove-destination "$from/." "$WF_STAGE/"
  ) 9>>"$WF_OUT/lock"
}

# stage_programs: all programs as copies, for pg_upgrade, which starts the server by them.
stage_programs() {
  local program
  for program in "$PG_BINDIR"/*; do
    [ "$(basename "$program")" = postgres ] || cp -L --remove-destination "$program" "$WF_STAGE$PG_BINDIR/"
  done
  chmod -R go+rX "$WF_STAGE$PG_BINDIR"
}

# A server from a Python wheel finds libpq relative to itself, which the tree breaks: say where.
stage_libraries() {
  local file dirs
  dirs="$(for file in "$PG_PKGLIBDIR/libpqwalreceiver.so" "$PG_BINDIR/psql" "$PG_BINDIR/initdb"; do
    ldd "$file" 2>/dev/null | awk '$2 == "=>" && $3 ~ /^\// { print $3 }'
  done | grep -vE '^(/usr)?/lib(32|64)?/' | awk -F/ '!seen[$NF]++' || true)"
  WF_LIBRARY_PATH=""
  [ -n "$dirs" ] || return 0
  if [ "$1" = -rL ]; then
    mkdir -p "$WF_STAGE/lib-extra"
    # shellcheck disable=SC2086
    cp -L $dirs "$WF_STAGE/lib-extra/"
    WF_LIBRARY_PATH="$WF_STAGE/lib-extra"
  else
    WF_LIBRARY_PATH="$(printf '%s\n' "$dirs" | xargs -r -n1 dirname | sort -u | paste -sd:)"
  fi
}
