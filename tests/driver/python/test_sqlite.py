"""SQLite files that are imported: of each store that is known, of a table that is named, and of strangers."""
import datetime
import json
import os
import sqlite3
import tempfile

from psycopg.types.json import Jsonb

from harness import unique
from provoke import Provoking

FLOWS = """
    CREATE TABLE flow_states (id INTEGER PRIMARY KEY AUTOINCREMENT, flow_uuid TEXT NOT NULL, method_name TEXT NOT NULL,
                              timestamp DATETIME NOT NULL, state_json TEXT NOT NULL);
    CREATE INDEX idx_flow_states_uuid ON flow_states(flow_uuid);
"""
FEEDBACK = """
    CREATE TABLE pending_feedback (id INTEGER PRIMARY KEY AUTOINCREMENT, flow_uuid TEXT NOT NULL UNIQUE,
                                   context_json TEXT NOT NULL, state_json TEXT NOT NULL, created_at DATETIME NOT NULL);
"""
THREADS = """
    CREATE TABLE checkpoints (thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL DEFAULT '', checkpoint_id TEXT NOT NULL,
                              parent_checkpoint_id TEXT, type TEXT, checkpoint BLOB, metadata BLOB,
                              PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id));
"""
OLD_THREADS = THREADS.replace("checkpoint_ns TEXT NOT NULL DEFAULT '', ", "").replace("checkpoint_ns, ", "")


