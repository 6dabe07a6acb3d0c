"""1,000 executions of 10 steps by workers in Python and Node that are killed at random, and what must hold then.

Arguments: run folder | proof folder.
"""
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import psycopg

from harness import ADMIN, connect

EXECUTIONS, WORKERS, WORKFLOW = 1000, 6, "proof"
ROOT = pathlib.Path(__file__).parents[1] / "driver"
PROGRAMS = ([sys.executable, "-B", str(ROOT / "python" / "worker.py")], ["node", str(ROOT / "node" / "worker.cjs")])


def start(folder, number):
    command = PROGRAMS[number % len(PROGRAMS)]
    return subprocess.Popen([*command, f"worker-{number}", WORKFLOW, "1 second", str(folder / f"ran-{number}")])


def left():
    """How many have not ended; a server that is away has told nothing."""
    try:
        with connect() as conn:
            return conn.execute("SELECT count(*) FROM wf_list(workflow => %s, incomplete => true, max_rows => 10000)",
                                (WORKFLOW,)).fetchone()[0]
    except psycopg.OperationalError:
        return None


def run(folder):
    with connect() as conn:
        for n in range(EXECUTIONS):
            conn.execute("SELECT wf_start(%s, %s, priority => %s)", (WORKFLOW, f"proof-{n}", n % 3))
    workers = {number: start(folder, number) for number in range(WORKERS)}
    number, kills, until = WORKERS, 0, time.monotonic() + 240
    while (count := left()) != 0:
        if time.monotonic() > until:
            sys.exit(f"{count} executions have not ended")
        time.sleep(random.uniform(0.05, 0.15))
        victim = random.choice(list(workers))
        assert workers[victim].poll() is None, "a worker has ended by itself"
        workers[victim].send_signal(signal.SIGKILL)
        workers.pop(victim).wait()
        workers[number] = start(folder, number)
        number, kills = number + 1, kills + 1
    for worker in workers.values():
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    print(f"{kills} workers were killed")


def proof(folder):
    problems = []

    def check(what, rows):
        problems.extend(f"{what}: {row}" for row in rows[:5])

    with connect(ADMIN) as conn:
        def select(text):
            return conn.execute(text).fetchall()
        check("not completed", select(f"SELECT execution_id, status FROM wf_list(workflow => '{WORKFLOW}', max_rows => 10000) WHERE status <> 'completed'"))
        check("still held", select("SELECT execution_id, state FROM wf_leases()"))
        check("completed more than once", select(
            "SELECT execution_id, count(*) FROM wfstate.state_versions WHERE status = 'completed' GROUP BY 1 HAVING count(*) <> 1"))
        check("a step without its one result", select(
            "SELECT e.execution_id, count(s.*) FROM wfstate.executions AS e LEFT JOIN wfstate.steps AS s"
            " ON s.execution_id = e.execution_id AND s.status = 'completed' GROUP BY 1 HAVING count(s.*) <> 10"))
        check("a step that was saved more than once", select(
            "SELECT execution_id, step_id, count(*) FROM wfstate.state_versions WHERE step_id IS NOT NULL GROUP BY 1, 2 HAVING count(*) <> 1"))
        # Fencing tokens only grow: once one has written, no older one does.
        check("an older lease has written after a newer one", select(
            "SELECT execution_id, step_id FROM (SELECT execution_id, step_id, (output ->> 'lease')::bigint AS lease,"
            " max((output ->> 'lease')::bigint) OVER (PARTITION BY execution_id ORDER BY position) AS newest"
            " FROM wfstate.steps) AS s WHERE lease < newest"))
        check("result and state differ", select(
            "SELECT s.execution_id, s.step_id FROM wfstate.steps AS s, wf_load(s.execution_id) AS e"
            " WHERE e.state ->> s.step_id IS DISTINCT FROM s.output ->> 'lease'"))
        check("damaged", select(
            f"SELECT e.execution_id, v.problem FROM wf_list(workflow => '{WORKFLOW}', max_rows => 10000) AS e, wf_verify(e.execution_id) AS v WHERE NOT v.valid"))
        ended = {(row[0], row[1]): row[2] for row in select("SELECT execution_id, step_id, extract(epoch FROM ended_at)::float8 FROM wfstate.steps")}
    runs = [line.split() for file in folder.glob("ran-*") for line in file.read_text().splitlines() if line.count(" ") == 3]
    check("run again after it was done", [(e, s) for e, s, _, asked in runs if float(asked) > ended[e, s]])
    if len(runs) < EXECUTIONS * 10:
        problems.append(f"only {len(runs)} steps were run")
    print(*problems, sep="\n", end="\n" if problems else "")
    print(f"{len(runs)} runs of {len(ended)} steps", file=sys.stderr)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    {"run": run, "proof": proof}[sys.argv[1]](pathlib.Path(sys.argv[2]))
