"""16 writers until the server goes away. Arguments: the file for what was acknowledged, a round."""
import json
import random
import sys
import threading

import psycopg
from psycopg.types.json import Jsonb

from harness import connect

WRITERS, EXECUTIONS = 16, 4
lock = threading.Lock()
failures = []


def save(conn, execution, token):
    """The whole state, read, changed and saved with its version."""
    while True:
        row = conn.execute("SELECT version, state FROM wf_load(%s)", (execution,)).fetchone()
        version, state = row
        state["log"] = (state["log"] + [token])[-60:]
        state["filler"] = "x" * random.randrange(0, 8000)
        try:
            return conn.execute("SELECT wf_save_state(%s, %s, %s, note => %s)",
                                (execution, Jsonb(state), version, token)).fetchone()[0]
        except psycopg.Error as error:
            if error.sqlstate != "WF001":
                raise


def patch(conn, execution, token):
    change = [{"op": "add", "path": "/log/-", "value": token}]
    return conn.execute("SELECT wf_patch_state(%s, %s, note => %s)",
                        (execution, Jsonb(change), token)).fetchone()[0]


def merge(conn, execution, token):
    return conn.execute("SELECT wf_patch_state(%s, %s, note => %s)",
                        (execution, Jsonb({"last": token}), token)).fetchone()[0]


def checkpoint(conn, execution, token):
    return conn.execute("SELECT wf_checkpoint(%s, %s)", (execution, token)).fetchone()[0]


def route(conn, execution, token):
    """A decision, with its outcome at once or right after; the version that is told is its id."""
    if random.random() < 0.5:
        return str(conn.execute("SELECT wf_record_routing(%s, %s, %s, %s, execution_id => %s)",
                                (token, "agent", random.random() < 0.8, random.expovariate(0.01),
                                 execution)).fetchone()[0])
    decision = conn.execute("SELECT wf_record_routing(%s, %s, execution_id => %s)",
                            (token, "agent", execution)).fetchone()[0]
    conn.execute("SELECT wf_complete_routing(%s, true, %s)", (decision, random.expovariate(0.01)))
    return str(decision)


def writer(number, round_, out):
    try:
        with connect() as conn:
            # Both ways at once, on the same rows.
            if number % 2:
                conn.execute("SET wfstate.direct_access = off")
            turn = 0
            while True:
                turn += 1
                execution = f"crash-{(number + turn) % EXECUTIONS}"
                token = f"token-{round_}-{number}-{turn}-end"
                call = random.choice([save, patch, patch, merge, merge, checkpoint, route, route])
                version = call(conn, execution, token)
                with lock:
                    print(json.dumps([call.__name__, execution, version, token]), file=out)
    except psycopg.OperationalError as error:
        # Killed in mid-statement (no code), or told by the server that it goes (class 57).
        if error.sqlstate and not error.sqlstate.startswith("57"):
            failures.append(error)
    except Exception as error:
        failures.append(error)


def main(path, round_):
    with connect() as conn:
        for n in range(EXECUTIONS):
            if not conn.execute("SELECT FROM wf_load_many(%s)", ([f"crash-{n}"],)).fetchone():
                conn.execute("SELECT wf_save_state(%s, %s)", (f"crash-{n}", Jsonb({"log": []})))
    with open(path, "a", encoding="utf-8") as out:
        threads = [threading.Thread(target=writer, args=(n, round_, out)) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for failure in failures:
        print(f"writer failed: {failure!r}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
