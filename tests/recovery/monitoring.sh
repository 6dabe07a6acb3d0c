#!/usr/bin/env bash
# postgres_exporter with docs/monitoring/queries.yaml, as a role that may read one tenant; Prometheus, and the
# expressions of docs/monitoring/dashboard.json; the checks of wf_health that take other sessions or another server.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
PATH="$PATH:/usr/sbin:/usr/local/sbin"
for program in prometheus-postgres-exporter prometheus; do
  command -v "$program" >/dev/null || not_ok "$program is missing: run tests/setup.sh all"
done
[ "$failed" -eq 0 ] || { count_done || exit 1; }
cluster_start 'max_prepared_transactions = 5' 'autovacuum_freeze_max_age = 100000' 'autovacuum_naptime = 1h'
sql "CREATE ROLE mon LOGIN; CREATE ROLE mon_green LOGIN;
     SELECT wf_grant_access('mon', 'reader', '{blue}'), wf_grant_access('mon_green', 'reader', '{green}')" >/dev/null
export PGOPTIONS='-c wfstate.tenant=blue -c client_min_messages=error'

# exporter name role tenant: in the background, its log in $WF_BASE/name.log; sets its port.
exporter() {
  local name="$1"
  port="$(free_port)"
  DATA_SOURCE_NAME="host=$PGHOST port=$PGPORT user=$2 dbname=$PGDATABASE sslmode=disable options='-c wfstate.tenant=$3'" \
    prometheus-postgres-exporter --extend.query-path="$WF_ROOT/docs/monitoring/queries.yaml" \
    --web.listen-address="127.0.0.1:$port" >"$WF_BASE/$name.log" 2>&1 &
  on_exit "kill $! 2>/dev/null"
  for ((i = 0; i < 100; i++)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return 0
    sleep 0.1
  done
}
# health check [option…]: status of a check, the thresholds of transactions at a second.
health() {
  local name="$1"
  shift
  sql "SELECT status FROM wf_health(transaction_after => '1 second') WHERE check_name = '$name'" "$@"
}

# What there is of everything, in both tenants, not the same.
for tenant in blue green; do
  many=3
  [ "$tenant" = blue ] || many=5
  PGOPTIONS="-c wfstate.tenant=$tenant" sql "
    SELECT wf_set_limits('paid', max_per_key => 1);
    SELECT wf_start('paid', 'key-' || i, concurrency_key => 'k') FROM generate_series(1, 2) AS i;
    SELECT wf_start('paid', 'paid-' || i) FROM generate_series(1, $many + 3) AS i;
    SELECT wf_start('paid', 'later', start_at => now() + interval '1 hour');
    SELECT wf_start('sent', 'sent-' || i) FROM generate_series(1, 2) AS i;
    SELECT wf_claim('worker', workflows => '{paid}', max_rows => 4);
    SELECT wf_complete('paid-1', lease => lease) FROM wf_leases(execution_id => 'paid-1');
    SELECT wf_save_state('plain', '{}', status => 'failed');
    SELECT wf_record_routing('t', 'agent-' || i % 2, i % $many > 0, 100 * i) FROM generate_series(1, 20) AS i;
    SELECT wf_circuit_save('one', 'forced_open'), wf_circuit_record('two', true);
    UPDATE wfstate.leases SET expires_at = expires_at - interval '5 minutes', check_at = check_at - interval '5 minutes'
     WHERE state = 'held' AND tenant = '$tenant' AND execution_id = 'paid-2'" >/dev/null
done
sql "VACUUM" >/dev/null

exporter blue mon blue
blue="$port"
exporter green mon_green green
green="$port"
exporter wrong mon green
wrong="$port"
count_last_line "$WF_PYTHON" "$here/monitoring.py" scrape "$blue" "$green" "$wrong"
check "no query of the exporter fails" "$(grep -E 'level=(error|warn)|err=' "$WF_BASE/blue.log" "$WF_BASE/green.log")" ""
check "a tenant that was not granted is refused" \
  "$(grep -c 'permission denied for tenant' "$WF_BASE/wrong.log" | sed 's/^[1-9][0-9]*$/yes/')" yes

# Prometheus, and what Grafana would ask it.
prometheus_port="$(free_port)"
cat >"$WF_BASE/prometheus.yml" <<YAML
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: wfstate
    static_configs: [{targets: ["127.0.0.1:$blue", "127.0.0.1:$green"]}]
YAML
prometheus --config.file="$WF_BASE/prometheus.yml" --storage.tsdb.path="$WF_BASE/series" \
  --web.listen-address="127.0.0.1:$prometheus_port" >"$WF_BASE/prometheus.log" 2>&1 &
on_exit "kill $! 2>/dev/null"
count_last_line "$WF_PYTHON" "$here/monitoring.py" dashboard "$prometheus_port" "$WF_ROOT/docs/monitoring/dashboard.json"
check "no query of the exporter fails until then" "$(grep -E 'level=(error|warn)|err=' "$WF_BASE/blue.log" "$WF_BASE/green.log")" ""

# A transaction that is left open: the feed tells every reader, the session itself only who may see it.
sql "SELECT wf_record_changes()" >/dev/null
check "no transaction is long" "$(health long_transactions) $(health feed_lag)" "ok ok"
PGAPPNAME=open sql "BEGIN; SELECT wf_save_state('held-up', '{}'); SELECT pg_sleep(60)" >/dev/null 2>&1 &
for ((i = 0; i < 100; i++)); do
  [ -z "$(sql "SELECT 1 FROM pg_stat_activity WHERE application_name = 'open' AND query ~ 'sleep' AND backend_xid IS NOT NULL")" ] || break
  sleep 0.1
done
sql "SELECT wf_save_state('behind', '{}')" >/dev/null
sleep 1.2
check "a long transaction is told to who may see it" "$(health long_transactions)" warn
check "an hour later it would be critical" \
  "$(sql "SELECT status FROM wf_health(transaction_after => '10 milliseconds') WHERE check_name = 'long_transactions'")" critical
check "a reader is told that it does not see it" \
  "$(sql "SELECT status, detail ~ '; [1-9][0-9]* sessions are not seen: it takes pg_read_all_stats$' FROM wf_health(transaction_after => '1 second')
           WHERE check_name = 'long_transactions'" -U mon)" "ok|t"
check "but sees that the feed is held up" "$(health feed_lag -U mon)" warn
sql "GRANT pg_read_all_stats TO mon" >/dev/null
check "and with pg_read_all_stats the transaction, too" "$(health long_transactions -U mon)" warn
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'open'" >/dev/null
wait %% 2>/dev/null || true
for ((i = 0; i < 50; i++)); do
  [ "$(health long_transactions -U mon) $(health feed_lag -U mon)" != "ok ok" ] || break
  sleep 0.1
done
check "it is over" "$(health long_transactions -U mon) $(health feed_lag -U mon)" "ok ok"

# A prepared one; and behind it rows that cannot be frozen.
check "nothing is prepared, nothing too old" "$(health prepared_transactions -U mon) $(health wraparound -U mon)" "ok ok"
sql "BEGIN; SELECT wf_save_state('prepared', '{}'); PREPARE TRANSACTION 'forgotten'" >/dev/null
sleep 1.2
check "a prepared transaction" "$(health prepared_transactions -U mon) $(health feed_lag -U mon)" "warn ok"
sql "CREATE TABLE burnt (i int);
     DO \$\$ BEGIN FOR i IN 1..160000 LOOP BEGIN INSERT INTO burnt VALUES (i); EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END \$\$;
     DROP TABLE burnt" >/dev/null
sql "VACUUM (FREEZE)" >/dev/null
check "rows that cannot be frozen" "$(health wraparound -U mon)" warn
sql "ROLLBACK PREPARED 'forgotten'" >/dev/null
sql "VACUUM (FREEZE)" >/dev/null
check "they are frozen" "$(health prepared_transactions -U mon) $(health wraparound -U mon)" "ok ok"

# Autovacuum that is off for all; a standby, which knows nothing of rows.
cluster_standby
standby_wait
check "a standby tells what it does not know" "$(standby_sql "
  SELECT check_name || ' ' || status || ' ' || detail FROM wf_health() WHERE check_name IN ('dead_rows', 'autovacuum', 'hot_updates')" -U mon | sort)" \
  "autovacuum ok not known to a standby
dead_rows ok not known to a standby
hot_updates ok not known to a standby"
check "and what is wrong with the tenant" "$(standby_sql "SELECT check_name || ' ' || status FROM wf_health() WHERE status <> 'ok'" -U mon | sort)" \
  "expired_leases warn
open_circuits warn"
cluster_set 'autovacuum = off'
cluster_restart
check "autovacuum is off" "$(sql "SELECT status, detail FROM wf_health() WHERE check_name = 'autovacuum'" -U mon)" "warn|autovacuum is off"
check_log "$(node_log)"
count_done
