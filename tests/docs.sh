#!/usr/bin/env bash
# What README.md and the pages of docs/ show is what a fresh database gives: every SQL block is run, page by page
# and in order, and where a result is shown it is compared. A block that can't run here bears a line
# `<!-- not run: reason -->` above it. Links within the project must lead somewhere. Arguments: only these pages.
# Closes with `N passed, N failed`.
set -euo pipefail
# shellcheck source=lib/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/cluster.sh"
cd "$WF_ROOT"
pages=("$@")
[ $# -gt 0 ] || pages=(README.md docs/*.md)

# page_script page: a psql script with a marker before each block; what the block shows goes to a file of SHOWN.
# Where the page shows errors with their SQLSTATE, psql tells it.
page_script() {
  perl -0777 -ne '
    while (/(<!-- not run: [^\n]+ -->\n+)?^```sql\n(.*?)^```\n(?:\n```\n(.*?)^```$)?/gms) {
      my ($skip, $sql, $shown) = ($1, $2, $3);
      next if defined $skip;
      $n++;
      my $verbosity = ($shown // "") =~ /^ERROR:  [0-9A-Z]{5}: /m ? "verbose" : "default";
      print "\\echo >>> $n\n\\set VERBOSITY $verbosity\n$sql\n";
      open my $out, ">", "$ENV{SHOWN}/$n" or die $!;
      print $out $shown // "(not shown)\n";
    }' "$1"
}

# Blank lines, what stands at a line's end, and where in the server an error was raised do not count.
plain() { sed -E 's/[[:space:]]+$//; /^CONTEXT:  SQL statement/,$d; /^LOCATION:  /d; /^$/d'; }

passed=0
failed=0
page_holds() {
  local page="$1" number got
  export SHOWN="$WF_BASE/shown-${1//\//-}"
  mkdir -p "$SHOWN"
  page_script "$page" >"$WF_BASE/page.sql"
  [ -s "$WF_BASE/page.sql" ] || return 0
  sql "CREATE DATABASE shop TEMPLATE template0" -d postgres
  grep -q 'CREATE EXTENSION wfstate' "$WF_BASE/page.sql" || sql 'CREATE EXTENSION wfstate' -d shop
  psql -X -q -d shop <"$WF_BASE/page.sql" >"$WF_BASE/page.out" 2>&1 || true
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
  sql "DROP DATABASE shop WITH (FORCE)" -d postgres
  # Roles are the server's: the next page may make them again.
  sql "SELECT format('DROP ROLE %I;', rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND NOT rolsuper" -d postgres |
    wf_psql -q -d postgres
}

tell() {
  failed=$((failed + 1))
  say "not ok - $1, SQL block $2:"
  say "$3"
}

if perl "$WF_ROOT/tests/lib/links.pl" "${pages[@]}"; then passed=1; else failed=1; fi
cluster_start
for page in "${pages[@]}"; do page_holds "$page"; done
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
