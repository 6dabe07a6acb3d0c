#!/usr/bin/env bash
# psql in the demo's server while the demo runs, else in a fresh one that goes with psql.
set -euo pipefail
# shellcheck source=cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"
published="$WF_TARGET/demo-cluster.env"
if [ -f "$published" ]; then
  # shellcheck disable=SC1090
  if (. "$published" && pg_isready -q); then
    . "$published"
    say "the demo's server; \\q leaves it running"
    psql "$@"
    exit
  fi
fi
if quick_to_look; then note "a quick build, to look at; make install builds the fast one"; fi
WF_DATABASE=wfstate cluster_start
say "a fresh server with the extension; it is removed when you leave"
psql "$@"
