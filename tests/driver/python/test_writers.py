"""16 writers on 4 executions: no version lost, none skipped, every acknowledged payload kept."""
import itertools
import threading
import time

import psycopg
from psycopg.types.json import Jsonb

from harness import Case, connect, unique

WRITERS, EXECUTIONS, TURNS, SECONDS = 16, 4, 5, 2.0


class Writers(Case):
    def setUp(self):
        self.conn = self.session()
        self.ids = [unique("race") for _ in range(EXECUTIONS)]
        for execution in self.ids:
            self.conn.execute("SELECT wf_save_state(%s, %s)", (execution, Jsonb({"log": []})))

    def race(self, step):
        """Runs `step(conn, execution, token)` -> version in every writer: TURNS times, and until the time is up."""
        acknowledged, failures = [], []
        deadline = time.monotonic() + SECONDS

        def writer(number):
            try:
                with connect() as conn:
                    for turn in itertools.count():
                        if turn >= TURNS and time.monotonic() > deadline:
                            return
                        # Not a multiple of the writers: each execution is written by all of them.
                        execution = self.ids[(number + turn) % EXECUTIONS]
                        token = f"{number}/{turn}"
                        version = step(conn, execution, token)
                        acknowledged.append((execution, version, token))
            except Exception as error:  # told by the main thread
                failures.append(error)

        threads = [threading.Thread(target=writer, args=(n,)) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertGreaterEqual(len(acknowledged), WRITERS * TURNS)
        return acknowledged

    def proof(self, acknowledged):
        for execution in self.ids:
            mine = {version: token for e, version, token in acknowledged if e == execution}
            # Two acknowledgements of one version would have collapsed here.
            self.assertEqual(len(mine), sum(e == execution for e, _, _ in acknowledged))
            self.assertEqual(sorted(mine), list(range(2, len(mine) + 2)))
            history = self.conn.execute(
                "SELECT version, note, changes FROM wf_history(%s, max_rows => 10000)",
                (execution,)).fetchall()
            self.assertEqual([row[0] for row in history], list(range(1, len(mine) + 2)))
            for version, note, changes in history[1:]:
                self.assertEqual(note, mine[version])
                self.assertEqual([change["value"] for change in changes], [mine[version]])
            tokens = [mine[version] for version in sorted(mine)]
            self.assertEqual(self.value(self.conn, "SELECT wf_load_state(%s)", execution),
                             {"log": tokens})
            for version in list(mine)[:: max(1, len(mine) // 25)]:
                state = self.value(self.conn, "SELECT wf_state_at(%s, %s)", execution, version)
                self.assertEqual(state, {"log": tokens[: version - 1]})
            self.assertEqual(
                self.conn.execute("SELECT versions, valid FROM wf_verify(%s)",
                                  (execution,)).fetchone(), (len(mine) + 1, True))

    def test_read_modify_write(self):
        retries = itertools.count()

        def step(conn, execution, token):
            while True:
                version, state = conn.execute(
                    "SELECT version, state FROM wf_load(%s)", (execution,)).fetchone()
                state["log"].append(token)
                try:
                    return conn.execute(
                        "SELECT wf_save_state(%s, %s, %s, note => %s)",
                        (execution, Jsonb(state), version, token)).fetchone()[0]
                except psycopg.Error as error:
                    if error.sqlstate != "WF001":
                        raise
                    next(retries)

        self.proof(self.race(step))
        self.assertGreater(next(retries), 0, "the writers never met: the test proves nothing")

    def test_appends_where_the_last_write_wins(self):
        def step(conn, execution, token):
            patch = [{"op": "add", "path": "/log/-", "value": token}]
            return conn.execute("SELECT wf_patch_state(%s, %s, note => %s)",
                                (execution, Jsonb(patch), token)).fetchone()[0]

        self.proof(self.race(step))


class Creation(Case):
    def test_one_of_many_creates(self):
        """expected_version 0 from all sides at once: one wins, the others are told."""
        for _ in range(20):
            execution, outcome = unique("create"), []
            gate = threading.Barrier(8)

            def create(number):
                with connect() as conn:
                    gate.wait()
                    try:
                        row = conn.execute("SELECT wf_save_state(%s, %s, 0)",
                                           (execution, Jsonb({"by": number}))).fetchone()
                        outcome.append((row[0], number))
                    except psycopg.Error as error:
                        outcome.append((error.sqlstate, number))

            threads = [threading.Thread(target=create, args=(n,)) for n in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            codes = sorted(str(code) for code, _ in outcome)
            self.assertEqual(codes, ["1"] + ["WF006"] * 7)
            winner = [number for code, number in outcome if code == 1]
            self.assertEqual(self.value(self.session(), "SELECT wf_load_state(%s)", execution),
                             {"by": winner[0]})

    def test_many_create_where_the_last_write_wins(self):
        execution, versions = unique("create"), []
        gate = threading.Barrier(8)

        def create(number):
            with connect() as conn:
                gate.wait()
                versions.append(conn.execute("SELECT wf_save_state(%s, %s)",
                                             (execution, Jsonb({"by": number}))).fetchone()[0])

        threads = [threading.Thread(target=create, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(versions), list(range(1, 9)))
