#!/usr/bin/env bash
# Builds the extension for PG_CONFIG's major into target/pgNN/package (files laid out as they
# will be installed). Run it, or source it and call build_package.
#   tests/lib/build.sh [package]      another extension of the workspace: package-<name>
# WF_PROFILE=quick compiles in a fifth of the time, for a slower library.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# build_package [package]: nothing to do when a caller has just built (WF_BUILT).
build_package() {
  local package="${1:-wfstate}" out
  pg_resolve
  case " ${WF_BUILT:-} " in *" pg$PG_MAJOR:$package "*) return 0 ;; esac
  out="$(package_dir "$package")"
  # pgrx wants a home; the user's own (~/.pgrx) is none of our business. Without the file, cargo
  # would take everything that pgrx generates for stale, and compile it anew each time.
  export PGRX_HOME="$WF_TARGET/pgrx-home"
  mkdir -p "$PGRX_HOME"
  [ -f "$PGRX_HOME/config.toml" ] || : >"$PGRX_HOME/config.toml"
  (
    # Another run in this clone may be staging or building: one after the other.
    flock 9
    build_library "$package"
    rm -rf "$out.new"
    lay_out "$package" "$out.new"
    rm -rf "$out"
    mv "$out.new" "$out"
  ) 9>"$WF_OUT/lock" || exit 1
  export WF_BUILT="${WF_BUILT:-} pg$PG_MAJOR:$package"
}

package_dir() {
  if [ "$1" = wfstate ]; then
    say "$WF_OUT/package"
  else
    say "$WF_OUT/package-$1"
  fi
}

# The folder of a package of the workspace.
source_dir() {
  case "$1" in
    wfstate) say "$WF_ROOT" ;;
    wfstate_naive) say "$WF_ROOT/tests/bench/naive" ;;
    *) die "no such package: $1" ;;
  esac
}

build_library() {
  # shellcheck disable=SC2046
  (cd "$WF_ROOT" && cargo build --lib --package "$1" --profile "${WF_PROFILE:-release}" \
    --target-dir "$WF_TARGET" $(wf_cargo_features)) ||
    die "the build of $1 for PostgreSQL $PG_MAJOR failed"
}

# script_of package: the SQL that CREATE EXTENSION runs, put together from sql/ in the order that
# src/lib.rs names.
script_of() {
  local source file
  source="$(source_dir "$1")"
  say "\\echo Use \"CREATE EXTENSION $1\" to load this file. \\quit"
  grep -oE '"\.\./sql/[a-z_]+\.sql"' "$source/src/lib.rs" | tr -d '"' | while read -r file; do
    printf '\n-- %s\n' "${file#../}"
    cat "$source/src/$file"
  done
}

# lay_out package folder: library, control file and script below it, at their absolute paths.
lay_out() {
  local package="$1" to="$2" source version extensions="$2$PG_SHAREDIR/extension"
  source="$(source_dir "$package")"
  version="$(sed -nE 's/^version *= *"(.*)"/\1/p' "$source/Cargo.toml" | head -n 1)"
  mkdir -p "$to$PG_PKGLIBDIR" "$extensions"
  cp "$WF_TARGET/${WF_PROFILE:-release}/lib$package.so" "$to$PG_PKGLIBDIR/$package.so"
  sed "s/@CARGO_VERSION@/$version/" "$source/$package.control" >"$extensions/$package.control"
  script_of "$package" >"$extensions/$package--$version.sql"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  build_package "$@"
fi
