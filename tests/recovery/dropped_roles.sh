#!/usr/bin/env bash
# The role that installed the extension leaves, or one that default privileges or grants name: databases can still
# be dumped, and restored by another superuser.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
WF_EXTENSION=no cluster_start
sql 'CREATE ROLE other SUPERUSER LOGIN; CREATE ROLE app LOGIN; CREATE ROLE outsider LOGIN'

# begin name options: a role of that name, and a database in which it may install.
begin() {
  sql "CREATE ROLE \"$1\" LOGIN $2"
  sql "CREATE DATABASE \"$1\""
  sql "GRANT CREATE ON DATABASE \"$1\" TO \"$1\""
}
# leave name: as the manual has it. What it owns, the extension among it, becomes another's.
leave() {
  local db
  sql "REASSIGN OWNED BY \"$1\" TO other" -d "$1"
  while read -r db; do
    sql "DROP OWNED BY \"$1\"" -d "$db" </dev/null
  done < <(sql 'SELECT datname FROM pg_database WHERE datallowconn')
  sql "DROP ROLE \"$1\""
}
numbers='SELECT count(*) FROM wfstate.tenant_roles WHERE role::oid NOT IN (SELECT oid FROM pg_roles)'
# holds name: it is dumped, restored, and protects as before.
holds() {
  local format again="$1 again"
  for format in p c; do
    check "$1: no error while dumping ($format)" "$(pg_dump -d "$1" -F "$format" -f "$WF_BASE/dump" 2>&1)" ""
    sql "CREATE DATABASE \"$again\" TEMPLATE template0"
    if [ "$format" = p ]; then
      check "$1: no error while restoring (p)" \
        "$(wf_psql -q -o /dev/null -d "$again" -U other -f "$WF_BASE/dump" 2>&1 | head -n 3)" ""
    else
      check "$1: no error while restoring (c)" \
        "$(pg_restore --exit-on-error -d "$again" -U other "$WF_BASE/dump" 2>&1 | head -n 3)" ""
    fi
    check "$1: no tenants for a role that is a number ($format)" "$(sql "$numbers" -d "$again")" 0
    check "$1: what was granted works ($format)" \
      "$(sql "SELECT wf_patch_state('order', '{\"b\": 2}'); SELECT wf_load_state('order')" -d "$again" -U app 2>&1 | tail -n 1)" \
      '{"a": 1, "b": 2}'
    check "$1: what was not does not ($format)" "$(sqlstate "SELECT wf_load_state('order')" -d "$again" -U outsider)" 42501
    check "$1: nor tables ($format)" "$(sqlstate "SELECT * FROM wfstate.executions" -d "$again" -U outsider)" 42501
    sql "DROP DATABASE \"$again\""
  done
}
use() { sql "SELECT wf_grant_access('app', 'writer'); SELECT wf_save_state('order', '{\"a\": 1}')" -d "$1" -U "${2:-postgres}" >/dev/null; }

for options in superuser nosuperuser; do
  name="installed by a $options who left"
  begin "$name" "$options"
  sql 'CREATE EXTENSION wfstate' -d "$name" -U "$name"
  use "$name"
  leave "$name"
  holds "$name"
done

name="default privileges of one who left"
begin "$name" ""
sql "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO \"$name\";
     ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO \"$name\"; CREATE EXTENSION wfstate" -d "$name"
use "$name"
leave "$name"
holds "$name"

name="an admin and a reader who left"
begin "$name" ""
sql 'CREATE EXTENSION wfstate; CREATE ROLE reader LOGIN' -d "$name"
# What an admin has granted goes with it: others' rights come from who stays.
sql "SELECT wf_grant_access('$name', 'admin'), wf_grant_access('reader', 'reader', '{blue}')" -d "$name" >/dev/null
use "$name"
sql 'DROP OWNED BY reader' -d "$name"
sql 'DROP ROLE reader'
leave "$name"
check "$name: their tenants are still there" "$(sql "$numbers" -d "$name")" 2
holds "$name"
check_log "$(node_log)"
count_done