def file(*scripts, journal="DELETE", rows=()):
    """The bytes of a database that these have made."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file.db")
        with sqlite3.connect(path) as connection:
            connection.execute(f"PRAGMA journal_mode = {journal}")
            for script in scripts:
                connection.executescript(script)
            for statement, parameters in rows:
                connection.execute(statement, parameters)
        connection.close()
        with open(path, "rb") as content:
            return content.read()


def flow(uuid, method, state, minute=0):
    at = datetime.datetime(2026, 1, 1, 12, minute, tzinfo=datetime.timezone.utc).isoformat()
    return ("INSERT INTO flow_states (flow_uuid, method_name, timestamp, state_json) VALUES (?, ?, ?, ?)",
            (uuid, method, at, state if isinstance(state, str) else json.dumps(state)))


class Imports(Provoking):
    def setUp(self):
        self.conn = self.session()

    def imported(self, content, **arguments):
        named = "".join(f", {name} => %({name})s" for name in arguments)
        return self.conn.execute(f"SELECT * FROM wf_import_sqlite(%(file)s{named})",
                                 {"file": content, **arguments}).fetchall()

    def history(self, execution):
        return self.conn.execute("SELECT version, step_id, saved_at, wf_state_at(%s, version) FROM wf_history(%s)",
                                 (execution, execution)).fetchall()

    def test_flows_of_crewai(self):
        for journal in ("DELETE", "WAL"):
            one, two = unique("flow"), unique("flow")
            states = [{"id": one, "n": n, "notes": ["x" * 100] * n} for n in range(20)]
            rows = [flow(one, f"method_{n}", state, n) for n, state in enumerate(states)]
            rows.insert(5, flow(two, "begin", {"id": two, "price": 1.50}))
            content = file(FLOWS, FEEDBACK, journal=journal, rows=rows)
            report = self.imported(content, workflow="flows")
            self.assertEqual(len(report), 21)
            self.assertEqual({row[4] for row in report}, {True})
            self.assertEqual({row[0] for row in report}, {"flow_states"})
            history = self.history(one)
            self.assertEqual([state for *_, state in history], states)
            self.assertEqual([step for _, step, *_ in history], [f"method_{n}" for n in range(20)])
            self.assertEqual([at.minute for _, _, at, _ in history], list(range(20)))
            self.assertEqual(self.value(self.conn, "SELECT workflow FROM wf_load(%s)", two), "flows")
            self.assertTrue(self.value(self.conn, "SELECT valid FROM wf_verify(%s)", one))
            self.assertEqual(self.value(self.conn, "SELECT wf_patch_state(%s, %s, 20)", one, Jsonb({"more": 1})), 21)

    def test_a_flow_that_waits_for_feedback(self):
        waiting = unique("flow")
        content = file(FLOWS, FEEDBACK, rows=[
            flow(waiting, "draft", {"n": 1}), ("INSERT INTO pending_feedback VALUES (7, ?, ?, ?, '2026-01-02T00:00:00+00:00')",
                                               (waiting, '{"question": "?"}', '{"n": 2}'))])
        report = self.imported(content)
        self.assertEqual([(row[0], row[1], row[3]) for row in report], [("flow_states", "1", 1), ("pending_feedback", "7", 2)])
        self.assertEqual(self.conn.execute("SELECT status, state FROM wf_load(%s)", (waiting,)).fetchone(), ("waiting", {"n": 2}))
        self.assertEqual(self.conn.execute("SELECT name, version, metadata FROM wf_checkpoints(%s)", (waiting,)).fetchall(),
                         [("pending_feedback", 2, {"question": "?"})])

    def test_a_flow_that_went_on_and_left_its_marker(self):
        """What waited is a version of its time; the head is what CrewAI would load."""
        went, late, unknown = unique("flow"), unique("flow"), unique("flow")
        marker = "INSERT INTO pending_feedback (flow_uuid, context_json, state_json, created_at) VALUES (?, '{}', '{\"n\": \"asked\"}', ?)"
        rows = [flow(one, "m", {"n": n}, n) for one in (went, late, unknown) for n in (1, 3, 5)]
        rows += [(marker, (went, "2026-01-01T12:03:00+00:00")), (marker, (late, "2026-01-01T12:05:00.000001+00:00")), (marker, (unknown, "then"))]
        self.imported(file(FLOWS, FEEDBACK, rows=rows))
        for one, states, status in ((went, [1, 3, "asked", 5], "running"), (late, [1, 3, 5, "asked"], "waiting"), (unknown, [1, 3, 5, "asked"], "waiting")):
            self.assertEqual([state["n"] for *_, state in self.history(one)], states)
            self.assertEqual(self.conn.execute("SELECT status, state -> 'n' FROM wf_load(%s)", (one,)).fetchone(), (status, states[-1]))
            self.assertEqual(self.value(self.conn, "SELECT version FROM wf_checkpoints(%s)", one), states.index("asked") + 1)
            self.assertEqual([s for s, in self.conn.execute("SELECT status FROM wf_history(%s)", (one,))],
                             ["waiting" if state == "asked" else "running" for state in states])

    def test_rows_that_are_left_out_name_their_execution(self):
        one = unique("flow")
        report = self.imported(file(FLOWS, rows=[flow(one, "m", {"n": 1}), flow(one, "m", "{nonsense"), flow("", "m", {})]))
        self.assertEqual([(row[1], row[2], row[4]) for row in sorted(report)], [("1", one, True), ("2", one, False), ("3", None, False)])

    def test_threads_and_namespaces_that_look_alike(self):
        """No two of them become one execution, whatever stands in their ids."""
        stem = unique("t")
        pairs = [(f"{stem}/b", ""), (stem, "b"), (f"{stem}%2Fb", ""), (f"{stem}/", "b"), (stem, "/b"), (f"{stem}%", "b"), (f"{stem}//b", "")]
        rows = [("INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, type, checkpoint, metadata) VALUES (?, ?, ?, 'json', ?, '{}')",
                 (thread, namespace, f"c{turn}", json.dumps([thread, namespace]))) for turn in (1, 2) for thread, namespace in pairs]
        report = self.imported(file(THREADS, rows=rows))
        ids = {row[2] for row in report}
        self.assertEqual((len(ids), {row[4] for row in report}), (len(pairs), {True}))
        self.assertEqual(sorted(self.value(self.conn, "SELECT wf_load_state(%s)", one) for one in ids), sorted(map(list, pairs)))
        for one in ids:
            self.assertEqual(len(self.history(one)), 2)
        self.assertLessEqual({f"{stem}%2Fb", f"{stem}/b"}, ids)

    def test_checkpoints_of_langgraph(self):
        thread = unique("thread")
        for script, namespaces in ((THREADS, True), (OLD_THREADS, False)):
            name = f"{thread}-{namespaces}"
            def row(number, kind, value, namespace=""):
                columns = {"thread_id": name, "checkpoint_id": f"c{number}", "type": kind, "checkpoint": value,
                           "metadata": b'{"step": 1}', **({"checkpoint_ns": namespace} if namespaces else {})}
                return (f"INSERT INTO checkpoints ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", tuple(columns.values()))
            value = lambda n: json.dumps({"ts": f"2026-02-0{n}T00:00:00+00:00", "channel_values": {"n": n}}).encode()
            rows = [row(2, "json", value(2)), row(1, "json", value(1)), row(3, "msgpack", b"\x81\xa1n\x03")]
            if namespaces:
                rows.append(row(9, "json", value(9), "inner"))
            report = self.imported(file(script, rows=rows))
            self.assertEqual([(r[1], r[3], r[4]) for r in report if r[2] == name and r[4]], [("c1", 1, True), ("c2", 2, True)])
            self.assertEqual([(r[1], r[4], r[5]) for r in report if not r[4]], [("c3", False, "its values are not JSON")])
            if namespaces:
                self.assertEqual(self.value(self.conn, "SELECT wf_load_state(%s) -> 'channel_values'", f"{name}/inner"), {"n": 9})
            self.assertEqual([(at.day, state["channel_values"]) for _, _, at, state in self.history(name)], [(1, {"n": 1}), (2, {"n": 2})])
            self.assertEqual(self.conn.execute("SELECT name, metadata FROM wf_checkpoints(%s)", (name,)).fetchall(),
                             [("c1", {"step": 1}), ("c2", {"step": 1})])

    def test_a_table_that_is_named(self):
        prefix = unique("own") + ":"
        content = file('CREATE TABLE "my ""table" ("key" INTEGER, doc TEXT, at REAL, seq INT)', rows=[
            ('INSERT INTO "my ""table" VALUES (?, ?, ?, ?)', row) for row in [
                (2, '{"b": 1}', 1767225600, 1), (1, '{"a": 2}', 1767225660.5, 2), (1, '{"a": 1}', 1767225600, 1),
                (None, "{}", 0, 0), (3, "{nonsense", 0, 0), (3, None, 0, 0), (3, b"\x00", 0, 0), (3, '"\\u0000"', 0, 0),
                (4, "1e999999", 0, 0), (5, "[" * 7000 + "]" * 7000, 0, 0), ("nul\0", "{}", 0, 0), (6, "{}\0", 0, 0)]])
        arguments = {"table_name": 'my "table', "id_column": "key", "state_column": "doc", "order_column": "seq",
                     "saved_at_column": "at", "id_prefix": prefix}
        dry = self.imported(content, dry_run=True, **arguments)
        self.provoke("WF005", "SELECT wf_load_state(%s)", f"{prefix}1")
        report = self.imported(content, **arguments)
        self.assertEqual(dry, report)
        self.assertEqual([(r[1], r[2], r[3]) for r in report if r[4]],
                         [("3", f"{prefix}1", 1), ("2", f"{prefix}1", 2), ("1", f"{prefix}2", 1)])
        reasons = sorted(r[5] for r in report if not r[4])
        self.assertEqual(len(reasons), 9, reasons)
        self.assertIn("its id is neither a text nor a whole number", reasons)
        self.assertIn("it has no id", reasons)
        self.assertIn("its state is NULL", reasons)
        self.assertIn("state is nested too deeply", reasons)
        self.assertFalse(any("nonsense" in reason for reason in reasons), reasons)
        self.assertEqual([state for *_, state in self.history(f"{prefix}1")], [{"a": 1}, {"a": 2}])
        error = self.provoke("WF006", "SELECT * FROM wf_import_sqlite(%s, %s, 'key', 'doc', id_prefix => %s)", content, 'my "table', prefix)
        self.assertIn("already exists", error.diag.message_primary)

    def test_all_or_nothing(self):
        one, two, workflow = unique("a"), unique("b"), unique("ruled")
        self.conn.execute("SELECT wf_define(%s, %s)", (workflow, Jsonb({"schema": {"required": ["n"]}})))
        content = file(FLOWS, rows=[flow(one, "m", {"n": 1}), flow(two, "m", {"m": 1})])
        self.provoke("WF002", "SELECT * FROM wf_import_sqlite(%s, workflow => %s)", content, workflow)
        self.provoke("WF002", "SELECT * FROM wf_import_sqlite(%s, workflow => %s, dry_run => true)", content, workflow)
        self.provoke("WF005", "SELECT wf_load_state(%s)", one)

    def test_strangers(self):
        whole = file(FLOWS, rows=[flow(unique("s"), "m", {"n": "x" * 5000})] * 30)
        torn = whole[:5000] + b"\xff" * 4000 + whole[9000:]
        for content in (b"", b"x" * 200, whole[:50], whole[:5000], torn, whole[:100] + os.urandom(8000)):
            self.provoke("22023", "SELECT * FROM wf_import_sqlite(%s)", content)
        self.provoke("22023", "SELECT * FROM wf_import_sqlite(%s)", file("CREATE TABLE other (a)"))
        self.provoke("22023", "SELECT * FROM wf_import_sqlite(%s)", file("CREATE VIEW flow_states AS SELECT 1 AS id"))
        endless = """CREATE VIEW v AS WITH RECURSIVE r(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM r) SELECT id, 'x' AS doc FROM r;
                     CREATE TABLE t (id, doc);
                     CREATE TABLE log (a); CREATE TRIGGER g AFTER INSERT ON log BEGIN INSERT INTO log SELECT * FROM v; END;
                     INSERT INTO t (id, doc) VALUES (1, '{}')"""
        for table in ("v", "absent", "sqlite_schema", "pragma_table_info"):
            self.provoke("22023", "SELECT * FROM wf_import_sqlite(%s, %s, 'id', 'doc')", file(endless), table)
        self.assertEqual(len(self.imported(file(endless), table_name="t", id_column="id", state_column="doc", id_prefix=unique("t"))), 1)
        for columns in (("absent", "doc"), ("id", "absent")):
            error = self.provoke("22023", "SELECT * FROM wf_import_sqlite(%s, 't', %s, %s)", file(endless), *columns)
            self.assertEqual(error.diag.message_detail, 'It has the columns "doc", "id".')
        error = self.provoke("22023", "SELECT * FROM wf_import_sqlite(%s, 'absent', 'id', 'doc')", file(endless))
        self.assertEqual(error.diag.message_detail, 'It has the tables "log", "t".')
        wide = file(*[f"CREATE TABLE t{n:02} (a)" for n in range(25)])
        error = self.provoke("22023", "SELECT * FROM wf_import_sqlite(%s)", wide)
        self.assertTrue(error.diag.message_detail.endswith('"t19" and 5 more.'), error.diag.message_detail)
        for arguments in ("table_name => 't'", "order_column => 'x'", "table_name => 't', id_column => 'id'"):
            self.provoke("22023", f"SELECT * FROM wf_import_sqlite(%s, {arguments})", whole)

    def test_expressions_of_the_file_are_not_run(self):
        """One call of a function is one step of SQLite's, which nothing ends before it does."""
        self.conn.execute("SET statement_timeout = '10s'")
        slow = "instr(x, y)"
        checked = file("PRAGMA ignore_check_constraints = ON", f"CREATE TABLE t (id, doc, x, y, CHECK (1 OR {slow} = 0), CHECK (doc LIKE 'no'))",
                       "INSERT INTO t (id, doc, x, y) VALUES (1, '{}', replace(hex(zeroblob(1500000)), '0', 'a'), replace(hex(zeroblob(750000)), '0', 'a') || 'b')")
        self.assertEqual(len(self.imported(checked, table_name="t", id_column="id", state_column="doc", id_prefix=unique("c"))), 1)
        made = file(f"CREATE TABLE t (id, x, y, doc GENERATED ALWAYS AS ({slow}) VIRTUAL)", "INSERT INTO t (id, x, y) VALUES (1, 'a', 'b')")
        self.provoke("22023", "SELECT * FROM wf_import_sqlite(%s, 't', 'id', 'doc')", made)
        # In a table that nobody asks for they are not worked out either.
        self.provoke("22023", "SELECT * FROM wf_import_sqlite(%s)", file(FLOWS, f"CREATE TABLE t (x, y, z GENERATED ALWAYS AS ({slow}) STORED)"))

    def test_ids_that_the_file_takes_for_equal(self):
        prefix = unique("nocase")
        for collation in ("NOCASE", "RTRIM", "BINARY"):
            content = file(f"CREATE TABLE t (id TEXT COLLATE {collation}, doc)", "INSERT INTO t VALUES ('a', '1'), ('A', '2'), ('a', '3'), ('a ', '4'), ('A', '5')")
            self.imported(content, table_name="t", id_column="id", state_column="doc", id_prefix=prefix + collation)
            told = self.conn.execute("SELECT execution_id, version, wf_load_state(execution_id) FROM wf_list(max_rows => 1000) WHERE execution_id LIKE %s",
                                     (prefix + collation + "%",)).fetchall()
            self.assertEqual(sorted(told), [(prefix + collation + "A", 2, 5), (prefix + collation + "a", 2, 3), (prefix + collation + "a ", 1, 4)])
        mixed = file("CREATE TABLE t (id, doc)", "INSERT INTO t VALUES (1, '1'), ('1', '2'), (1, '3'), (2, '4')")
        self.imported(mixed, table_name="t", id_column="id", state_column="doc", id_prefix=prefix + "-")
        self.assertEqual([row[3] for row in self.history(prefix + "-1")], [1, 2, 3])

    def test_a_column_that_hides_the_number_of_the_row(self):
        prefix = unique("rowid")
        content = file("CREATE TABLE t (id, doc, rowid, oid)", "INSERT INTO t VALUES ('a', '1', 0, 0), ('a', '2', -1, -1), ('a', '3', -2, -2)")
        self.imported(content, table_name="t", id_column="id", state_column="doc", id_prefix=prefix)
        self.assertEqual([row[3] for row in self.history(prefix + "a")], [1, 2, 3])

    def test_times_are_exact(self):
        prefix = unique("time")
        moments = [(1704164645.123, "123000"), (1704164645123, "123000"), (1704164645.001, "001000"), (1704164645, "000000"),
                   (1704164645123456, "123456"), (1704164645123456789, "123456"), (1704164645123.456, "123456"), (1.704164645123e15, "123000"),
                   ("2024-01-02T03:04:05.123456+00:00", "123456"), ("2024-01-02 03:04:05.123456", "123456"), ("2024-01-02 05:04:05.1+02:00", "100000")]
        content = file("CREATE TABLE t (id, doc, at)", rows=[("INSERT INTO t VALUES (?, '1', ?)", (str(n), at)) for n, (at, _) in enumerate(moments)])
        self.imported(content, table_name="t", id_column="id", state_column="doc", saved_at_column="at", id_prefix=prefix)
        for n, (_, micros) in enumerate(moments):
            [(_, _, at, _)] = self.history(f"{prefix}{n}")
            self.assertEqual(at.astimezone(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f"), f"2024-01-02 03:04:05.{micros}")

    def test_days_alone(self):
        prefix = unique("day")
        days = ["2024-01-02", " 2024-01-02 "]
        none = ["2024", "01/02/2024", "02-01-2024", "20240102", "tomorrow", "2024-13-40", ""]
        content = file("CREATE TABLE t (id, doc, at)", rows=[("INSERT INTO t VALUES (?, '1', ?)", (str(n), at)) for n, at in enumerate(days + none)])
        self.conn.execute("SET DateStyle = 'SQL, DMY'; SET timezone = 'Asia/Tokyo'")
        self.imported(content, table_name="t", id_column="id", state_column="doc", saved_at_column="at", id_prefix=prefix)
        now = datetime.datetime.now(datetime.timezone.utc)
        told = [self.conn.execute("SELECT extract(epoch FROM saved_at)::float8 FROM wf_history(%s)", (f"{prefix}{n}",)).fetchone()[0] for n in range(len(days + none))]
        self.assertEqual(told[:2], [1704153600.0] * 2)
        self.assertTrue(all(abs(at - now.timestamp()) < 60 for at in told[2:]), told)

    def test_a_workflow_with_phases(self):
        """Its executions begin in the initial phase, under the rules of that."""
        workflow = unique("phased")
        self.conn.execute("SELECT wf_define(%s, %s)", (workflow, json.dumps({
            "phases": {"a": {"next": ["b"]}, "b": {}}, "initial_phase": "a", "terminal_phases": ["b"], "schema_version": 3,
            "rules": [{"name": "positive", "path": "$.x > 0", "message": "x is positive", "phases": ["a"]}]})))
        arguments = {"table_name": "t", "id_column": "id", "state_column": "doc", "workflow": workflow, "id_prefix": workflow}
        self.provoke("WF002", "SELECT * FROM wf_import_sqlite(%s, 't', 'id', 'doc', workflow => %s)",
                     file("CREATE TABLE t (id, doc)", "INSERT INTO t VALUES (1, '{\"x\": 0}')"), workflow)
        self.imported(file("CREATE TABLE t (id, doc)", "INSERT INTO t VALUES (1, '{\"x\": 1}')"), **arguments)
        told = self.conn.execute("SELECT phase, schema_version, workflow_version FROM wf_load(%s)", (workflow + "1",)).fetchone()
        self.assertEqual(told, ("a", 3, 1))

    def test_too_much(self):
        many = file("CREATE TABLE t (id INTEGER PRIMARY KEY, doc TEXT)",
                    "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 1000001) INSERT INTO t SELECT i, '{}' FROM r")
        self.provoke("54000", "SELECT * FROM wf_import_sqlite(%s, 't', 'id', 'doc')", many)
        large = file("CREATE TABLE t (id, doc)", "INSERT INTO t VALUES (1, '\"' || replace(hex(zeroblob(36000000)), '00', 'ab') || '\"')")
        self.assertEqual([row[4:] for row in self.imported(large, table_name="t", id_column="id", state_column="doc")],
                         [(False, "state is too large")])
        self.conn.execute("SET statement_timeout = '300ms'")
        slow = file("CREATE TABLE t (id, doc)",
                    "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 900000) INSERT INTO t SELECT i * 7919 % 900000, '{}' FROM r")
        for dry in ("true", "false"):
            self.provoke("57014", f"SELECT * FROM wf_import_sqlite(%s, 't', 'id', 'doc', dry_run => {dry})", slow)
