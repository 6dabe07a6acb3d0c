"""A worker in psycopg. It may die at any line: whoever claims the execution next goes on where it was.

Arguments: its name, a workflow, how long its leases last, a file that tells which steps it ran.
"""
import sys
import time

import psycopg
from psycopg.types.json import Jsonb

from harness import connect

STEPS = [f"step-{n}" for n in range(10)]


def run(conn, execution, lease, log):
    for step in STEPS:
        asked = time.time()
        action, = conn.execute("SELECT action FROM wf_step_begin(%s, %s, lease => %s)",
                               (execution, step, lease)).fetchone()
        if action == "done":
            continue
        print(execution, step, lease, asked, file=log, flush=True)  # what it does
        conn.execute("SELECT wf_step_complete(%s, %s, %s, patch => %s, lease => %s)",
                     (execution, step, Jsonb({"lease": lease}), Jsonb({step: lease}), lease))
    conn.execute("SELECT wf_complete(%s, lease => %s)", (execution, lease))


def work(conn, worker, workflow, duration, log):
    claim = "SELECT execution_id, lease FROM wf_claim(%s, ARRAY[%s], %s)"
    while True:
        claimed = conn.execute(claim, (worker, workflow, duration)).fetchone()
        if claimed is None:
            time.sleep(0.05)
            continue
        try:
            run(conn, *claimed, log)
        except psycopg.Error as error:
            if error.sqlstate != "WF007":  # somebody else has it
                raise


if __name__ == "__main__":
    worker, workflow, duration, file = sys.argv[1:]
    with open(file, "a", encoding="utf-8") as log:
        while True:
            try:
                with connect() as conn:
                    work(conn, worker, workflow, duration, log)
            except psycopg.OperationalError:
                time.sleep(0.1)  # the server is away
