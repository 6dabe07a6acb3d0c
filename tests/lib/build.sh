#!/usr/bin/env bash
# Builds the extension for PG_CONFIG's major into target/pgNN/package (files laid out as they
# will be installed). Run it, or source it and call build_package.
#   tests/lib/build.sh [package]      another extension of the workspace: package-<name>
# WF_PROFILE=quick compiles in half the time from nothing and in a fifth after a change, for a slower library.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# quick_to_look: for who looks only, a slower library in half the time, unless the fast one stands there already or the
# caller has chosen. Status 0 when it is to be the slower one.
quick_to_look() {
  pg_resolve
  [ -z "${WF_PROFILE:-}${WF_BUILT:-}" ] || return 1
  ! package_is_current wfstate || return 1
  export WF_PROFILE=quick
}

# build_package [package]: nothing to do when a caller has just built (WF_BUILT), or when what
# stands there was made of the same sources.
build_package() {
  local package="${1:-wfstate}" out sources
  pg_resolve
  case " ${WF_BUILT:-} " in *" pg$PG_MAJOR:$package "*) return 0 ;; esac
  out="$(package_dir "$package")"
  if ! package_is_current "$package"; then
    (
      # All majors' libraries come from one folder of cargo's: one build after the other.
      flock 8
      ! package_is_current "$package" || exit 0
      # Before the build: what is edited meanwhile is not in it.
      sources="$(sources_of "$package")"
      build_library "$package"
      rm -rf "$out.new"
      lay_out "$package" "$out.new"
      # Another run in this clone may be copying the last build.
      flock 9
      rm -rf "$out"
      mv "$out.new" "$out"
      say "$sources" >"$out.sources"
    ) 8>"$WF_TARGET/build.lock" 9>"$WF_OUT/lock" || exit 1
  fi
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

# sources_of package: what decides the result, as one sum. cargo alone would compile the library
# again at each change of the major, as its file's name does not bear the features.
sources_of() {
  local source
  source="$(source_dir "$1")"
  {
    say "${WF_PROFILE:-release} ${RUSTFLAGS:-} $PG_CONFIG $("$PG_CONFIG" --version --configure)"
    cd "$WF_ROOT"
    find "$source"/{src,sql,Cargo.toml,"$1.control"} Cargo.toml Cargo.lock \
      tests/lib/build.sh -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  } | sha256sum
}

package_is_current() {
  local out
  out="$(package_dir "$1")"
  [ -d "$out" ] && [ -f "$out.sources" ] && [ "$(cat "$out.sources")" = "$(sources_of "$1")" ]
}

# cargo's progress goes to a log. What it says besides, errors and warnings, is shown.
build_library() {
  local log="$WF_OUT/build-$1.log" duration="some seconds" status=0 library
  library="$WF_TARGET/${WF_PROFILE:-release}/lib$1.so"
  if [ ! -f "$library" ]; then
    duration="the first time about four minutes on two cores"
    [ "${WF_PROFILE:-release}" = release ] || duration="the first time about two minutes on two cores"
  fi
  if [ -e "$(dirname "$library")" ] && [ ! -w "$(dirname "$library")" ]; then
    die "$WF_TARGET is another user's: sudo chown -R $(id -un) $WF_TARGET"
  fi
  note "compiling $1 for PostgreSQL $PG_MAJOR ($duration; log: ${log#"$WF_ROOT"/})"
  # shellcheck disable=SC2046
  (cd "$WF_ROOT" && cargo build --lib --package "$1" --profile "${WF_PROFILE:-release}" \
    --target-dir "$WF_TARGET" $(wf_cargo_features)) >"$log" 2>&1 </dev/null || status=$?
  grep -vE '^ +(Updating|Locking|Downloading|Downloaded|Compiling|Finished|Blocking|Fresh|Adding) ' \
    "$log" | head -n 300 >&2 || true
  [ "$status" -eq 0 ] ||
    die "compiling $1 for PostgreSQL $PG_MAJOR failed; the whole log: $log"
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
  say "built for PostgreSQL $PG_MAJOR: $(package_dir "${1:-wfstate}")"
fi
