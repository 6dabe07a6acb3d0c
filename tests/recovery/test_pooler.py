"""Behind a transaction pooler: sessions share a server connection, tenants must not."""
import json
import os
import threading

from psycopg.types.json import Jsonb

from harness import Case, unique
from walk import quick_start


class Pooler(Case):
    def client(self, user="wf_app", **options):
        return self.session(user, prepare_threshold=None, **options)

    def backend(self, conn):
        return self.value(conn, "SELECT pg_backend_pid()")

    def test_quick_start(self):
        quick_start(self, self.client(), Jsonb)
        quick_start(self, self.client(), json.dumps)

    def test_quick_start_prepared(self):
        if not os.environ["WF_POOLER_PREPARED"]:
            print("(this pgbouncer is older than 1.21: no prepared statements to test) ", end="")
            return
        for conn in (self.session(prepare_threshold=0), self.session(prepare_threshold=0)):
            quick_start(self, conn, Jsonb)

    def test_set_local_interleaved(self):
        """Tenants take turns on one server connection, with one id: each sees its own state."""
        clients = {tenant: self.client() for tenant in ("red", "green", "default")}
        execution = unique("shared")
        pids = set()
        for turn in range(1, 12):
            for tenant, conn in clients.items():
                with conn.transaction():
                    if tenant != "default":
                        conn.execute(f"SET LOCAL wfstate.tenant = '{tenant}'")
                    pids.add(self.backend(conn))
                    state = {"of": tenant, "turn": turn, "text": tenant * 500}
                    self.assertEqual(self.value(
                        conn, "SELECT wf_save_state(%s, %s, %s)", execution, Jsonb(state), turn - 1), turn)
                    self.assertEqual(self.value(conn, "SELECT wf_load_state(%s)", execution), state)
            for tenant, conn in clients.items():
                with conn.transaction():
                    if tenant != "default":
                        conn.execute("SELECT set_config('wfstate.tenant', %s, true)", (tenant,))
                    row = conn.execute("SELECT version, state->>'of' FROM wf_load(%s)", (execution,))
                    self.assertEqual(row.fetchone(), (turn, tenant))
                    self.assertEqual(conn.execute(
                        "SELECT DISTINCT tenant FROM wfstate.executions WHERE execution_id = %s",
                        (execution,)).fetchall(), [(tenant,)])
                # Between transactions nothing is left of the tenant.
                self.assertEqual(self.value(conn, "SELECT wf_tenant()"), "default")
        self.assertEqual(len(pids), 1, "the clients did not share a server connection")

    def test_an_aborted_transaction_leaves_no_tenant(self):
        one, two = self.client(), self.client()
        execution = unique("aborted")
        with self.refused("WF005"), one.transaction():
            one.execute("SET LOCAL wfstate.tenant = 'red'")
            one.execute("SELECT wf_save_state(%s, %s)", (execution, Jsonb({"of": "red"})))
            one.execute("SELECT wf_load_state('absent')")
        self.assertEqual(self.value(two, "SELECT wf_tenant()"), "default")
        with two.transaction():
            two.execute("SET LOCAL wfstate.tenant = 'red'")
            with self.refused("WF005"), two.transaction():
                two.execute("SELECT wf_load_state(%s)", (execution,))
            self.assertEqual(self.value(two, "SELECT wf_save_state(%s, '{}', 0)", execution), 1)

    def test_writers_of_two_tenants_at_once(self):
        execution, failures = unique("busy"), []

        def write(tenant, number):
            try:
                with self.client() as conn:
                    for turn in range(25):
                        with conn.transaction():
                            conn.execute(f"SET LOCAL wfstate.tenant = '{tenant}'")
                            conn.execute("SELECT wf_patch_state(%s, %s)", (execution, Jsonb(
                                [{"op": "add", "path": "/log/-", "value": f"{tenant}-{number}-{turn}"}])))
            except Exception as error:
                failures.append(error)

        with self.client() as conn:
            for tenant in ("red", "green"):
                with conn.transaction():
                    conn.execute(f"SET LOCAL wfstate.tenant = '{tenant}'")
                    conn.execute("""SELECT wf_save_state(%s, '{"log": []}')""", (execution,))
        threads = [threading.Thread(target=write, args=(tenant, number))
                   for tenant in ("red", "green") for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        for tenant in ("red", "green"):
            with self.client() as conn, conn.transaction():
                conn.execute(f"SET LOCAL wfstate.tenant = '{tenant}'")
                version, state = conn.execute("SELECT version, state FROM wf_load(%s)",
                                              (execution,)).fetchone()
                self.assertEqual(version, 101)
                self.assertEqual(sorted(state["log"]), sorted(
                    f"{tenant}-{number}-{turn}" for number in range(4) for turn in range(25)))

    def test_a_bound_role(self):
        """Its tenant comes with the role (ALTER ROLE ... SET); another one is refused."""
        conn = self.client("bound")
        self.assertEqual(self.value(conn, "SELECT wf_tenant()"), "blue")
        self.assertEqual(self.value(conn, "SELECT wf_save_state(%s, '{}')", unique("bound")), 1)
        with self.refused("42501"), conn.transaction():
            conn.execute("SET LOCAL wfstate.tenant = 'default'")
            self.assertEqual(self.value(conn, "SELECT count(*) FROM wfstate.executions"), 0)
            conn.execute("SELECT wf_tenant()")
        self.assertEqual(self.value(conn, "SELECT wf_tenant()"), "blue")
