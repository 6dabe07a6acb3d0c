"""Installed by an owner, in a schema of choice, under a hostile search_path, and gone again."""
from psycopg.types.json import Jsonb

from harness import ADMIN, Case, connect, unique
from owned import ADMINS, OPERATORS, READERS, WRITERS, Owned

# Whatever an unqualified name could mean, before the server's own.
EVIL = """
    CREATE SCHEMA evil;
    CREATE FUNCTION evil.wf_tenant() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;
    CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS
        $$ BEGIN RAISE 'hijacked'; END $$;
    CREATE FUNCTION evil.octet_length(text) RETURNS integer LANGUAGE plpgsql AS
        $$ BEGIN RAISE 'hijacked'; END $$;
    CREATE FUNCTION evil.count(text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;
    CREATE TABLE evil.executions ();
    CREATE TABLE evil.state_versions ();
    CREATE TEMP TABLE checkpoints ();
    CREATE TEMP TABLE search ()"""
EVIL_OPERATOR = """
    CREATE FUNCTION evil.fail({0}, {0}) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;
    CREATE OPERATOR evil.= (LEFTARG = {0}, RIGHTARG = {0}, FUNCTION = evil.fail);
    CREATE OPERATOR evil.<> (LEFTARG = {0}, RIGHTARG = {0}, FUNCTION = evil.fail);
    CREATE OPERATOR evil.< (LEFTARG = {0}, RIGHTARG = {0}, FUNCTION = evil.fail);
    CREATE OPERATOR evil.<= (LEFTARG = {0}, RIGHTARG = {0}, FUNCTION = evil.fail);
    CREATE OPERATOR evil.> (LEFTARG = {0}, RIGHTARG = {0}, FUNCTION = evil.fail);
    CREATE OPERATOR evil.>= (LEFTARG = {0}, RIGHTARG = {0}, FUNCTION = evil.fail);
    CREATE OPERATOR evil.|| (LEFTARG = {0}, RIGHTARG = {0}, FUNCTION = evil.fail);
    CREATE OPERATOR evil.@> (LEFTARG = {0}, RIGHTARG = {0}, FUNCTION = evil.fail)"""
TYPES = ("text", "bigint", "integer", "boolean", "jsonb", "name", "oid", "timestamptz", "interval",
         '"char"', "text[]", "regrole", "regtype", "regclass")


