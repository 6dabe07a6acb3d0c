#!/usr/bin/env bash
# Builds the extension for PG_CONFIG's major into target/pgNN/package (files laid out as they
# will be installed). Run it, or source it and call build_package.
#   tests/lib/build.sh [package]      another pgrx package of the workspace: package-<name>
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# build_package [package]: nothing to do when a caller has just built (WF_BUILT).
build_package() {
  local package="${1:-wfstate}" out manifest
  pg_resolve
  case " ${WF_BUILT:-} " in *" pg$PG_MAJOR:$package "*) return 0 ;; esac
  out="$(package_dir "$package")"
  manifest="$(cd "$WF_ROOT" && cargo pkgid -q --offline -p "$package" 2>/dev/null |
    sed -E 's,^(path\+)?file://([^#?]*).*,\2,')/Cargo.toml"
  [ -f "$manifest" ] || manifest="$WF_ROOT/Cargo.toml"
  # pgrx wants a home; the user's own (~/.pgrx) is none of our business.
  export PGRX_HOME="$WF_TARGET/pgrx-home"
  mkdir -p "$PGRX_HOME"
  (
    # Another run in this clone may be staging or building: one after the other.
    flock 9
    cd "$(dirname "$manifest")"
    # shellcheck disable=SC2046
    cargo pgrx package --package "$package" --pg-config "$PG_CONFIG" \
      $(wf_cargo_features) --out-dir "$out.new" ||
      die "the build of $package for PostgreSQL $PG_MAJOR failed"
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

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  build_package "$@"
fi
