#!/usr/bin/env bash
# The server's clock jumps back by an hour, and forward by two: no execution is held by two, what waits goes on, and
# nothing is lost. Leases and timers go by this clock alone.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
cluster_prepare
cc -shared -fPIC -o "$WF_BASE/clock.so" "$here/clock.c" -ldl
chmod 755 "$WF_BASE/clock.so"
export WF_CLOCK="$WF_BASE/clock" LD_PRELOAD="$WF_BASE/clock.so"
jump() { printf '%s\n' "$1" | cluster_write "$WF_CLOCK"; }
jump 0
cluster_start
# One session for all: what it remembers of the queue must not outlive the jump.
coproc WORKER { psql -X -qAt 2>&1; }
ask() {
  printf '%s;\n\\echo end\n' "$1" >&"${WORKER[1]}"
  local line got=""
  while IFS= read -r line <&"${WORKER[0]}" && [ "$line" != end ]; do got+="${got:+ }$line"; done
  say "$got"
}
# eventually seconds query: what it answers, once that is something.
eventually() {
  local i got=""
  for ((i = 0; i < $1 * 10; i++)); do
    got="$(ask "$2")"
    [ -z "$got" ] || break
    sleep 0.1
  done
  say "$got"
}
held() { sql "SELECT lease FROM wf_leases() WHERE execution_id = '$1'"; }

sql "SELECT wf_start('order', id) FROM unnest('{a,b,c,nap,later}'::text[]) AS id" >/dev/null
for _ in a b c nap later; do ask "SELECT execution_id FROM wf_claim('w1', duration => '1 minute')" >/dev/null; done
a="$(held a)" b="$(held b)" c="$(held c)"
check "it sleeps" "$(ask "SELECT action FROM wf_sleep('later', 's', '30 minutes')")" wait
check "nothing else is to be had" "$(ask "SELECT execution_id FROM wf_claim('w1')")" ""
before="$(sql 'SELECT extract(epoch FROM clock_timestamp())::bigint')"

jump -3600
check "the clock has jumped back" "$(sql "SELECT $before - extract(epoch FROM clock_timestamp())::bigint > 3500")" t
check "what is held stays held" "$(sql "SELECT count(*) FROM wf_claim('w2', max_rows => 10)")" 0
check "its worker goes on" "$(sql "SELECT wf_patch_state('a', '{\"n\": 1}', lease => $a) > 0")" t
check "a heartbeat holds it by the new clock" "$(sql "SELECT held, expires_at < clock_timestamp() + interval '31 s' FROM wf_heartbeat('{a}', '{$a}')")" "t|t"
check "versions do not go back in time" "$(sql "SELECT bool_and(later) FROM (SELECT saved_at >= lag(saved_at) OVER (ORDER BY version) AS later FROM wf_history('a')) AS h")" t
sql "SELECT wf_start('order', 'new')" >/dev/null
check "what is started now is claimed" "$(ask "SELECT execution_id FROM wf_claim('w1')")" new
check "a nap by the new clock" "$(ask "SELECT action FROM wf_sleep('nap', 's', '1 second')")" wait
check "ends by the new clock" "$(eventually 10 "SELECT execution_id FROM wf_claim('w1')")" nap
check "a lease that ends by the new clock" "$(ask "SELECT held FROM wf_heartbeat('{b}', '{$b}', '1 second')")" t
check "is another's then" "$(eventually 10 "SELECT execution_id FROM wf_claim('w2')")" b
check "and no longer the first one's" "$(sqlstate "SELECT wf_patch_state('b', '{}', lease => $b)")" WF007
check "the longer sleep goes on" "$(sql "SELECT state FROM wf_leases() WHERE execution_id = 'later'")" waiting

jump 3600
check "after a jump forward leases have expired" "$(sqlstate "SELECT wf_patch_state('c', '{}', lease => $c)")" WF007
check "what has expired or slept is claimed, once" "$(sql "SELECT count(DISTINCT execution_id), count(*) FROM wf_claim('w3', max_rows => 10)")" "6|6"
check "and nothing is left" "$(ask "SELECT execution_id FROM wf_claim('w1')")" ""
check "the sleep is over" "$(sql "SELECT action FROM wf_sleep('later', 's', '30 minutes')")" done
check "every log is sound" "$(unsound)" ""
count_done
