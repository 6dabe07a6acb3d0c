#!/usr/bin/env bash
# What must hold beyond one healthy server. Each script has a server of its own and a closing
# line `N passed, N failed`. Arguments: only these, for instance `crash dump`.
set -euo pipefail
# shellcheck source=../lib/build.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/build.sh"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../driver/lib/count.sh
. "$here/../driver/lib/count.sh"
pg_resolve
build_package
WF_BASE="$(mktemp -d "${TMPDIR:-/tmp}/wfs.XXXXXX")"
on_exit "rm -rf '$WF_BASE'"

[ $# -gt 0 ] || set -- crash workers clock dump pg_upgrade standby pooler privileges hostile dropped_roles memory prepared logical vector partman monitoring report cron year
for name in "$@"; do
  note "recovery: $name"
  # Each makes its own folder.
  count_last_line env -u WF_BASE bash "$here/$name.sh"
done
count_done
