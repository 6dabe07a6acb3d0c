#!/usr/bin/env bash
# Installed by a role that may create it and nothing else, into a schema where every name is hostile.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
# The thousands of temporary objects are locked at once when their session ends.
WF_EXTENSION=no cluster_start 'max_locks_per_transaction = 256'
count_last_line "$WF_PYTHON" "$PYTHONPATH/run.py" "$here/test_hostile.py"
check_log "$(node_log)"
count_done
