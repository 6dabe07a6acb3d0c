"""psycopg 3: the quick start with each of its ways to send parameters and fetch results."""
import json

import psycopg
from psycopg.types.json import Jsonb

from harness import Case, unique
from walk import quick_start


class QuickStart(Case):
    def test_untyped_text(self):
        """str parameters go out untyped: every call must resolve without a cast."""
        quick_start(self, self.session(), json.dumps)

    def test_jsonb_adapter(self):
        quick_start(self, self.session(), Jsonb)

    def test_prepared_at_once(self):
        quick_start(self, self.session(prepare_threshold=0), Jsonb)

    def test_never_prepared(self):
        quick_start(self, self.session(prepare_threshold=None), json.dumps)

    def test_client_side_binding(self):
        quick_start(self, self.session(cursor_factory=psycopg.ClientCursor), json.dumps)

    def test_inside_one_transaction(self):
        """Errors inside a savepoint leave the rest of the transaction as it was."""
        conn = self.session(autocommit=False)
        execution = unique("transaction")
        conn.execute("SELECT wf_save_state(%s, %s)", (execution, Jsonb({"n": 1})))
        with self.refused("WF001"), conn.transaction():
            conn.execute("SELECT wf_save_state(%s, %s, 7)", (execution, Jsonb({"n": 2})))
        self.assertEqual(
            self.value(conn, "SELECT wf_save_state(%s, %s, 1)", execution, Jsonb({"n": 3})), 2)
        conn.commit()
        other = self.session()
        self.assertEqual(self.value(other, "SELECT wf_load_state(%s)", execution), {"n": 3})

    def test_binary_results(self):
        conn = self.session()
        execution = unique("binary")
        state = {"text": "ü", "number": 1.25, "list": [None, True, {}]}
        cursor = conn.cursor(binary=True)
        cursor.execute("SELECT wf_save_state(%s, %b)", (execution, Jsonb(state)))
        self.assertEqual(cursor.fetchone(), (1,))
        row = cursor.execute("SELECT version, state, tags, created_at FROM wf_load(%s)",
                             (execution,)).fetchone()
        self.assertEqual(row[:3], (1, state, None))


class Pipeline(Case):
    def test_saves_and_loads(self):
        conn = self.session()
        execution = unique("pipeline")
        with conn.pipeline():
            saves = [conn.execute("SELECT wf_save_state(%s, %s, %s)",
                                  (execution, Jsonb({"n": n}), n)) for n in range(60)]
            patch = conn.execute("SELECT wf_patch_state(%s, %s)", (execution, Jsonb({"end": 1})))
            load = conn.execute("SELECT wf_load_state(%s)", (execution,))
        self.assertEqual([save.fetchone()[0] for save in saves], list(range(1, 61)))
        self.assertEqual(patch.fetchone(), (61,))
        self.assertEqual(load.fetchone(), ({"n": 59, "end": 1},))

    def test_a_refusal_ends_the_implicit_transaction(self):
        conn = self.session()
        execution = unique("pipeline")
        conn.execute("SELECT wf_save_state(%s, %s)", (execution, Jsonb({"n": 1})))
        with self.refused("WF001") as caught, conn.pipeline():
            conn.execute("SELECT wf_save_state(%s, %s, 1)", (execution, Jsonb({"n": 2})))
            conn.execute("SELECT wf_save_state(%s, %s, 1)", (execution, Jsonb({"n": 3})))
            conn.execute("SELECT wf_save_state(%s, %s)", (execution, Jsonb({"n": 4})))
        self.assertIn("Expected version 1, but the head is at version 2.",
                      caught[0].diag.message_detail)
        # The server runs what lies between two syncs as one transaction: the save before is gone.
        self.assertEqual(
            conn.execute("SELECT version, state FROM wf_load(%s)", (execution,)).fetchone(),
            (1, {"n": 1}))


class Session(Case):
    def test_tenant_as_a_connection_option(self):
        """The setting is given before the library is loaded; it must hold from the first call."""
        execution = unique("tenant")
        blue = self.session(options="-c wfstate.tenant=blue")
        blue.execute("SELECT wf_save_state(%s, %s)", (execution, Jsonb({"of": "blue"})))
        self.assertEqual(self.value(blue, "SELECT wf_tenant()"), "blue")
        reader = self.session(options="-c wfstate.tenant=blue")
        self.assertEqual(
            reader.execute("SELECT tenant FROM wfstate.executions WHERE execution_id = %s",
                           (execution,)).fetchall(), [("blue",)])
        with self.refused("WF005"):
            self.session().execute("SELECT wf_load_state(%s)", (execution,))

    def test_set_local_before_the_first_call(self):
        conn = self.session()
        with conn.transaction():
            conn.execute("SET LOCAL wfstate.tenant = 'green'")
            self.assertEqual(self.value(conn, "SELECT wf_tenant()"), "green")
        self.assertEqual(self.value(conn, "SELECT wf_tenant()"), "default")

    def test_set_rolled_back(self):
        conn = self.session(autocommit=False)
        conn.execute("SET wfstate.tenant = 'green'")
        self.assertEqual(self.value(conn, "SELECT wf_tenant()"), "green")
        conn.rollback()
        self.assertEqual(self.value(conn, "SELECT wf_tenant()"), "default")
