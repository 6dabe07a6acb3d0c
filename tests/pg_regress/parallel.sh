#!/usr/bin/env bash
# The same tests and the same output, with each plan that may run in a parallel worker made to: what
# is declared PARALLEL SAFE and is not shows. Arguments: only these tests.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../lib/regress.sh
. "$here/../lib/regress.sh"
# These look at what the session itself reads and remembers, and a worker reads for itself; or have functions of users
# that are not what they are declared to be, which the server refuses in a worker.
apart=" health_cache odd_rows direct direct_batches list_plan load_plan logs_plan agents_plan result_types migration_functions "
if [ $# -eq 0 ]; then
  for file in "$here"/sql/*.sql; do
    name="$(basename "$file" .sql)"
    [[ "$apart" == *" $name "* ]] || set -- "$@" "$name"
  done
fi
pg_resolve
force=debug_parallel_query
[ "$PG_MAJOR" -ge 16 ] || force=force_parallel_mode
WF_EXTENSION=no cluster_start "$force = regress"
regress_run "$here" sql pg_regress "$@"
