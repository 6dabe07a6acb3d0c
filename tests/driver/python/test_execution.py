"""Executions and steps as workers run them: killed, repeated, several at once."""
import random
import threading

import psycopg
from harness import ADMIN, Case, connect, unique
from psycopg.types.json import Jsonb

STEPS = ["reserve", "charge", "pack", "ship", "mail"]


def run(conn, execution, by):
    """A worker: runs what is not done; a crash leaves what it was doing to the next."""
    for step in STEPS:
        action, output = conn.execute("SELECT action, output FROM wf_step_begin(%s, %s, %s)",
                                      (execution, step, Jsonb({"step": step}))).fetchone()
        if action == "done":
            continue
        assert action == "run", action
        conn.execute("SELECT wf_step_complete(%s, %s, %s, patch => %s)",
                     (execution, step, Jsonb({"by": by}), Jsonb([{"op": "add", "path": "/done/-", "value": step}])))
    conn.execute("SELECT wf_complete(%s, %s)", (execution, Jsonb("ok")))


class Executions(Case):
    def started(self, conn, count):
        workflow = unique("order")
        rows = [conn.execute("SELECT execution_id FROM wf_start(%s, idempotency_key => %s, state => '{\"done\": []}')",
                             (workflow, f"key-{n}")).fetchone() for n in range(count)]
        return workflow, [row[0] for row in rows]

    def holds(self, conn, executions):
        """Each step was recorded once, and changed the state once."""
        for execution in executions:
            self.assertEqual(sorted(self.value(conn, "SELECT wf_load_state(%s)", execution)["done"]), sorted(STEPS))
            steps = conn.execute("SELECT step_id, status, output ->> 'by' FROM wf_steps(%s)", (execution,)).fetchall()
            saved = conn.execute("SELECT step_id FROM wf_history(%s) WHERE step_id IS NOT NULL", (execution,)).fetchall()
            self.assertEqual(sorted(step for step, *_ in steps), sorted(STEPS))
            self.assertEqual(sorted(step for step, in saved), sorted(STEPS))
            self.assertEqual({status for _, status, _ in steps}, {"completed"})
            self.assertEqual(self.value(conn, "SELECT status FROM wf_execution(%s)", execution), "completed")
            self.assertTrue(self.value(conn, "SELECT valid FROM wf_verify(%s)", execution))

    def test_several_workers_on_the_same_executions(self):
        conn = self.session()
        _, executions = self.started(conn, 15)
        errors = []

        def work(name):
            try:
                with connect() as own:
                    for execution in random.sample(executions, len(executions)):
                        run(own, execution, name)
            except Exception as error:  # the test tells it
                # Whoever comes late finds the execution completed.
                if getattr(error, "sqlstate", None) != "WF004":
                    errors.append(error)

        workers = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual(errors, [])
        with connect() as last:
            for execution in executions:
                if self.value(last, "SELECT status FROM wf_execution(%s)", execution) != "completed":
                    run(last, execution, "last")
        self.holds(conn, executions)

    def test_workers_that_are_killed(self):
        conn, admin = self.session(), self.session(ADMIN)
        workflow, executions = self.started(conn, 40)
        kills = 0
        while True:
            open_ones = [row[0] for row in conn.execute("SELECT execution_id FROM wf_incomplete(%s)", (workflow,))]
            if not open_ones:
                break
            own = connect()
            pid = own.info.backend_pid
            killer = threading.Timer(random.uniform(0.0, 0.02), lambda pid=pid: admin.execute("SELECT pg_terminate_backend(%s)", (pid,)))
            killer.start()
            try:
                for execution in open_ones:
                    run(own, execution, str(pid))
            except psycopg.OperationalError:
                kills += 1
            killer.join()
            own.close()
        self.assertGreater(kills, 0)
        self.holds(conn, executions)

    def test_a_start_that_got_no_answer(self):
        conn, admin, own = self.session(), self.session(ADMIN), connect()
        key = unique("key")
        first = own.execute("SELECT execution_id FROM wf_start('order', input => '{\"n\": 1}', idempotency_key => %s)", (key,)).fetchone()[0]
        admin.execute("SELECT pg_terminate_backend(%s)", (own.info.backend_pid,))
        own.close()
        again = conn.execute("SELECT execution_id, created FROM wf_start('order', input => '{\"n\": 1}', idempotency_key => %s)", (key,)).fetchone()
        self.assertEqual(again, (first, False))
        with self.refused("WF006") as caught:
            conn.execute("SELECT wf_start('order', input => '{\"n\": \"s3cret\"}', idempotency_key => %s)", (key,))
        self.assertNotIn("s3cret", f"{caught[0]} {caught[0].diag.message_detail}")

    def test_undoing_goes_on_after_a_crash(self):
        conn, admin = self.session(), self.session(ADMIN)
        execution = conn.execute("SELECT execution_id FROM wf_start('order')").fetchone()[0]
        for step in STEPS:
            conn.execute("SELECT wf_step_begin(%s, %s, compensation => %s)", (execution, step, f"undo-{step}"))
            conn.execute("SELECT wf_step_complete(%s, %s)", (execution, step))
        conn.execute("SELECT wf_set_status(%s, 'compensating')", (execution,))
        undone = []
        while True:
            own = connect()
            rest = own.execute("SELECT step_id FROM wf_compensations(%s)", (execution,)).fetchall()
            if not rest:
                break
            undone.append(rest[0][0])
            own.execute("SELECT wf_step_compensated(%s, %s)", (execution, rest[0][0]))
            admin.execute("SELECT pg_terminate_backend(%s)", (own.info.backend_pid,))
            own.close()
        own.close()
        self.assertEqual(undone, STEPS[::-1])
        self.assertEqual(self.value(conn, "SELECT status FROM wf_execution(%s)", execution), "compensated")
