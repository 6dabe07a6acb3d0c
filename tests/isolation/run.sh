#!/usr/bin/env bash
# isolationtester over specs/*.spec on a private server. UPDATE=1 takes the output as expected.
# Arguments: only these specs.
set -euo pipefail
# shellcheck source=../lib/regress.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/regress.sh"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
WF_EXTENSION=no cluster_start
regress_run "$here" spec pg_isolation_regress "$@"
