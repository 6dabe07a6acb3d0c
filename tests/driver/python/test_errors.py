"""What a client sees of each error: code, DETAIL, HINT; never a backtrace, never a state."""
import json

from psycopg.types.json import Jsonb

from harness import ADMIN, unique
from provoke import MARKER, SECRET, Provoking


class Errors(Provoking):
    def setUp(self):
        self.conn = self.session()
        self.id = unique("error")
        self.conn.execute("SELECT wf_save_state(%s, %s)", (self.id, SECRET))
        self.conn.execute("SELECT wf_save_state(%s, %s)", (self.id, SECRET))

    def test_state_errors(self):
        self.provoke("WF001", "SELECT wf_save_state(%s, %s, 1)", self.id, SECRET)
        self.provoke("WF001", "SELECT wf_patch_state(%s, %s, 1)", self.id, SECRET)
        self.provoke("WF001", "SELECT wf_recover(%s, version => 1, expected_version => 1)", self.id)
        self.provoke("WF001", "SELECT wf_delete(%s, 1)", self.id)
        self.provoke("WF003", "SELECT wf_recover(%s)", self.id)
        for call in ("wf_load_state(%s)", "wf_state_at(%s)", "wf_export(%s)", "wf_diff(%s, 1, 2)",
                     "wf_checkpoint(%s, 'c')", "wf_fork(%s, 'new')", "wf_recover(%s)"):
            self.provoke("WF005", f"SELECT {call}", unique("missing"))
        self.provoke("WF005", "SELECT wf_load(%s)", unique("missing"))
        self.provoke("WF005", "SELECT wf_patch_state(%s, %s)", unique("missing"), SECRET)
        self.provoke("WF005", "SELECT wf_state_at(%s, 99)", self.id)
        self.provoke("WF005", "SELECT wf_recover(%s, 'nameless')", self.id)
        self.provoke("WF006", "SELECT wf_save_state(%s, %s, 0)", self.id, SECRET)
        self.provoke("WF006", "SELECT wf_fork(%s, %s)", self.id, self.id)
        document = self.value(self.conn, "SELECT wf_export(%s)", self.id)
        self.provoke("WF006", "SELECT wf_import(%s)", Jsonb(document))

    def test_bad_arguments(self):
        save = "SELECT wf_save_state(%s, %s)"
        self.provoke("22023", save, None, SECRET)
        self.provoke("22023", save, "", SECRET)
        self.provoke("22023", save, self.id, None)
        self.provoke("22023", "SELECT wf_save_state(%s, %s, -1)", self.id, SECRET)
        self.provoke("22023", "SELECT wf_save_state(%s, %s, status => 'lost')", self.id, SECRET)
        self.provoke("22023", "SELECT wf_save_state(%s, %s, tags => '[]')", self.id, SECRET)
        self.provoke("22023", "SELECT wf_state_at(%s, 1, now())", self.id)
        self.provoke("22023", "SELECT wf_history(%s, max_rows => 0)", self.id)
        self.provoke("22023", "SELECT wf_list(sort => 'colour')")
        self.provoke("22023", "SELECT wf_prune_history(%s)", self.id)
        self.provoke("22023", "SELECT wf_import(%s)", Jsonb({MARKER: MARKER}))
        self.provoke("22023", "SELECT wf_import(%s)", Jsonb([MARKER]))

    def test_patches_that_do_not_apply(self):
        self.provoke("WF001", "SELECT wf_patch_state(%s, %s)", self.id, Jsonb([{"op": "test", "path": "/field", "value": MARKER + "!"}]))
        for patch in (
            [{"op": "remove", "path": "/absent"}],
            [{"op": "add", "path": "/list/99", "value": MARKER}],
            [{"op": "add", "path": "field", "value": MARKER}],
            [{"op": "dance", "path": "/field", "value": MARKER}],
            [{"path": "/field", "value": MARKER}],
            [MARKER],
            [{"op": "replace", "path": "/field", "value": 1}, {"op": "remove", "path": "/x/y"}],
        ):
            self.provoke("22023", "SELECT wf_patch_state(%s, %s)", self.id, Jsonb(patch))
        for scalar in (MARKER, 7, None, True):
            self.provoke("22023", "SELECT wf_patch_state(%s, %s)", self.id, json.dumps(scalar))
        self.assertEqual(self.value(self.conn, "SELECT version FROM wf_load(%s)", self.id), 2)

    def test_over_a_limit(self):
        self.provoke("54000", "SELECT wf_save_state(%s, %s)", "x" * 256, SECRET)
        self.provoke("54000", "SELECT wf_save_state(%s, %s, note => %s)", self.id, SECRET,
                     "n" * 9000)
        deep = "[" * 1100 + json.dumps(MARKER) + "]" * 1100
        self.provoke("54000", "SELECT wf_save_state(%s, %s)", self.id, deep)
        # Only a superuser sets the limit, or whom one allows to.
        with self.session(ADMIN) as admin:
            admin.execute(f"GRANT SET ON PARAMETER wfstate.max_state_size TO {self.conn.info.user}")
            self.addCleanup(self.take_back, self.conn.info.user)
        self.conn.execute("SET wfstate.max_state_size = 1")
        large = {"field": MARKER * 200}
        self.provoke("54000", "SELECT wf_save_state(%s, %s)", self.id, Jsonb(large))
        self.provoke("54000", "SELECT wf_patch_state(%s, %s)", self.id, Jsonb(large))

    def take_back(self, role):
        with self.session(ADMIN) as admin:
            admin.execute(f"REVOKE SET ON PARAMETER wfstate.max_state_size FROM {role}")

    def test_no_permission(self):
        bound, stranger = self.role("writer"), self.role()
        with self.session(ADMIN) as admin:
            admin.execute("SELECT wf_grant_tenant(%s, 'blue')", (bound,))
        self.provoke("42501", "SELECT wf_save_state(%s, %s)", self.id, SECRET,
                     conn=self.session(bound))
        self.provoke("42501", "SELECT wf_save_state(%s, %s)", self.id, SECRET,
                     conn=self.session(stranger))
        self.provoke("42501", "SELECT wf_grant_access(%s, 'admin')", bound)

    def test_server_errors_cross_whole(self):
        """Cancelled and timed out inside a save: the server's own code, and the session lives."""
        other = self.session(autocommit=False)
        other.execute("SELECT wf_save_state(%s, %s)", (self.id, SECRET))
        self.conn.execute("SET lock_timeout = '100ms'")
        self.provoke("55P03", "SELECT wf_save_state(%s, %s)", self.id, SECRET)
        self.conn.execute("SET lock_timeout = 0; SET statement_timeout = '100ms'")
        self.provoke("57014", "SELECT wf_patch_state(%s, %s)", self.id, SECRET)
        other.rollback()
        self.conn.execute("SET statement_timeout = 0")
        self.assertEqual(self.value(self.conn, "SELECT wf_save_state(%s, %s)", self.id, SECRET), 3)

    def test_caught_in_plpgsql(self):
        """A block catches by the code, reads DETAIL and HINT, and goes on."""
        self.conn.execute("SELECT set_config('test.id', %s, false)", (self.id,))
        self.conn.execute("""
            DO $$
            DECLARE execution text := current_setting('test.id'); told text; advice text;
            BEGIN
                FOR turn IN 1..20 LOOP
                    BEGIN
                        PERFORM wf_save_state(execution, '{"n": 1}', expected_version => 1);
                        RAISE 'not refused';
                    EXCEPTION WHEN SQLSTATE 'WF001' THEN
                        GET STACKED DIAGNOSTICS told = PG_EXCEPTION_DETAIL, advice = PG_EXCEPTION_HINT;
                        ASSERT told = 'Expected version 1, but the head is at version ' || turn + 1 || '.', told;
                        ASSERT advice <> '';
                    END;
                    PERFORM wf_save_state(execution, jsonb_build_object('turn', turn), turn + 1);
                END LOOP;
            END $$""")
        self.assertEqual(self.value(self.conn, "SELECT wf_load_state(%s)", self.id), {"turn": 20})
