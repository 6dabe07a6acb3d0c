#!/usr/bin/env bash
# Each adapter's test.sh. The last line is the total.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../tests/lib/common.sh
. "$here/../tests/lib/common.sh"
# shellcheck source=../tests/driver/lib/count.sh
. "$WF_ROOT/tests/driver/lib/count.sh"

# For the logs; not exported, since each adapter has a server of its own.
WF_BASE="$(mktemp -d "${TMPDIR:-/tmp}/wfa.XXXXXX")"
on_exit "rm -rf '$WF_BASE'"
for adapter in "$here"/*/test.sh; do
  note "$(basename "$(dirname "$adapter")")"
  count_last_line bash "$adapter"
done
count_done
