"""A user's trigger below a save calls the API again."""
from psycopg.types.json import Jsonb

from harness import ADMIN, APP, Case, unique

AUDIT = """
    CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE seen jsonb;
    BEGIN
        IF NEW.execution_id LIKE 'audit-%' THEN RETURN NEW; END IF;
        PERFORM wf_save_state('audit-' || NEW.execution_id, jsonb_build_object(
            'of', NEW.execution_id, 'version', NEW.version, 'filler', repeat('y', 3000)));
        PERFORM wf_patch_state('audit-' || NEW.execution_id, '{"patched": true}');
        -- Readers, too, while the outer call has its own look at the same tables.
        seen := wf_load_state('audit-' || NEW.execution_id);
        ASSERT seen @> '{"patched": true}';
        PERFORM * FROM wf_history('audit-' || NEW.execution_id);
        RETURN NEW;
    END $$;
    CREATE TRIGGER audit @when INSERT ON wfstate.state_versions FOR EACH ROW EXECUTE FUNCTION audit();
    GRANT EXECUTE ON FUNCTION audit TO @role"""


class Reentrance(Case):
    def start(self, when):
        dbname = self.database()
        self.admin = self.session(ADMIN, dbname=dbname)
        self.admin.execute(AUDIT.replace("@when", when).replace("@role", APP))
        self.conn = self.session(dbname=dbname)
        self.reader = self.session(dbname=dbname)

    def nested(self, when):
        self.start(when)
        execution = unique("outer")
        text = "x" * 4000
        for n in range(1, 9):
            state = Jsonb({"n": n, "text": text})
            self.assertEqual(self.value(self.conn, "SELECT wf_save_state(%s, %s, %s)",
                                        execution, state, n - 1), n)
            self.assertEqual(self.value(self.conn, "SELECT wf_load_state(%s)", execution), state.obj)
        self.conn.execute("SELECT wf_patch_state(%s, %s)", (execution, Jsonb({"n": 9})))
        self.conn.execute("SELECT * FROM wf_save_states(%s, %s)",
                          ([execution, execution + "-2"],
                           [Jsonb({"n": 10, "text": text}), Jsonb({"n": 1})]))
        audit = self.reader.execute("SELECT version, state FROM wf_load(%s)",
                                    (f"audit-{execution}",)).fetchone()
        self.assertEqual((audit[0], audit[1]["version"]), (20, 10))
        self.assertEqual(self.value(self.reader, "SELECT wf_load_state(%s)", execution),
                         {"n": 10, "text": text})
        rows = self.reader.execute(
            "SELECT e.execution_id, v.versions, v.valid FROM wf_list(sort => 'execution_id') AS e,"
            " wf_verify(e.execution_id) AS v ORDER BY 1").fetchall()
        self.assertEqual(rows, [
            (f"audit-{execution}", 20, True), (f"audit-{execution}-2", 2, True),
            (execution, 10, True), (f"{execution}-2", 1, True)])

    def test_before_insert(self):
        self.nested("BEFORE")

    def test_after_insert(self):
        self.nested("AFTER")

    def test_the_outer_call_fails(self):
        """What the trigger saved goes with the save that fired it."""
        self.start("AFTER")
        self.conn.execute("SELECT wf_save_state('a', '{}'), wf_save_state('b', '{}')")
        with self.refused("WF001"):
            self.conn.execute("SELECT wf_save_states(%s, %s, %s)",
                              (["a", "b"], [Jsonb({"n": 1}), Jsonb({"n": 1})], [1, 5]))
        self.assertEqual(
            self.reader.execute("SELECT version, state->>'version' FROM wf_load('audit-a')").fetchone(),
            (2, "1"))

    def test_a_function_saves_within_a_query_over_the_api(self):
        """A save for each row that a reader returns, in one statement."""
        conn = self.session()
        workflow = unique("bulk")
        for n in range(20):
            conn.execute("SELECT wf_save_state(%s, %s, workflow => %s)",
                         (f"{workflow}-{n:02}", Jsonb({"n": n}), workflow))
        rows = conn.execute(
            """SELECT wf_save_state(f.execution_id, f.state || '{"seen": true}', f.version)
                 FROM wf_find('{}', %s) AS f""", (workflow,)).fetchall()
        self.assertEqual(rows, [(2,)] * 20)
        self.assertEqual(
            self.value(conn, """SELECT count(*) FROM wf_find('{"seen": true}', %s)""", workflow), 20)
