#!/usr/bin/env bash
# Writes docs/reference.md, and the tables of functions and settings in README.md, from the comments in a fresh
# database, so that psql and the pages say the same. Groups and their order are those of sql/: the first line of a
# file is `-- Group: title`. `reference.sh --check` writes nothing and fails when a page is not current.
set -euo pipefail
# shellcheck source=lib/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/cluster.sh"

# declared: what sql/ declares for users (a name below @extschema@), one a line as title, kind and name, in the
# order of the script. What is created in no group is an error.
declared() {
  script_of wfstate | perl -ne '
    if (/^-- Group: (.+)/) { $title = $1 }
    elsif (/^-- sql\//) { $title = "" }
    elsif (/^CREATE (?:OR REPLACE )?(FUNCTION|AGGREGATE|PROCEDURE|TYPE) \@extschema\@\.(\w+)/) {
      die "sql/: $2 is in a file without a line -- Group: title\n" if $title eq "";
      my $kind = $1 eq "TYPE" ? "type" : "function";
      print "$title\t$kind\t$2\n" unless $seen{"$kind $2"}++;
    }'
}

prepare() {
  local missing
  sql "CREATE SCHEMA reference;
       CREATE TABLE reference.declared (position int GENERATED ALWAYS AS IDENTITY, title text, kind text, name text)"
  declared | sql '\copy reference.declared (title, kind, name) FROM pstdin'
  wf_psql -q -f "$WF_ROOT/tests/lib/reference.sql"
  missing="$(sql "SELECT p.oid::regprocedure FROM pg_proc AS p JOIN pg_depend AS d ON d.objid = p.oid
       AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
     WHERE p.pronamespace <> 'wfstate'::regnamespace AND d.refobjid = (SELECT oid FROM pg_extension
       WHERE extname = 'wfstate') AND p.oid NOT IN (SELECT oid FROM reference.calls)")"
  [ -z "$missing" ] || die "sql/ does not declare $missing"
  missing="$(sql "SELECT d.classid::regclass::text, pg_describe_object(d.classid, d.objid, 0)
      FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'wfstate'
      LEFT JOIN pg_type AS t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
      LEFT JOIN pg_class AS r ON r.oid = t.typrelid
     WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
       -- Up to 16 the array of a type and the row type of a table are no members of an extension.
       AND t.typcategory IS DISTINCT FROM 'A' AND (r.relkind IS NULL OR r.relkind = 'c')
       AND obj_description(d.objid, d.classid::regclass::text) IS NULL
     UNION ALL
    SELECT 'column', a.attrelid::regclass || '.' || a.attname FROM pg_attribute AS a
      JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'c')
     WHERE c.relnamespace = 'wfstate'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
       AND col_description(a.attrelid, a.attnum) IS NULL")"
  [ -z "$missing" ] || die "no comment on: $missing"
}

whole_page() {
  cat <<'TEXT'
# Reference

This page is generated from the comments in the database by `tests/reference.sh`; psql shows the same with `\df+`, `\d+` and `\dconfig+`.

Functions are in the schema that `CREATE EXTENSION` names. Arguments may be given by name (`expected_version => 3`). Every function refuses a NULL, empty or over-long id or name (22023, 54000), a tenant that the role may not use (42501), and a caller without the right to execute it (42501); [errors.md](errors.md) has the words. Limits: ids and names 255 bytes, notes 8 kB, tags and checkpoint metadata 16 kB, nesting 1000, batches 1000 executions, pages 10000 rows.
TEXT
  sql 'SELECT reference.page()'
}

# readme: README.md with the parts between its markers written anew.
readme() {
  OVERVIEW="$(sql 'SELECT reference.overview()')" SETTINGS="$(sql 'SELECT reference.settings_overview()')" perl -0777 -pe '
    for my $part (qw(OVERVIEW SETTINGS)) {
      my $name = lc $part;
      s/(<!-- $name: written by tests\/reference.sh -->\n).*?(<!-- end of $name -->)/$1$ENV{$part}\n\n$2/s
        or die "README.md: no markers for $name\n";
    }' "$WF_ROOT/README.md"
}

cluster_start
prepare
passed=0
failed=0
# current page written: writes the page, or compares it.
current() {
  if [ "$check" = no ]; then
    cp "$2" "$WF_ROOT/$1"
    say "$1 is written"
  elif diff -u "$WF_ROOT/$1" "$2"; then
    say "$1 is current"
    passed=$((passed + 1))
  else
    say "$1 is not current: run tests/reference.sh"
    failed=$((failed + 1))
  fi
}
check=no
[ "${1:-}" != --check ] || check=yes
whole_page >"$WF_BASE/reference.md"
readme >"$WF_BASE/README.md"
current docs/reference.md "$WF_BASE/reference.md"
current README.md "$WF_BASE/README.md"
[ "$check" = no ] || say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
