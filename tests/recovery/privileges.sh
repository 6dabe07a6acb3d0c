#!/usr/bin/env bash
# Least privilege: installed by an owner who is no superuser, used by roles with just enough.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
WF_EXTENSION=no cluster_start
count_last_line "$WF_PYTHON" "$PYTHONPATH/run.py" "$here"/test_access.py "$here"/test_bound_roles.py \
  "$here"/test_installation.py
check_log "$(node_log)"
count_done
