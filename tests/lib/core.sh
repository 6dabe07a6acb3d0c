#!/usr/bin/env bash
# The pure Rust part: cargo's own tests, counted. No server and no headers needed.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
mkdir -p "$WF_TARGET"
log="$(mktemp "$WF_TARGET/core.XXXXXX")"
on_exit "rm -f '$log'"
status=0
cd "$WF_ROOT"
cargo test --package wfstate-core-tests --no-fail-fast 2>&1 | tee "$log" || status=$?
# "test result: ok. 12 passed; 0 failed; …", one for each binary.
read -r passed failed < <(awk '/^test result:/ { p += $4; f += $6 } END { print p + 0, f + 0 }' "$log")
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
