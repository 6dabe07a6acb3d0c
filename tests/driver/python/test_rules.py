"""What a client sees of a state or a move that a definition refuses."""
from psycopg.types.json import Jsonb

from harness import ADMIN, connect, unique
from provoke import SECRET, Provoking

DEFINITION = {
    "phases": {"draft": {"next": ["review"]}, "review": {"next": ["done"]}, "done": {}},
    "initial_phase": "draft", "terminal_phases": ["done"],
    "schema": {"type": "object", "required": ["title"]},
}


class Rules(Provoking):
    def setUp(self):
        self.conn = self.session()
        self.id, self.workflow = unique("rules"), unique("document")
        self.assertEqual(self.value(self.conn, "SELECT wf_define(%s, %s)", self.workflow, Jsonb(DEFINITION)), 1)
        self.conn.execute("SELECT wf_save_state(%s, %s, workflow => %s)",
                          (self.id, Jsonb({"title": "t"}), self.workflow))

    def test_a_state_that_breaks_a_rule(self):
        error = self.provoke("WF002", "SELECT wf_save_state(%s, %s)", self.id, SECRET)
        self.assertIn(self.workflow[:30], error.diag.message_primary)
        self.assertIn("required", error.diag.message_detail)
        self.assertIn("wf_violations", error.diag.message_hint)
        self.provoke("WF002", "SELECT wf_patch_state(%s, %s)", self.id, Jsonb({"title": None}))
        self.assertEqual(self.value(self.conn, "SELECT wf_load_state(%s)", self.id), {"title": "t"})

    def test_a_move_that_is_not_allowed(self):
        error = self.provoke("WF004", "SELECT wf_transition(%s, 'done')", self.id)
        self.assertIn('"review"', error.diag.message_hint)
        self.assertEqual(self.value(self.conn, "SELECT wf_transition(%s, 'review', %s)", self.id,
                                    Jsonb({"n": 1})), 2)

    def test_a_definition_that_is_not_sound(self):
        error = self.provoke("22023", "SELECT wf_define(%s, %s)", self.workflow, Jsonb({"unknown": 1}))
        self.assertIn("unknown", error.diag.message_detail)

    def test_a_state_of_an_older_shape(self):
        shaped = unique("shaped")
        self.conn.execute("SELECT wf_save_state(%s, %s, workflow => %s)", (shaped, Jsonb({"n": 1}), shaped))
        self.conn.execute("SELECT wf_add_migration(%s, 1, 2, %s)", (shaped, Jsonb({"two": True})))
        other = self.session()
        self.assertEqual(self.value(other, "SELECT wf_load_state(%s)", shaped), {"n": 1, "two": True})
        self.assertEqual(self.value(other, "SELECT wf_patch_state(%s, %s, 1)", shaped, Jsonb({"n": 2})), 2)
        self.assertEqual(self.value(self.conn, "SELECT wf_state_at(%s)", shaped), {"n": 2, "two": True})
        self.conn.execute("SELECT wf_add_migration(%s, 2, 3, %s)",
                          (shaped, Jsonb([{"op": "remove", "path": "/absent"}])))
        error = self.provoke("WF002", "SELECT wf_load_state(%s)", shaped)
        self.assertIn("from version 2 to 3", error.diag.message_primary)
        migrated = self.conn.execute("SELECT migrated, failed, finished FROM wf_migrate_states(%s)", (shaped,)).fetchone()
        self.assertEqual(migrated, (0, 1, True))

    def test_a_migration_that_is_cancelled(self):
        """The session is in no transaction afterwards, failed or not."""
        shaped, function = unique("shaped"), unique("slow").replace("-", "_")
        with connect(ADMIN) as admin:
            admin.execute(f"""CREATE FUNCTION public.{function}(s jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE
                              AS $$ BEGIN PERFORM pg_sleep(60); RETURN s; END $$""")
        self.conn.execute("SELECT wf_save_state(%s, '{}', workflow => %s)", (shaped, shaped))
        self.conn.execute("SELECT wf_add_migration(%s, 1, 2, function => %s)", (shaped, f"public.{function}"))
        self.conn.execute("SET statement_timeout = '200ms'")
        for call in ("* FROM wf_migrate_states(%s)", "wf_load_state(%s)", "wf_patch_state(%s, '{}')"):
            self.provoke("57014", f"SELECT {call}", shaped)
        with connect(ADMIN) as admin:
            admin.execute(f"""CREATE OR REPLACE FUNCTION public.{function}(s jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE
                              AS $$ BEGIN RAISE SQLSTATE '40001'; END $$""")
        with self.refused("40001"):
            self.conn.execute("SELECT * FROM wf_migrate_states(%s)", (shaped,))
        self.assertEqual(self.value(self.conn, "SELECT wf_state_at(%s)", shaped), {})
