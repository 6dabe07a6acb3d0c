#!/usr/bin/env bash
# Measures wfstate against its rivals on a private server: `make bench`. See README.md.
#   BENCH_QUICK=1      a smoke test of every row in about a minute
#   BENCH_ONLY=regex   only these groups of rows (the names in main.py)
#   BENCH_CONF=line    one more line of postgresql.conf, such as 'wfstate.keyframe_ratio = 1'
set -euo pipefail
# shellcheck source=../lib/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/cluster.sh"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
output="$WF_TARGET/bench"
python="$output/venv/bin/python"
mkdir -p "$output"

# A rival's packages stay out of the venv that the tests use.
need_python() {
  if ! "$python" -c '' 2>/dev/null; then
    rm -rf "$output/venv"
    python3 -m venv "$output/venv"
  fi
  local pip=("$python" -m pip install -q --disable-pip-version-check)
  "$python" -c 'import psycopg' 2>/dev/null || "${pip[@]}" 'psycopg[binary]>=3.1,<4'
  "$python" -c 'import langgraph.checkpoint.postgres' 2>/dev/null ||
    "${pip[@]}" 'langgraph-checkpoint-postgres==3.2.0' ||
    note "LangGraph's saver could not be fetched: its rows will not be measured"
  "$python" -c 'import dbos, pgmq, absurdctl' 2>/dev/null || "${pip[@]}" dbos==3.4.0 pgmq absurdctl==0.5.1 ||
    note 'the rivals of the queue could not be fetched: they will not be measured'
}

need_python
[ -z "${BENCH_RIVALS_ONLY:-}" ] || export WF_EXTENSION=no
WF_EXTRA_PACKAGES=wfstate_naive
# Commits wait for the disk where a row says so; checkpoints come between rows, not within.
cluster_start 'fsync = on' 'shared_buffers = 512MB' 'max_connections = 50' \
  'checkpoint_timeout = 1h' 'max_wal_size = 32GB' 'min_wal_size = 2GB' ${BENCH_CONF:+"$BENCH_CONF"}
note "PostgreSQL $("$PG_CONFIG" --version | sed 's/^PostgreSQL //'), $(nproc) CPUs"
# The saver that is measured is this one, beside the packages of LangGraph.
PYTHONPATH="$WF_ROOT/adapters/langgraph" PYTHONDONTWRITEBYTECODE=1 "$python" "$here/main.py" "$output"
note "details in ${output#"$WF_ROOT"/}/results.json"
