"""What a client sees of damage, and of its repair."""
from psycopg.types.json import Jsonb

from harness import ADMIN, connect, unique
from provoke import MARKER, Provoking


class Repair(Provoking):
    def setUp(self):
        self.conn = self.session()
        self.id = unique("broken")
        for n in (1, 2):
            self.conn.execute("SELECT wf_save_state(%s, %s)", (self.id, Jsonb({"n": n, "secret": MARKER})))
        self.conn.execute("SELECT wf_checkpoint(%s, 'good', 1)", (self.id,))

    def damage(self, statement):
        with connect(ADMIN) as admin:
            admin.execute(statement, {"id": self.id})

    def test_the_row_lasts_and_saves_go_on(self):
        self.damage("UPDATE wfstate.state_versions SET snapshot_hash = 1 WHERE execution_id = %(id)s AND version = 2")
        other = self.session()
        for call in ("wf_load_state(%s)", "wf_load(%s)", "wf_save_state(%s, '[]')"):
            self.provoke("WF008", f"SELECT * FROM {call}", self.id, conn=other)
        with self.conn.transaction():
            row = self.conn.execute("SELECT action, version, target_version, lost_count FROM wf_repair(%s)", (self.id,)).fetchone()
        self.assertEqual(row, ("checkpoint", 3, 1, 1))
        self.assertEqual(self.value(other, "SELECT wf_load_state(%s)", self.id)["n"], 1)
        self.assertEqual(self.value(other, "SELECT action FROM wf_recoveries(%s)", self.id), "checkpoint")
        self.assertEqual(self.value(other, "SELECT wf_patch_state(%s, %s, 3)", self.id, Jsonb({"m": 1})), 4)
        self.assertTrue(self.value(other, "SELECT valid FROM wf_verify(%s)", self.id))

    def test_that_nothing_is_left_is_a_row(self):
        self.damage("DELETE FROM wfstate.state_versions WHERE execution_id = %(id)s")
        row = self.conn.execute("SELECT action, reason FROM wf_repair(%s)", (self.id,)).fetchone()
        self.assertEqual(row[0], "failed")
        self.assertNotIn(MARKER, row[1])
        self.assertEqual(self.value(self.conn, "SELECT status FROM wf_list() WHERE execution_id = %s", self.id), "failed")
