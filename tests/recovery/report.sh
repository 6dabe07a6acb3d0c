#!/usr/bin/env bash
# The page of wf_report in Debian's Chromium, and the text of wf_diagram before Mermaid's own parser.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"
need_file "$WF_TARGET/mermaid/mermaid.min.js" || count_done
command -v "${WF_CHROMIUM:-chromium}" >/dev/null || { not_ok 'chromium is missing: run tests/setup.sh all'; count_done; }
cluster_start
# What somebody might put where the page shows it.
lively="$here/sql/lively.sql"
wf_psql -q -o /dev/null -f "$lively"
PGOPTIONS='-c wfstate.tenant=hostile' wf_psql -q -o /dev/null -f "$here/sql/hostile_names.sql"

# report tenant name arguments
report() { PGOPTIONS="-c wfstate.tenant=$1" sql "SELECT wf_report($3)" >"$WF_BASE/$2.html"; }
report default overview ''
report default execution "execution_id => 'order-saga'"
report default workflow "workflow => 'order', since => now() - interval '200 days'"
report nobody empty ''
report hostile hostile "workflow => '<b>workflow</b> \"x\" %%', execution_id => '<b>all</b> \"]', max_rows => 100"
# A style sheet that has changed has another hash, without which no browser applies it.
hash="$(python3 - "$WF_BASE/overview.html" <<'END'
import base64, hashlib, re, sys
style = re.search('<style>(.*?)</style>', open(sys.argv[1], encoding='utf-8').read(), re.S).group(1)
print(base64.b64encode(hashlib.sha256(style.encode()).digest()).decode())
END
)"
check 'the page names the hash of its style sheet (src/core/report/page.rs)' \
  "$(sed -n "s/.*style-src 'sha256-\([^']*\)'.*/\1/p" "$WF_BASE/overview.html")" "$hash"

# The diagrams, one a line, as JSON.
diagrams() {
  PGOPTIONS="-c wfstate.tenant=$1" sql "
    SELECT to_json(wf_diagram(d.workflow, kind => k)) FROM wf_definitions() AS d, unnest('{phases,steps}'::text[]) AS k;
    SELECT to_json(wf_diagram(execution_id => e.execution_id, kind => k))
      FROM wf_list(max_rows => 30) AS e, unnest('{phases,steps,statuses}'::text[]) AS k;
    SELECT to_json(wf_diagram(execution_id => 'order-saga', kind => k)) FROM unnest('{phases,steps,statuses}'::text[]) AS k
     WHERE EXISTS (SELECT FROM wf_list(workflow => 'order'))"
}
{ diagrams default; diagrams hostile; } >"$WF_BASE/diagrams.jsonl"
WF_MERMAID="$WF_TARGET/mermaid/mermaid.min.js" count_last_line node "$here/report.cjs" "$WF_BASE"
check_log "$(node_log)"
count_done
