#!/usr/bin/env bash
# pgspot on each file of sql/, in the order of the script and with what the files before have said (search_path).
# What it says and is wrong about stands in pgspot.txt with a reason; anything else fails.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../lib/common.sh
. "$here/../lib/common.sh"
# shellcheck source=../driver/lib/count.sh
. "$here/../driver/lib/count.sh"
work="$WF_TARGET/pgspot"
rm -rf "$work"
mkdir -p "$work"
files=()
# pgspot knows no body without quotes: it becomes statements of its own after the declaration, which are looked at.
while read -r name; do
  perl -0pe 's/@(extschema|extowner)@/$1/g;
    s/\nRETURN ([^;\$]+);/\nAS \x27\x27;\nSELECT $1;/g; s/\nBEGIN ATOMIC\n(.*?)\nEND;/\nAS \x27\x27;\n$1/gs' \
    "$WF_ROOT/sql/$name" >"$work/$name"
  files+=("$name")
done < <(grep -oE '"\.\./sql/[a-z_]+\.sql"' "$WF_ROOT/src/lib.rs" | sed -E 's,.*/(.*)",\1,')

said="$(cd "$work" && "$WF_TARGET/venv/bin/pgspot" -a "${files[@]}" 2>&1)" || true
# One line a finding, after its file's name; the line that ends a file counts.
findings() {
  printf '%s\n' "$said" | awk '
    /^[a-z_]+\.sql: *$/ { file = substr($1, 1, length($1) - 1); next }
    /^TOTAL:/ || /^ *Errors: [0-9]+ Warnings: [0-9]+ Unknown: [0-9]+ *$/ || /^ *$/ { next }
    { sub(/ at line [0-9]+$/, ""); print file ": " $0 }' | sort -u
}
accepted() { sed -E '/^#/d; /^ *$/d' "$here/pgspot.txt"; }
for name in "${files[@]}"; do
  check "pgspot has seen $name" "$(printf '%s\n' "$said" | grep -cx "$name: *")" 1
done
check "pgspot says nothing new" "$(findings | grep -vxFf <(accepted) || true)" ""
check "what is accepted is still said" "$(accepted | grep -vxFf <(findings) || true)" ""
count_done
