"""Compares what was acknowledged before the crash with what the server has after it."""
import collections
import json
import sys

from harness import ADMIN, connect

HISTORY = """
    SELECT version, note, strpos(wf_state_at(%(id)s, version)::text, coalesce(note, '')) > 0
      FROM wf_history(%(id)s, after => %(after)s, max_rows => 10000)"""


def history(conn, execution):
    rows, after = [], 0
    while True:
        page = conn.execute(HISTORY, {"id": execution, "after": after}).fetchall()
        if not page:
            return rows
        rows += page
        after = page[-1][0]


def checkpoints(conn, execution):
    found, after = {}, None
    while True:
        page = conn.execute("SELECT name, version FROM wf_checkpoints(%s, after => %s, max_rows => 10000)",
                            (execution, after)).fetchall()
        if not page:
            return found
        found.update(page)
        after = page[-1][0]


def statistics(routed):
    """Every acknowledged decision is there with its outcome; counting anew changes no statistics."""
    assert len(routed) > 50, f"only {len(routed)} decisions: the load was no load"
    with connect(ADMIN) as conn:
        found = dict(conn.execute("""SELECT decision_id::text, task_id FROM wfstate.routing_decisions
                                      WHERE success IS NOT NULL"""))
        for decision, token in routed.items():
            assert found.get(decision) == token, f"decision {decision} is {found.get(decision)}"
        stats = "SELECT agent, total_tasks, stats::text FROM wf_agent_statistics()"
        before = conn.execute(stats).fetchall()
        assert before[0][1] == len(found), f"{before[0][1]} counted, {len(found)} recorded"
        folded = conn.execute("SELECT sum(total_tasks(stats)) FROM wfstate.agent_statistics").fetchone()[0] or 0
        assert 0 < folded, "nothing was folded: the load proves nothing"
        conn.execute("SELECT wf_recalculate_statistics()")
        assert conn.execute(stats).fetchall() == before, "recalculated statistics differ"
        print(f"   {len(routed)} decisions acknowledged, {len(found)} counted")


def main(path):
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    assert len(lines) > 300, f"only {len(lines)} acknowledged: the load was no load"
    by_execution = collections.defaultdict(list)
    routed = {}
    for kind, execution, version, token in lines:
        if kind == "route":
            routed[version] = token
        else:
            by_execution[execution].append((kind, version, token))
    statistics(routed)
    with connect() as conn:
        for execution, saves in sorted(by_execution.items()):
            rows = history(conn, execution)
            assert [row[0] for row in rows] == list(range(1, len(rows) + 1)), "a version is missing"
            assert all(row[2] for row in rows), "a payload is missing in its version"
            notes = {version: note for version, note, _ in rows}
            tags = checkpoints(conn, execution)
            written = [s for s in saves if s[0] != "checkpoint"]
            assert len({version for _, version, _ in written}) == len(written), "a version twice"
            for kind, version, token in saves:
                if kind == "checkpoint":
                    assert tags.get(token) == version, f"checkpoint {token} is {tags.get(token)}"
                else:
                    assert notes.get(version) == token, f"version {version}: {notes.get(version)}"
            head = conn.execute("SELECT version FROM wf_load(%s)", (execution,)).fetchone()[0]
            assert head == len(rows)
            next_version = conn.execute(
                """SELECT wf_patch_state(%s, '{"after": "crash"}', %s)""",
                (execution, head)).fetchone()[0]
            assert next_version == head + 1
            print(f"   {execution}: {len(saves)} acknowledged, {len(rows)} versions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