class Encoding(Case):
    def test_a_database_of_another_encoding_is_refused(self):
        name = unique("ascii").replace("-", "_")
        server = self.session(ADMIN, dbname="postgres")
        server.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
        try:
            with connect(ADMIN, dbname=name, client_encoding="utf8") as conn:
                with self.refused("0A000") as caught:
                    conn.execute("CREATE EXTENSION wfstate")
                self.assertEqual(caught[0].diag.message_detail, "The encoding of this database is SQL_ASCII.")
                self.assertIsNone(conn.execute("SELECT to_regnamespace('wfstate')").fetchone()[0])
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Installation(Owned):
    extension = None

    def work(self, conn, schema):
        """One of each kind, with every name written out."""
        execution, workflow = unique("order"), unique("w")

        def call(text, *params):
            return self.value(conn, f"SELECT {schema}.{text}", execution, *params)

        self.assertEqual(call("wf_save_state(%s, %s, workflow => %s, tags => '{\"t\": 1}')",
                              Jsonb({"a": [1], "text": "x" * 3000}), workflow), 1)
        self.assertEqual(call("wf_patch_state(%s, %s, 1)", Jsonb({"b": 2})), 2)
        self.assertEqual(call("wf_checkpoint(%s, 'c')"), 2)
        self.assertEqual(call("wf_recover(%s, version => 1)"), 3)
        self.assertEqual(call("wf_fork(%s, %s, 2)", execution + "-fork"), 1)
        call("wf_prune_history(%s, 2)")
        self.assertEqual(
            self.value(conn, f"SELECT count(*) FROM {schema}.wf_find('{{\"b\": 2}}', %s)", workflow), 1)
        self.assertEqual(
            self.value(conn, f"SELECT count(*) FROM {schema}.wf_list(%s, tags => '{{\"t\": 1}}')",
                       workflow), 2)
        self.assertTrue(self.value(conn, f"SELECT valid FROM {schema}.wf_verify(%s)", execution))
        call(f"wf_import({schema}.wf_export(%s), %s)", execution + "-copy")
        with self.refused("WF001"):
            call("wf_save_state(%s, '{}', 1)")
        self.assertTrue(call("wf_delete(%s)"))

    def test_another_schema(self):
        self.owner.execute("CREATE SCHEMA lib; CREATE EXTENSION wfstate SCHEMA lib")
        self.owner.execute("SET search_path = ''")
        self.work(self.owner, "lib")
        name = self.new_role()
        self.owner.execute("SELECT lib.wf_grant_access(%s, 'operator')", (name,))
        self.owner.execute("SELECT lib.wf_declare_search('w', ARRAY['/b'])")
        self.owner.execute(f'GRANT USAGE ON SCHEMA lib TO "{name}"')
        conn = self.login(name)
        conn.execute("SET search_path = pg_catalog")
        self.work(conn, "lib")
        self.assertEqual(self.value(conn, "SELECT count(*) FROM wfstate.executions"),
                         self.value(conn, "SELECT count(*) FROM lib.wf_list()"))

    def test_hostile_search_path(self):
        """What the caller's search_path finds first decides nothing inside the functions."""
        conn = self.owner
        conn.execute("CREATE EXTENSION wfstate; SELECT wf_declare_search('w', ARRAY['/a'])")
        conn.execute(EVIL)
        for name in TYPES:
            conn.execute(EVIL_OPERATOR.format(name))
        conn.execute("SET search_path = evil, pg_temp, pg_catalog")
        with self.refused("P0001"):
            conn.execute("SELECT 'a'::text = 'b'::text")
        setup = ("wf_save_state('order', '{\"a\": 1}', workflow => 'w', tags => '{\"t\": 1}')",
                 "wf_save_state('order', '{\"a\": 2}', 1, workflow => 'w', tags => '{\"t\": 2}')",
                 "wf_find('{\"a\": 2}', 'w', '{\"t\": 2}', 'a')",
                 "wf_list('w', 'running', NULL, '{\"t\": 2}', true, '2000-01-01', '3000-01-01')",
                 "wf_list(sort => 'updated_at')", "wf_list(sort => 'execution_id')",
                 "wf_history('order', after => 1, max_rows => 10, newest_first => true)", "wf_state_at('order', at => '3000-01-01')",
                 "wf_tenant()")
        calls = setup + READERS + OPERATORS + WRITERS + ADMINS
        self.allowed(conn, [call.replace("wf_", "public.wf_") for call in calls])
        self.assertEqual(conn.execute("SELECT tenant FROM wfstate.executions").fetchall(),
                         [("default",)] * 2)

    def test_a_squatted_schema(self):
        self.owner.execute("CREATE SCHEMA wfstate")
        with self.refused("42P06"):
            self.owner.execute("CREATE EXTENSION wfstate")

    def test_drop_leaves_nothing(self):
        conn = self.owner
        before = self.inventory(conn)
        for _ in range(2):
            conn.execute("CREATE EXTENSION wfstate")
            conn.execute("SELECT wf_save_state('order', '{\"a\": 1}', workflow => 'w')")
            name = self.new_role()
            conn.execute("SELECT wf_grant_access(%s, 'admin'), wf_grant_tenant(%s, 'blue'),"
                         " wf_declare_search('w', ARRAY['/a'])", (name, name))
            conn.execute("DROP EXTENSION wfstate")
            self.assertEqual(self.inventory(conn), before)
            # No right is left that would keep the role.
            self.server.execute(f'DROP ROLE "{name}"')
            self.roles.remove(name)
        with self.refused("42883"):
            conn.execute("SELECT wf_load_state('order')")

    def test_dropped_under_an_open_session(self):
        """A session that has used it and finds it gone, or new, gets an answer, not a crash."""
        conn = self.owner
        other = self.login(self.owner_name)
        conn.execute("CREATE EXTENSION wfstate")
        other.execute("SELECT wf_save_state('order', '{\"a\": 1}')")
        other.execute("SELECT wf_load_state('order')")
        conn.execute("DROP EXTENSION wfstate")
        with self.refused("42883"):
            other.execute("SELECT wf_load_state('order')")
        conn.execute("CREATE EXTENSION wfstate")
        with self.refused("WF005"):
            other.execute("SELECT wf_load_state('order')")
        self.assertEqual(self.value(other, "SELECT wf_save_state('order', '{\"b\": 1}', 0)"), 1)
        self.assertEqual(self.value(conn, "SELECT wf_load_state('order')"), {"b": 1})
        self.allowed(other, ("wf_history('order')", "wf_list()", "wf_find('{}')"))

    def inventory(self, conn):
        """Everything in the database that is no part of PostgreSQL, by catalog."""
        rows = []
        for catalog, name, schema in (
            ("pg_class", "relname", "relnamespace"), ("pg_proc", "proname", "pronamespace"),
            ("pg_type", "typname", "typnamespace"), ("pg_operator", "oprname", "oprnamespace"),
        ):
            rows += conn.execute(f"""
                SELECT '{catalog}', {name}::text FROM {catalog}
                 WHERE {schema}::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
                 ORDER BY 2""").fetchall()
        for catalog, name in (("pg_namespace", "nspname"), ("pg_extension", "extname"),
                              ("pg_event_trigger", "evtname"), ("pg_policy", "polname"),
                              ("pg_cast", "oid"), ("pg_init_privs", "objoid")):
            rows += conn.execute(f"SELECT '{catalog}', {name}::text FROM {catalog} ORDER BY 2").fetchall()
        return rows


class ReadOnly(Owned):
    def test_readers_in_a_read_only_transaction(self):
        self.owner.execute("SELECT wf_save_state('order', '{\"a\": 1}')")
        self.owner.execute("SELECT wf_save_state('order', '{\"a\": 2}')")
        conn = self.login(self.owner_name, options="-c default_transaction_read_only=on")
        self.allowed(conn, READERS)
