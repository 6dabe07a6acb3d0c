#!/usr/bin/env bash
# Runs each fuzz target for SECONDS_EACH seconds. cargo-fuzz works on a stable compiler when no
# sanitizer is asked for: the code under test has no unsafe that one could find fault with.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$WF_ROOT/tests/core"
cargo fuzz --version >/dev/null 2>&1 || die "cargo-fuzz is missing: cargo install cargo-fuzz --locked"
for target in $(cargo fuzz list); do
  note "$target, ${SECONDS_EACH:-60} s"
  cargo fuzz run --sanitizer none "$target" -- -max_total_time="${SECONDS_EACH:-60}" -timeout=10
done
