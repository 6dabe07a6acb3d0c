#!/usr/bin/env bash
# Copies what tests/lib/build.sh built to where PG_CONFIG's server looks for it, below DESTDIR
# if that is set. sudo is asked for only when the folders are not ours to write.
set -euo pipefail
# shellcheck source=build.sh
. "$(dirname "${BASH_SOURCE[0]}")/build.sh"
pg_resolve
package="$(package_dir wfstate)"
[ -d "$package" ] || die "nothing is built for PostgreSQL $PG_MAJOR: make build"

# writable path: it, or the nearest folder above it that exists.
writable() {
  local path="$1"
  while [ ! -e "$path" ]; do path="$(dirname "$path")"; done
  [ -w "$path" ]
}
as_owner=""
if ! writable "${DESTDIR:-}$PG_PKGLIBDIR" || ! writable "${DESTDIR:-}$PG_SHAREDIR/extension"; then
  command -v sudo >/dev/null ||
    die "no right to write to $PG_PKGLIBDIR: run 'make install PG_CONFIG=$PG_CONFIG' as root"
  as_owner=sudo
fi
(cd "$package" && find . -type f) | while read -r file; do
  mode=644
  case "$file" in *.so) mode=755 ;; esac
  $as_owner install -D -m "$mode" "$package/$file" "${DESTDIR:-}${file#.}"
  say "installed ${DESTDIR:-}${file#.}"
done
