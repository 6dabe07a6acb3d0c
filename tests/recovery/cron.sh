#!/usr/bin/env bash
# wf_schedule_maintenance with the real pg_cron: the job is registered once, runs as whoever has scheduled it, and does
# something; a role that may use no tenants of others schedules none; a schema that looks like pg_cron's is not called.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
# hint of an error: what psql shows of it.
hint() { { psql -X -qAt -c "$1" "${@:2}" 2>&1 || true; } | sed -n 's/^HINT: *//p'; }
pg_resolve
if [ ! -f "$PG_SHAREDIR/extension/pg_cron.control" ]; then
  # A server that was fetched as a wheel has no packages of extensions; Debian's own has.
  [ "$PG_BINDIR" != "/usr/lib/postgresql/$PG_MAJOR/bin" ] || die "pg_cron is missing: tests/setup.sh all installs it"
  note "pg_cron is in no package for this server: the rest is tested with the system's"
  cluster_start
  check "without pg_cron: told what to do" "$(sqlstate 'SELECT wf_schedule_maintenance()')" 0A000
  count_done
  exit 0
fi
# A schema whose name must be quoted, in the database that pg_cron works from.
cluster_prepare
WF_EXTENSION=no
cluster_start 'shared_preload_libraries = pg_cron' "cron.database_name = wfstate_test" \
  "cron.host = '$WF_BASE'" "cron.use_background_workers = on" 'max_worker_processes = 20'
sql 'CREATE SCHEMA "My flows"; CREATE EXTENSION wfstate SCHEMA "My flows"; GRANT USAGE ON SCHEMA "My flows" TO public'
sql "ALTER DATABASE wfstate_test SET search_path = \"My flows\", public"
sql "CREATE ROLE chores LOGIN; SELECT wf_grant_access('chores', 'operator');
     CREATE ROLE bound LOGIN; SELECT wf_grant_access('bound', 'operator', '{blue}')" >/dev/null

check "without pg_cron: told what to do" "$(sqlstate 'SELECT wf_schedule_maintenance()')" 0A000
check "its hint" "$(hint 'SELECT wf_schedule_maintenance()')" 'CREATE EXTENSION pg_cron; it must be version 1.4 or later.'
sql 'CREATE EXTENSION pg_cron; GRANT USAGE ON SCHEMA cron TO chores, bound'
# More specific for a caller who leaves the types open, and none of pg_cron's.
sql "CREATE FUNCTION cron.schedule(job_name varchar, schedule varchar, command varchar) RETURNS bigint LANGUAGE sql AS 'SELECT 666::bigint'"

check "one that may use no others' tenants" "$(sqlstate 'SET wfstate.tenant = blue; SELECT wf_schedule_maintenance()' -U bound)" 42501
check "a schedule that is none" "$(sqlstate "SELECT wf_schedule_maintenance('now and then')" -U chores)" 22023
job="$(sql 'SELECT wf_schedule_maintenance()' -U chores)"
check "the job" "$(sql "SELECT jobname, schedule, command, database, username, active FROM cron.job WHERE jobid = $job")" \
  'wfstate maintenance|* * * * *|SELECT pg_catalog.count(*) FROM "My flows".wf_maintain(10000::integer, true)|wfstate_test|chores|t'
check "again it is the same" "$(sql "SELECT wf_schedule_maintenance('1 second', 500)" -U chores 2>/dev/null || sql "SELECT wf_schedule_maintenance('*/2 * * * *', 500)" -U chores)" "$job"
check "with what is said now" "$(sql "SELECT count(*), bool_and(command LIKE '%(500::integer, %') FROM cron.job")" '1|t'
sql 'SELECT wf_schedule_maintenance()' -U chores >/dev/null

# Two tenants, and what is to be removed of them.
for tenant in blue green; do
  PGOPTIONS="-c wfstate.tenant=$tenant" sql "SELECT wf_save_state('old', '{}', status => 'completed'), wf_save_state('new', '{}', status => 'running'),
    wf_set_retention('executions', '1 day')" -U chores >/dev/null
done
sql "UPDATE wfstate.executions SET created_at = created_at - interval '1 week', completed_at = completed_at - interval '1 week' WHERE execution_id = 'old'"
ended=""
for ((i = 0; i < 150; i++)); do
  ended="$(sql "SELECT status FROM cron.job_run_details WHERE jobid = $job AND status IN ('succeeded', 'failed') ORDER BY runid DESC LIMIT 1")"
  [ -z "$ended" ] || break
  sleep 1
done
check "it has run" "$ended" succeeded
check "and has done something" "$(sql 'SELECT tenant, execution_id FROM wfstate.executions ORDER BY 1')" 'blue|new
green|new'

check "another role has none" "$(sql 'SELECT wf_unschedule_maintenance()' -U bound)" f
check "taken back" "$(sql 'SELECT wf_unschedule_maintenance()' -U chores)" t
check "which leaves none" "$(sql 'SELECT count(*) FROM cron.job')" 0
check "and none again" "$(sql 'SELECT wf_unschedule_maintenance()' -U chores)" f

# In another database of the server: the hint has the command, which does it.
sql 'CREATE DATABASE elsewhere'
sql 'CREATE EXTENSION wfstate' -d elsewhere
check "from another database" "$(sqlstate 'SELECT wf_schedule_maintenance()' -d elsewhere)" 0A000
command="$(hint 'SELECT wf_schedule_maintenance()' -d elsewhere | sed 's/^.*schedules one: *//')"
check "its hint is a command" "${command%%(*}" 'SELECT cron.schedule_in_database'
sql "$command" >/dev/null
check "that schedules the job there" "$(sql 'SELECT jobname, command, database FROM cron.job')" \
  'wfstate maintenance of elsewhere|SELECT pg_catalog.count(*) FROM public.wf_maintain(10000::integer, true)|elsewhere'
count_done
