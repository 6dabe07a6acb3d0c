#!/usr/bin/env bash
# pg_regress over sql/*.sql on a private server; expected/*.out, with _1.out and so on as
# alternatives. UPDATE=1 takes the output as expected. Arguments: only these tests.
set -euo pipefail
# shellcheck source=../lib/regress.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/regress.sh"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
WF_EXTENSION=no cluster_start
regress_run "$here" sql pg_regress "$@"
