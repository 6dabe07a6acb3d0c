"""What long histories, chains of references and many workflows cost a session: time, memory, and how soon it stops."""
import threading
import time

import psycopg
from psycopg.types.json import Jsonb

from harness import ADMIN, Case, connect, unique

MANY = 10_000
# As many as the settings let be between two keyframes.
JUMPS = 5_000
LARGE = "jsonb_build_object('l', (SELECT jsonb_agg(i) FROM generate_series(1, 50000) AS i))"


class Bounds(Case):
    def memory(self, conn):
        """MB that the session's process has for itself."""
        with open(f"/proc/{conn.info.backend_pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) / 1024

    def stops(self, statement, *params, after):
        """Milliseconds from a cancel to its answer, the best of some: other things may be running beside."""
        took = []
        for attempt in range(20):
            conn, sent = self.session(), []
            conn.execute("SELECT wf_tenant()")

            def cancel():
                time.sleep(after * (1 + attempt % 4) / 4)
                sent.append(time.monotonic())
                conn.cancel()

            thread = threading.Thread(target=cancel)
            thread.start()
            try:
                conn.execute(statement, params)
            except psycopg.errors.QueryCanceled:
                took.append((time.monotonic() - sent[0]) * 1000)
            thread.join()
            conn.close()
            if len(took) == 4:
                break
        self.assertTrue(took, "it was never cancelled")
        return min(took)

    def test_a_load_along_many_jumps(self):
        """Each round throws a version away, and goes on from the one before it."""
        conn, one = self.session(), unique("jumps")
        conn.execute("SET wfstate.keyframe_min = 1048576")
        conn.execute("SELECT wf_save_state(%s, jsonb_build_object('l', repeat(md5('x'), 500)))", (one,))
        conn.execute(f"""
            DO $$ BEGIN FOR i IN 1..{JUMPS} LOOP
                PERFORM wf_patch_state('{one}', '{{"n": 1}}'), wf_patch_state('{one}', '{{"dropped": 1}}');
                PERFORM wf_recover('{one}', version => 3 * i - 1);
                IF i % 10 = 0 THEN COMMIT; END IF;
            END LOOP; END $$""")
        kinds = dict(conn.execute("SELECT snapshot IS NOT NULL, count(*) FROM wfstate.state_versions WHERE execution_id = %s GROUP BY 1", (one,)))
        self.assertEqual(kinds, {True: 1, False: 3 * JUMPS})
        began = time.monotonic()
        self.assertEqual(self.value(self.session(), "SELECT wf_load_state(%s) - 'l'", one), {"n": 1})
        took = time.monotonic() - began
        self.assertLess(self.stops("SELECT wf_load_state(%s)", one, after=took * 0.6), 100)
        conn.execute("SELECT wf_delete(%s)", (one,))

    def test_a_repair_of_a_long_log(self):
        """10,000 versions of which the first, and only, state is gone: as many as a chain may have. Then one amid them."""
        conn, one = self.session(), unique("long")
        conn.execute(f"SELECT wf_save_state('{one}', {LARGE})")
        conn.execute(f"""
            DO $$ BEGIN FOR i IN 1..{MANY} LOOP
                PERFORM wf_patch_state('{one}', jsonb_build_object('n', i));
                IF i % 10 = 0 THEN COMMIT; END IF;
            END LOOP; END $$""")
        damage = "UPDATE wfstate.state_versions SET snapshot_hash = snapshot_hash + 1 WHERE execution_id = %s AND version = {}"
        with connect(ADMIN) as admin:
            admin.execute("UPDATE wfstate.state_versions SET patch = '{\"n\": 0}' WHERE execution_id = %s AND version = 7000", (one,))
        before = self.memory(conn)
        with conn.transaction(force_rollback=True):
            began = time.monotonic()
            row = conn.execute("SELECT action, target_version, lost_count FROM wf_repair(%s)", (one,)).fetchone()
            self.assertEqual(row, ("version", 6999, MANY + 1 - 6999))
            self.assertEqual(self.value(conn, "SELECT wf_load_state(%s) -> 'n'", one), 6998)
            self.assertLess(time.monotonic() - began, 60)
        with connect(ADMIN) as admin:
            admin.execute(damage.format(1), (one,))
        self.assertLess(self.stops("SELECT * FROM wf_repair(%s)", one, after=0.05), 100)
        began = time.monotonic()
        row = conn.execute("SELECT action, lost_count FROM wf_repair(%s)", (one,)).fetchone()
        self.assertEqual(row, ("failed", MANY + 1))
        self.assertLess(time.monotonic() - began, 30)
        self.assertLess(self.memory(conn) - before, 64)

    def test_a_chain_of_references(self):
        """2,000 levels of a schema that refer to the next: right, or refused, and the session goes on."""
        conn, workflow = self.session(), unique("chain")
        chain = {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(2000)}
        chain["d2000"] = {"type": "integer"}
        try:
            conn.execute("SELECT wf_define(%s, %s)", (workflow, Jsonb({"schema": {"$ref": "#/$defs/d0", "$defs": chain}})))
        except psycopg.Error as error:
            self.assertIn(error.sqlstate, ("22023", "54000"))
        else:
            self.assertTrue(self.value(conn, "SELECT wf_is_valid_state(%s, '7')", workflow))
            self.assertFalse(self.value(conn, "SELECT wf_is_valid_state(%s, '\"text\"')", workflow))
        nested = {"type": "object", "properties": {"next": {"$ref": "#/$defs/d0"}}}
        deep = {f"d{n}": {"properties": {"next": {"$ref": f"#/$defs/d{n + 1}"}}} for n in range(2000)} | {"d2000": {"type": "integer"}}
        state = 7
        for _ in range(900):
            state = {"next": state}
        conn = self.session()
        try:
            conn.execute("SELECT wf_is_valid_state(%s, '1')", (workflow,))
            self.value(conn, "SELECT count(*) FROM wf_definition_violations(%s, %s)", Jsonb({"schema": {**nested, "$defs": deep}}), Jsonb(state))
        except psycopg.Error as error:
            self.assertIn(error.sqlstate, ("22023", "54000", "WF005"))
        self.assertEqual(self.value(conn, "SELECT 1"), 1)

    def test_many_of_everything_in_one_session(self):
        """Executions, definitions and tenants that a session has met do not add up."""
        admin, stem = self.session(ADMIN), unique("many")
        admin.execute("SELECT set_config('wfstate.tenant', %s, false)", (stem,))
        text = "repeat(md5(i::text), 3000)"

        def work(first, last):
            admin.execute(f"SELECT count(wf_save_state('{stem}' || i, jsonb_build_object('t', {text}))) FROM generate_series({first}, {last}) AS i")
            admin.execute(f"SELECT count(wf_load_state('{stem}' || i)) FROM generate_series({first}, {last}) AS i")
            admin.execute(f"""SELECT count(wf_define('{stem}' || i, jsonb_build_object('schema', jsonb_build_object('enum', (SELECT jsonb_agg(md5((i * j)::text)) FROM generate_series(1, 100) AS j))))) FROM generate_series({first}, {last}) AS i""")
            admin.execute(f"SELECT count(wf_is_valid_state('{stem}' || i, '{{}}')) FROM generate_series({first}, {last}) AS i")
            for n in range(first, last):
                admin.execute("SELECT set_config('wfstate.tenant', %s, false), (SELECT count(*) FROM wf_load_many('{none}'))", (f"{stem}-{n}",))
            admin.execute("SELECT set_config('wfstate.tenant', %s, false)", (stem,))

        work(1, 300)
        middle = self.memory(admin)
        work(301, 1500)
        for cache, entries, held, most in admin.execute("SELECT cache, entries, bytes, max_bytes FROM wf_cache_stats()"):
            self.assertGreater(entries, 0, cache)
            self.assertLessEqual(held, most, cache)
        self.assertLess(self.memory(admin) - middle, 48)
