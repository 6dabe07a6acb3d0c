#!/usr/bin/env bash
# The same tests and the same output, and the isolation specs, where every call takes the way of a statement. The other
# levels run with the way below the executor wherever the tables are plain. Arguments: only these tests.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../lib/regress.sh
. "$here/../lib/regress.sh"
# These show the setting itself, or load the library where it cannot be set.
apart=" settings direct direct_batches direct_errors late_load "
if [ $# -eq 0 ]; then
  for file in "$here"/sql/*.sql; do
    name="$(basename "$file" .sql)"
    [[ "$apart" == *" $name "* ]] || set -- "$@" "$name"
  done
fi
WF_EXTENSION=no cluster_start 'wfstate.direct_access = off'
counts="$WF_BASE/counts"
{
  regress_run "$here" sql pg_regress "$@" || true
  regress_run "$here/../isolation" spec pg_isolation_regress || true
} | tee "$counts" | sed -uE 's/^[0-9]+ passed, [0-9]+ failed$/(&)/'
# Two drivers have said a line each; the level's is their sum.
awk '/^[0-9]+ passed, [0-9]+ failed$/ { passed += $1; failed += $3; lines += 1 }
     END { if (lines < 2) failed += 1; printf "%d passed, %d failed\n", passed, failed; exit failed > 0 }' "$counts"
