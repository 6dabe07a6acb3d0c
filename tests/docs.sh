#!/usr/bin/env bash
# What README.md and docs/circuits.md show is what a fresh database gives: every SQL block is run, page by page
# and in order, and where a result is shown it is compared. Closes with `N passed, N failed`.
set -euo pipefail
# shellcheck source=lib/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/cluster.sh"
pages=(README.md docs/circuits.md)

# blocks page: a psql script with a marker before and after each block, or what a block shows.
script_of() {
  perl -0777 -ne '
    while (/^```sql\n(.*?)^```\n(?:\n```\n(.*?)^```$)?/gms) {
      $n++;
      print "\\echo >>> $n\n$1\n";
      open my $out, ">", "$ENV{SHOWN}/$n" or die $!;
      print $out defined $2 ? $2 : "(not shown)\n";
    }' "$1"
}

# Blank lines and what stands at a line's end do not count; neither does a block that shows nothing.
plain() { sed -E 's/[[:space:]]+$//' | sed '/^$/d'; }

passed=0
failed=0
page_holds() {
  local page="$1" number got
  export SHOWN="$WF_BASE/shown-${1//\//-}"
  mkdir -p "$SHOWN"
  script_of "$WF_ROOT/$page" >"$WF_BASE/page.sql"
  sql "CREATE DATABASE page TEMPLATE template0" -d postgres
  grep -q 'CREATE EXTENSION wfstate' "$WF_BASE/page.sql" || sql 'CREATE EXTENSION wfstate' -d page
  psql -X -q -d page <"$WF_BASE/page.sql" >"$WF_BASE/page.out" 2>&1 || true
  sql "DROP DATABASE page WITH (FORCE)" -d postgres
  for number in $(ls "$SHOWN" | sort -n); do
    got="$(awk -v n="$number" '$1 == ">>>" { on = ($2 == n); next } on' "$WF_BASE/page.out" | plain)"
    if grep -qx '(not shown)' "$SHOWN/$number"; then
      # It need not be shown, but must not fail either.
      if grep -q '^\(psql:.*\)\?ERROR:' <<<"$got"; then tell "$page" "$number" "$got"; else passed=$((passed + 1)); fi
    elif [ "$got" = "$(plain <"$SHOWN/$number")" ]; then
      passed=$((passed + 1))
    else
      tell "$page" "$number" "$(diff <(plain <"$SHOWN/$number") - <<<"$got" || true)"
    fi
  done
}

tell() {
  failed=$((failed + 1))
  say "not ok - $1, SQL block $2:"
  say "$3"
}

cluster_start
for page in "${pages[@]}"; do page_holds "$page"; done
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
