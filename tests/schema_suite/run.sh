#!/usr/bin/env bash
# The official JSON Schema test suite through SQL: its mandatory cases and those of formats, by draft. What fails is
# listed in known_failures.txt, with the reason.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../lib/cluster.sh
. "$here/../lib/cluster.sh"
"$WF_ROOT/tests/setup.sh" schema-suite
cluster_start
"$WF_TARGET/venv/bin/python" "$here/suite.py" "$WF_TARGET/schema-suite" "$here/known_failures.txt"
