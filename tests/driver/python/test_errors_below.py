"""Errors that come from below a save: a user's own trigger, a damaged log."""
from psycopg.types.json import Jsonb

from harness import ADMIN, unique
from provoke import MARKER, SECRET, Provoking

REFUSE = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'not on a sunday' USING ERRCODE = 'P7777',
            DETAIL = 'The user''s own detail.', HINT = 'The user''s own hint.';
    END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON wfstate.state_versions
        FOR EACH ROW EXECUTE FUNCTION refuse()"""


class FromBelow(Provoking):
    def setUp(self):
        dbname = self.database()
        self.conn = self.session(dbname=dbname)
        self.admin = self.session(ADMIN, dbname=dbname)
        self.reader = self.session(dbname=dbname)
        self.id = unique("below")
        self.conn.execute("SELECT wf_save_state(%s, %s)", (self.id, SECRET))

    def test_a_trigger_keeps_its_code_detail_and_hint(self):
        self.admin.execute(REFUSE)
        for call in ("wf_save_state", "wf_patch_state"):
            error = self.provoke("P7777", f"SELECT {call}(%s, %s)", self.id, Jsonb({"a": MARKER}))
            self.assertEqual(
                (error.diag.message_primary, error.diag.message_detail, error.diag.message_hint),
                ("not on a sunday", "The user's own detail.", "The user's own hint."))
        self.provoke("P7777", "SELECT wf_save_states(%s, %s)", [self.id], [SECRET])
        self.provoke("P7777", "SELECT wf_fork(%s, 'new')", self.id)
        self.assertEqual(
            self.conn.execute("SELECT version, state FROM wf_load(%s)", (self.id,)).fetchone(),
            (1, SECRET.obj))
        self.admin.execute("DROP TRIGGER refuse ON wfstate.state_versions")
        self.assertEqual(self.value(self.conn, "SELECT wf_save_state(%s, %s)", self.id, SECRET), 2)

    def damage(self, patch):
        """Version 2 is a large state, version 3 a patch of it, which is then exchanged."""
        large = Jsonb({"field": MARKER, "text": "x" * 20000})
        self.conn.execute("SELECT wf_save_state(%s, %s)", (self.id, large))
        self.conn.execute("SELECT wf_patch_state(%s, %s)", (self.id, SECRET))
        changed = self.admin.execute(
            "UPDATE wfstate.state_versions SET patch = %s WHERE version = 3 AND snapshot IS NULL",
            (Jsonb(patch),))
        self.assertEqual(changed.rowcount, 1)

    def test_a_patch_that_no_longer_applies(self):
        self.damage([{"op": "remove", "path": f"/absent/{MARKER}"}])
        self.provoke("WF008", "SELECT wf_load_state(%s)", self.id, conn=self.reader)
        self.provoke("WF008", "SELECT wf_state_at(%s, 3)", self.id, conn=self.reader)
        self.verify_finds(3)
        # What lies before the damage is still to be had.
        self.assertEqual(self.value(self.reader, "SELECT wf_state_at(%s, 1)", self.id), SECRET.obj)

    def test_a_forged_patch(self):
        self.damage({"field": "forged"})
        self.verify_finds(3)

    def test_a_forged_snapshot(self):
        self.damage(SECRET.obj)
        self.admin.execute(
            "UPDATE wfstate.state_versions SET snapshot = snapshot || %s WHERE version = 2",
            (Jsonb({"forged": MARKER}),))
        self.verify_finds(2)

    def verify_finds(self, version):
        row = self.reader.execute("SELECT valid, bad_version, problem FROM wf_verify(%s)",
                                  (self.id,)).fetchone()
        self.assertEqual(row[:2], (False, version))
        self.assertNotIn(MARKER, row[2])
