#!/usr/bin/env bash
# Each SQL declaration and its Rust function agree: a mismatch would read wrong memory. What Rust has, pgrx's own
# entities say, whatever `sql = false` keeps out of scripts; what SQL has, the catalog of an installed extension.
# Also: pgspot finds nothing in sql/, and the script that `cargo pgrx` would generate is the one that tests/lib/build.sh puts together.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/agreement" && pwd)"
# shellcheck source=lib/cluster.sh
. "$here/../lib/cluster.sh"
# shellcheck source=driver/lib/count.sh
. "$here/../driver/lib/count.sh"
pg_resolve
build_package
out="$WF_OUT/agreement"
mkdir -p "$out"

package_version() { sed -nE 's/^version *= *"(.*)"/\1/p' "$WF_ROOT/Cargo.toml" | head -n 1; }

# entities folder [feature]: the program on the library, run. tests/lib/pgrx_embed.rs takes in what PGRX_EMBED names,
# as `cargo pgrx schema` has it. Profile dev, as `cargo pgrx test` has it.
entities() {
  local to="$1" features library="$WF_TARGET/debug/libwfstate.so"
  features="$(wf_cargo_features)${2:+,$2}"
  mkdir -p "$to"
  cd "$WF_ROOT"
  # shellcheck disable=SC2086
  cargo build --quiet --lib --target-dir "$WF_TARGET" $features
  cp "$library" "$to/wfstate.so"
  {
    printf 'include!("%s/entities.rs");\n' "$here"
    printf 'unsafe extern "Rust" {\n'
    nm -D --defined-only "$library" | grep -oE '__pgrx_internals_[A-Za-z0-9_]+' | sort -u | tee "$to/symbols" |
      sed 's/.*/    fn &() -> SqlGraphEntity;/'
    printf '}\n#[allow(missing_docs)]\npub fn main() {\n    ::wfstate::__pgrx_marker();\n'
    printf '    write_out("%s/wfstate.control", "%s", vec![\n' "$WF_ROOT" "$to"
    sed 's/.*/        unsafe { &() },/' "$to/symbols"
    printf '    ]);\n}\n'
  } >"$to/main.rs"
  # shellcheck disable=SC2086
  PGRX_EMBED="$to/main.rs" cargo rustc --quiet --bin pgrx_embed_wfstate --target-dir "$WF_TARGET" $features -- \
    --cfg pgrx_embed -A clippy::all
  rm -f "$to/rust.sql" "$to/pgrx.sql"
  CARGO_PKG_VERSION="$(package_version)" "$WF_TARGET/debug/pgrx_embed_wfstate"
}
(entities "$out/tests" pg_test)
(entities "$out")

# Statements without comments and lay-out; pgrx says at its top what it is.
statements() {
  sed -E '1,/^\*\/$/ { /^\/\*$/,/^\*\/$/d }; /^\\/d; /^--/d; /^\/\* <\/?(begin|end) .*\*\/$/d; s/[ \t]+$//; /^$/d' "$1"
}
check "cargo pgrx generates the script that is installed" \
  "$(diff <(statements "$(package_dir wfstate)$PG_SHAREDIR/extension/wfstate--$(package_version).sql") <(statements "$out/pgrx.sql") | head -n 20)" ""

# Functions below pgrx have no entity: the signature stands in the comment over `export!`'s names.
below_pgrx() {
  perl -0ne 'while (/\/\/\/ `\(([^)]*)\)`[^\n]*\n\s*(\w+), pg_finfo_/g) {
      my ($arguments, $symbol, $position) = ($1, $2, 0);
      print "INSERT INTO rust_functions VALUES (\x27$symbol\x27, NULL, NULL, \x27$ARGV\x27);\n";
      print "INSERT INTO rust_arguments VALUES (\x27$symbol\x27, ", ++$position, ", \x27\x27, \x27$_\x27, true);\n"
        for split /, */, $arguments;
    }' "$WF_ROOT"/src/pg/*.rs
}

cluster_start
count_last_line bash "$here/pgspot.sh"
{
  say 'CREATE TEMP TABLE rust_functions (symbol text, rows text, type text, file text);
       CREATE TEMP TABLE rust_arguments (symbol text, position integer, name text, type text, optional boolean);
       CREATE TEMP TABLE rust_columns (symbol text, position integer, name text, type text);'
  cat "$out/rust.sql"
  below_pgrx
  cat "$here/calls.sql" "$here/compare.sql"
} >"$WF_BASE/compare.sql"
wf_psql -qAt -f "$WF_BASE/compare.sql" >"$WF_BASE/findings" || not_ok "the comparison ended early"
while IFS='|' read -r name finding; do
  check "$name" "$finding" ""
done <"$WF_BASE/findings"

# The functions that `#[pg_test]` makes, as `cargo pgrx test` would run them: each in a session of its own.
install -m 755 "$out/tests/wfstate.so" "$WF_STAGE$PG_PKGLIBDIR/wfstate.so.new"
mv "$WF_STAGE$PG_PKGLIBDIR/wfstate.so.new" "$WF_STAGE$PG_PKGLIBDIR/wfstate.so"
install -m 644 "$out/tests/pgrx.sql" "$WF_STAGE$PG_SHAREDIR/extension/wfstate--$(package_version).sql"
sql 'CREATE DATABASE server_tests'
sql 'CREATE EXTENSION wfstate' -d server_tests
server_tests="$(sql "SELECT oid::regproc FROM pg_proc WHERE pronamespace = 'tests'::regnamespace ORDER BY 1" -d server_tests)"
check "there are tests inside of the server" "$(grep -c . <<<"$server_tests")" "$(grep -c '#\[pg_test\]' "$WF_ROOT/src/store/server_tests.rs")"
for name in $server_tests; do
  check "$name" "$(sql "SELECT $name()" -d server_tests 2>&1)" ""
done
check_log "$(node_log)"
count_done
