#!/usr/bin/env bash
# LangGraph's own integration tests with our savers, from the source package of the version that the adapter's tests
# use: those that use a checkpointer, once for each kind of connection. Not part of `make test`: it takes minutes and
# fetches 150 MB. The last line counts; arguments go to pytest.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../../tests/lib/cluster.sh
. "$here/../../tests/lib/cluster.sh"

folder="$WF_TARGET/langgraph-integration"
python="$WF_TARGET/venv/bin/python"

fetch() {
  local pip=("$python" -m pip -q --disable-pip-version-check)
  "${pip[@]}" download --no-deps --no-binary langgraph --dest "$1" langgraph==1.2.24 &&
    tar -xzf "$1"/langgraph-*.tar.gz -C "$1" && mv "$1"/langgraph-1.2.24/tests "$1/tests" &&
    "${pip[@]}" install --target "$1/libraries" langgraph==1.2.24 langgraph-checkpoint==4.3.2 \
      langgraph-checkpoint-postgres==3.2.0 langgraph-checkpoint-sqlite langgraph-prebuilt langgraph-sdk \
      'psycopg[binary,pool]>=3.2,<4' pytest pytest-mock pytest-dotenv pytest-repeat pytest-xdist syrupy httpx redis \
      pycryptodome pyperf
}

if [ ! -d "$folder/tests" ]; then
  rm -rf "$folder" "$folder.new"
  quietly "$WF_TARGET/langgraph-integration.log" "fetching LangGraph's integration tests (a minute)" fetch "$folder.new" ||
    die "LangGraph's integration tests could not be fetched"
  mv "$folder.new" "$folder"
fi
cluster_start 'max_connections = 100'
sql "CREATE ROLE wf_integration LOGIN; SELECT wf_grant_access('wf_integration', 'writer')" >/dev/null
suite="$WF_BASE/suite"
mkdir "$suite"
cp -r "$folder/tests" "$suite/tests"
cat "$here/tests/integration_conftest.py" >>"$suite/tests/conftest.py"
export PYTHONPATH="$suite:$here:$folder/libraries" PYTHONDONTWRITEBYTECODE=1 LANGSMITH_TRACING=false NO_DOCKER=true
status=0
(cd "$suite" && "$python" -m pytest -q --snapshot-warn-unused -p no:cacheprovider -n 2 --tb=short "$@" tests) 2>&1 | tee "$WF_BASE/counts" || status=$?
# pytest's last line, as the other tests say it.
passed="$(sed -nE 's/(.* |^)([0-9]+) passed.*/\2/p' "$WF_BASE/counts" | tail -n 1)"
failed="$(sed -nE 's/(.* |^)([0-9]+) failed.*/\2/p' "$WF_BASE/counts" | tail -n 1)"
errors="$(sed -nE 's/(.* |^)([0-9]+) errors?.*/\2/p' "$WF_BASE/counts" | tail -n 1)"
failed=$((${failed:-0} + ${errors:-0}))
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
say "${passed:-0} passed, $failed failed"
[ "$failed" -eq 0 ]
