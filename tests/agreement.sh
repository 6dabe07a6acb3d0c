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

# The program on the library: tests/lib/pgrx_embed.rs takes in what PGRX_EMBED names, as `cargo pgrx schema` has it.
# Both of one profile; dev is what `cargo pgrx test` builds, too.
entities() {
  local features library="$WF_TARGET/debug/libwfstate.so" symbol
  features="$(wf_cargo_features)"
  cd "$WF_ROOT"
  # shellcheck disable=SC2086
  cargo build --quiet --lib --target-dir "$WF_TARGET" $features
  {
    printf 'include!("%s/entities.rs");\n' "$here"
    printf 'unsafe extern "Rust" {\n'
    nm -D --defined-only "$library" | grep -oE '__pgrx_internals_[A-Za-z0-9_]+' | sort -u | tee "$out/symbols" |
      sed 's/.*/    fn &() -> SqlGraphEntity;/'
    printf '}\n#[allow(missing_docs)]\npub fn main() {\n    ::wfstate::__pgrx_marker();\n'
    printf '    write_out("%s/wfstate.control", "%s", vec![\n' "$WF_ROOT" "$out"
    sed 's/.*/        unsafe { &() },/' "$out/symbols"
    printf '    ]);\n}\n'
  } >"$out/main.rs"
  # shellcheck disable=SC2086
  PGRX_EMBED="$out/main.rs" cargo rustc --quiet --bin pgrx_embed_wfstate --target-dir "$WF_TARGET" $features -- \
    --cfg pgrx_embed -A clippy::all
  rm -f "$out/rust.sql" "$out/pgrx.sql"
  CARGO_PKG_VERSION="$(package_version)" "$WF_TARGET/debug/pgrx_embed_wfstate"
}
(entities)

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
count_done
