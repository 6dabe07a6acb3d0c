"""Circuit breakers from many sessions at once, in real time, and what listeners are told."""
import datetime
import json
import threading
import time

from harness import ADMIN, APP, Case, connect, unique

SESSIONS, PERMITS = 20, 7


class Circuits(Case):
    def setUp(self):
        self.conn = self.session()
        self.agent = unique("agent")

    def configure(self, **options):
        names = ", ".join(f"{name} => %s" for name in options)
        with connect(ADMIN) as admin:
            admin.execute(f"SELECT wf_circuit_configure(%s, {names})", (self.agent, *options.values()))

    def ask(self, conn, call, *params):
        return conn.execute(f"SELECT allowed, state, retry_after FROM {call}", params).fetchone()

    def allow(self, conn=None):
        return self.ask(conn or self.conn, "wf_circuit_allow(%s)", self.agent)

    def record(self, success, duration=None, conn=None):
        return self.ask(conn or self.conn, "wf_circuit_record(%s, %s, %s)", self.agent, success, duration)

    def shown(self, *columns):
        row = self.conn.execute(
            f"SELECT {', '.join(columns)} FROM wf_circuits(max_rows => 10000) WHERE agent_key = %s",
            (self.agent,)).fetchone()
        return row

    def moves(self):
        return self.conn.execute(
            "SELECT from_state, to_state, reason FROM wf_circuit_transitions(%s)",
            (self.agent,)).fetchall()

    def together(self, work):
        """Runs `work(conn, number)` in every session, all from one moment on; gives their results."""
        gate, results, failures = threading.Barrier(SESSIONS), [], []

        def run(number):
            try:
                with connect() as conn:
                    gate.wait()
                    results.append(work(conn, number))
            except Exception as error:  # told by the main thread
                failures.append(error)

        threads = [threading.Thread(target=run, args=(n,)) for n in range(SESSIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(len(results), SESSIONS)
        return results


class Gate(Circuits):
    def test_exactly_so_many_permits(self):
        self.configure(half_open_permits=PERMITS, half_open_max_wait="1 hour")
        for _ in range(10):
            self.conn.execute("SELECT wf_circuit_save(%s, 'open', '2020-01-01')", (self.agent,))
            answers = self.together(lambda conn, _: self.allow(conn))
            self.assertEqual(sum(allowed for allowed, _, _ in answers), PERMITS)
            self.assertEqual({state for _, state, _ in answers}, {"half_open"})
            self.assertEqual(self.shown("permits_taken", "allows"), (PERMITS, False))
        self.assertEqual([to for _, to, _ in self.moves()], ["open", "half_open"] * 10)

    def test_permits_that_are_rolled_back_are_granted_again(self):
        self.configure(half_open_permits=PERMITS, half_open_max_wait="1 hour")
        self.conn.execute("SELECT wf_circuit_save(%s, 'half_open')", (self.agent,))

        def take(conn, number):
            with conn.transaction(force_rollback=number % 2 == 0):
                return self.allow(conn)[0] and number % 2 == 1

        taken = sum(self.together(take))
        while self.allow()[0]:
            taken += 1
        self.assertEqual(taken, PERMITS)

    def test_the_last_outcome_closes_it_for_all(self):
        self.configure(half_open_permits=SESSIONS)
        self.conn.execute("SELECT wf_circuit_save(%s, 'half_open')", (self.agent,))
        self.together(lambda conn, _: (self.allow(conn), self.record(True, 1.0, conn)))
        self.assertEqual(self.shown("state", "calls"), ("closed", 0))
        self.assertEqual(self.moves()[-1], ("half_open", "closed", "trials_passed"))


class Recorders(Circuits):
    TURNS = 40

    def test_no_outcome_is_lost(self):
        for kind in ("count", "time"):
            with self.subTest(kind=kind):
                self.agent = unique("agent")
                self.configure(window_kind=kind, window_size=10000, minimum_calls=1000000)

                def work(conn, number):
                    for turn in range(self.TURNS):
                        slow = 90_000.0 if turn % 4 == 0 else 5.0
                        self.record((number + turn) % 5 > 0, slow, conn)

                self.together(work)
                calls = SESSIONS * self.TURNS
                self.assertEqual(self.shown("state", "calls", "failures", "slow_calls"),
                                 ("closed", calls, calls // 5, calls // 4))

    def test_it_opens_once(self):
        self.configure(window_size=100, minimum_calls=50, open_wait="1 hour")
        answers = self.together(lambda conn, _: [self.record(False, conn=conn)[1] for _ in range(5)])
        states = [state for states in answers for state in states]
        # 49 answers before the one that opens it; no outcome afterwards counts.
        self.assertEqual(states.count("closed"), 49)
        self.assertEqual(self.shown("state", "calls", "attempt"), ("open", 50, 1))
        self.assertEqual(self.moves(), [("closed", "open", "failure_rate")])

    def test_closed_and_healthy_costs_no_write(self):
        self.configure(window_size=30)
        for _ in range(30):
            self.record(True, 3.5)
        admin = self.session(ADMIN)
        written = """SELECT xmin::text, ctid::text, outcomes FROM wfstate.circuits WHERE agent_key = %s"""
        before = admin.execute(written, (self.agent,)).fetchone()

        def work(conn, number):
            with conn.transaction():
                for turn in range(10):
                    self.assertEqual(self.allow(conn), (True, "closed", None))
                    self.record(True, float(turn), conn)
                return self.value(conn, "SELECT pg_current_xact_id_if_assigned()::text")

        self.assertEqual(set(self.together(work)), {None})
        self.assertEqual(admin.execute(written, (self.agent,)).fetchone(), before)
        self.record(False)
        self.assertNotEqual(admin.execute(written, (self.agent,)).fetchone(), before)


class Time(Circuits):
    def test_waits_and_tries_again(self):
        self.configure(window_size=2, open_wait="0.3 seconds", half_open_permits=1,
                       open_wait_multiplier=1000.0, open_wait_max="1 hour")
        self.record(False)
        allowed, state, wait = self.record(False)
        self.assertEqual((allowed, state), (False, "open"))
        self.assertIsInstance(wait, datetime.timedelta)
        self.assertLessEqual(wait, datetime.timedelta(seconds=0.3))
        time.sleep(wait.total_seconds() + 0.01)
        self.assertEqual(self.allow(), (True, "half_open", None))
        # It fails again, and the second wait is longer than this test.
        _, state, wait = self.record(False, 12.0)
        self.assertEqual(state, "open")
        self.assertGreater(wait, datetime.timedelta(seconds=250))
        self.assertFalse(self.allow()[0])

    def test_dead_callers_do_not_block_it(self):
        self.configure(half_open_permits=1, half_open_max_wait="0.2 seconds", open_wait="0.2 seconds")
        self.conn.execute("SELECT wf_circuit_save(%s, 'half_open')", (self.agent,))
        self.assertTrue(self.allow()[0])
        self.assertFalse(self.allow()[0])
        time.sleep(0.25)
        self.assertEqual(self.shown("state")[0], "open")
        time.sleep(0.2)
        self.assertEqual(self.allow(), (True, "half_open", None))
        self.assertEqual(self.moves()[1:], [("half_open", "open", "trials_unanswered"),
                                            ("open", "half_open", "open_wait")])

    def test_a_time_window_forgets(self):
        self.configure(window_kind="time", window_size=1, minimum_calls=3)
        self.record(False)
        self.record(False)
        time.sleep(2.0)
        self.assertEqual(self.shown("calls")[0], 0)
        self.assertEqual(self.record(False)[1], "closed")
        self.assertEqual(self.shown("calls")[0], 1)


class Notifications(Circuits):
    """A nudge without names: whoever may connect can listen."""

    def listener(self):
        listener = self.session()
        listener.execute("LISTEN wfstate")
        return listener

    def told(self, listener):
        return [json.loads(notice.payload) for notice in listener.notifies(timeout=0.3)]

    def test_off_by_default_and_one_a_transaction(self):
        listener = self.listener()
        self.conn.execute("SELECT wf_circuit_save(%s, 'open', '2020-01-01')", (self.agent,))
        self.assertEqual(self.told(listener), [])
        # A role that may not set it finds it on where the database or a superuser says so.
        self.conn = self.session(ADMIN)
        self.conn.execute("SET wfstate.notify_circuits = on")
        self.conn.execute(f"SET ROLE {APP}")
        nudge = {"event": "circuit"}
        self.allow()
        self.assertEqual(self.told(listener), [nudge])
        with self.conn.transaction(force_rollback=True):
            self.conn.execute("SELECT wf_circuit_reset(%s)", (self.agent,))
        self.assertEqual(self.told(listener), [])
        with self.conn.transaction():
            for state in ("disabled", "metrics_only", "closed"):
                self.conn.execute("SELECT wf_circuit_save(%s, %s)", (self.agent, state))
        self.assertEqual(self.told(listener), [nudge])
        self.assertTrue(self.allow()[0])
        self.assertEqual(self.told(listener), [])

    def test_writers_cannot_switch_it(self):
        listener = self.listener()
        # Before the library is loaded any name can be set; what may not be is dropped when it is.
        conn = self.session()
        conn.execute("SET wfstate.notify_circuits = on")
        conn.execute("SELECT wf_circuit_save(%s, 'disabled')", (self.agent,))
        self.assertEqual(self.value(conn, "SHOW wfstate.notify_circuits"), "off")
        with self.refused("42501"):
            conn.execute("SET wfstate.notify_circuits = on")
        conn.execute("SELECT wf_circuit_save(%s, 'closed')", (self.agent,))
        self.assertEqual(self.told(listener), [])
