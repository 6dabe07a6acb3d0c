#!/usr/bin/env bash
# pgbouncer in transaction mode, with one server connection for all clients of a role.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
PATH="$PATH:/usr/sbin:/usr/local/sbin"
if ! command -v pgbouncer >/dev/null; then
  not_ok "pgbouncer is missing: run tests/setup.sh all"
  count_done || exit 1
fi
cluster_start
app_role
sql "CREATE ROLE bound LOGIN; SELECT wf_grant_access('bound', 'writer');
     SELECT wf_grant_tenant('bound', 'blue'); ALTER ROLE bound SET wfstate.tenant = 'blue'" >/dev/null

version="$(pgbouncer --version | sed -nE 's/^PgBouncer ([0-9]+\.[0-9]+).*/\1/p')"
# Named prepared statements in transaction mode came with 1.21.
prepared=""
if [ "$(printf '%s\n' 1.21 "$version" | sort -V | head -n 1)" = 1.21 ]; then prepared=yes; fi
pooler="$WF_BASE/pgbouncer"
as_pg mkdir "$pooler"
pool_port="$(free_port)"
{
  say "[databases]"
  say "* = host=$WF_BASE port=$PGPORT"
  say "[pgbouncer]"
  say "listen_addr ="
  say "unix_socket_dir = $pooler"
  say "listen_port = $pool_port"
  say "auth_type = trust"
  say "auth_file = $pooler/users"
  say "pool_mode = transaction"
  say "default_pool_size = 1"
  say "max_client_conn = 200"
  say "logfile = $pooler/log"
  say "pidfile = $pooler/pid"
  [ -z "$prepared" ] || say "max_prepared_statements = 100"
} | as_pg sh -c "cat > '$pooler/ini'"
printf '"%s" ""\n' wf_app bound | as_pg sh -c "cat > '$pooler/users'"
as_pg pgbouncer -q "$pooler/ini" >/dev/null 2>&1 &
pooler_job=$!
on_exit "kill $pooler_job 2>/dev/null; kill \"\$(as_pg cat '$pooler/pid' 2>/dev/null)\" 2>/dev/null"

server_port="$PGPORT"
export PGHOST="$pooler" PGPORT="$pool_port" WF_POOLER_PREPARED="$prepared"
for ((i = 0; i < 100; i++)); do
  sql 'SELECT 1' -U wf_app >/dev/null 2>&1 && break
  sleep 0.05
done
note "pgbouncer $version, prepared statements: ${prepared:-no}"
count_last_line "$WF_PYTHON" "$PYTHONPATH/run.py" "$here/test_pooler.py"
export PGHOST="$WF_BASE" PGPORT="$server_port"
check "the clients shared one server connection a role" "$(sql "
  SELECT count(*) <= 2 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")" t
check_log "$(node_log)"
count_done
