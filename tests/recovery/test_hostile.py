"""Who may create the extension gains nothing by what lies in the schema that it goes to, or on search_path."""
import threading
import time

import psycopg
from psycopg import sql

from harness import ADMIN, connect, unique
from hostile import FOREIGN, Script, build
from owned import READERS, WRITERS, Owned

# The issue's own: one operator whose types match exactly where the server's own needs a cast.
REPRODUCER = """
    CREATE SCHEMA evil;
    CREATE FUNCTION evil.like_nn(name, name) RETURNS bool LANGUAGE plpgsql AS $$BEGIN
        IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = '{role}') THEN
            EXECUTE 'ALTER ROLE {role} SUPERUSER';
        END IF;
        RETURN $1::text OPERATOR(pg_catalog.~~) $2::text; END$$;
    CREATE OPERATOR evil.~~ (LEFTARG = name, RIGHTARG = name, FUNCTION = evil.like_nn);
"""
# Settings that a session may have and that a script may be read by.
SETTINGS = ("standard_conforming_strings = off", "transform_null_equals = on", "array_nulls = off",
            "quote_all_identifiers = on", "intervalstyle = 'sql_standard'", "datestyle = 'SQL, DMY'",
            "check_function_bodies = off", "row_security = off", "wfstate.tenant = 'other'")
# More, fewer and other arguments than any function of ours has.
OVERLOADS = ("", "text", "text, text", "text, name", "text, anyelement", "anyelement, anyelement", "numeric, anyelement",
             "text, text, text", "text, text, text[], int DEFAULT 1", "text, text, VARIADIC name[]",
             "VARIADIC text[]", "text, VARIADIC anyarray", "anyarray")


class Hostile(Owned):
    extension = None

    def setUp(self):
        super().setUp()
        # Nothing but CREATE on the database, as somebody else's.
        self.attacker = self.new_role()
        with self.admin() as admin:
            admin.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(
                sql.Identifier(self.dbname), sql.Identifier(self.attacker)))
            self.script = Script(self.value(admin, """
                SELECT pg_read_file(c.setting || '/extension/wfstate--' || a.default_version || '.sql')
                  FROM pg_config AS c, pg_available_extensions AS a
                 WHERE c.name = 'SHAREDIR' AND a.name = 'wfstate'"""))
        self.conn = self.open()

    def admin(self):
        return connect(ADMIN, dbname=self.dbname, options="-c search_path=pg_catalog")

    def open(self, **options):
        """A session of the attacker; what its hostile objects say is heard even where all is rolled back."""
        conn = self.login(self.attacker, **options)
        conn.add_notice_handler(self.heard)
        return conn

    def heard(self, notice):
        if "hostile: " in notice.message_primary:
            self.hits.append(notice.message_primary)

    def run(self, result=None):
        self.hits = []
        return super().run(result)

    def arm(self, schema="evil"):
        self.conn.execute(f"CREATE SCHEMA {schema}")
        build(self.conn, self.script, schema, self.attacker)
        self.assertGreater(self.value(self.conn, "SELECT count(*) FROM pg_operator WHERE oprnamespace = %s::regnamespace",
                                      schema), 5000)
        self.assertGreater(self.value(self.conn, "SELECT count(*) FROM pg_proc WHERE pronamespace = %s::regnamespace",
                                      schema), 3000)
        self.hits.clear()

    def harmless(self, schema="evil"):
        with self.admin() as admin:
            found = {
                "superuser": self.value(admin, "SELECT rolsuper FROM pg_roles WHERE rolname = %s", self.attacker),
                "refers to": admin.execute(FOREIGN, {"schema": schema}).fetchall(),
                "called": sorted(set(self.hits)),
            }
        self.assertEqual(found, {"superuser": False, "refers to": [], "called": []})

    def test_reproducer(self):
        self.conn.execute(REPRODUCER.replace("{role}", self.attacker))
        self.conn.execute("CREATE EXTENSION wfstate SCHEMA evil")
        self.harmless()

    def test_schema_replaced_meanwhile(self):
        """The script is held up, its schema renamed and another put in its place: the lock must not let that happen."""
        self.conn.execute("CREATE SCHEMA evil")
        other = self.open()
        with other.transaction(force_rollback=True):
            # Not committed: the script waits when it comes to the same function.
            other.execute("CREATE FUNCTION evil.wf_cache_stats() RETURNS int LANGUAGE sql AS 'SELECT 1'")
            install = threading.Thread(target=self.conn.execute, args=("CREATE EXTENSION wfstate SCHEMA evil",))
            install.start()
            self.addCleanup(install.join)
            self.wait_for_lock()
            third = self.open()
            third.execute("SET lock_timeout = '500ms'")
            for command in ("ALTER SCHEMA evil RENAME TO aside", "DROP SCHEMA evil"):
                with self.subTest(command), self.refused("55P03"):
                    third.execute(command)
        install.join()
        self.assertEqual(self.value(self.conn, """
            SELECT count(*) FROM pg_proc WHERE proname = 'wf_cache_stats' AND pronamespace = 'evil'::regnamespace"""), 1)
        self.harmless()

    def wait_for_lock(self):
        for _ in range(200):
            with self.admin() as admin:
                if self.value(admin, "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"):
                    return
            time.sleep(0.05)
        self.fail("nothing waits")

    def test_all_names(self):
        self.arm()
        self.conn.execute("CREATE EXTENSION wfstate SCHEMA evil")
        self.harmless()
        with self.subTest("whoever calls it there, from whatever search_path"), self.admin() as admin:
            admin.add_notice_handler(self.heard)
            for path in ("pg_catalog", "evil"):
                admin.execute(f"SET search_path = {path}")
                admin.execute("SELECT evil.wf_save_state('order', '{\"a\": 1}', workflow => 'w', tags => '{\"t\": 2}')")
                admin.execute("SELECT evil.wf_save_state('order', '{\"a\": 2}', NULL::pg_catalog.int8)")
                self.allowed(admin, [call.replace("wf_", "evil.wf_") for call in READERS + WRITERS])
                admin.execute("SELECT evil.wf_delete(id) FROM pg_catalog.unnest(ARRAY['fork', 'copy']::pg_catalog.text[]) AS id")
            admin.execute("SELECT evil.wf_declare_search('w', ARRAY['/a']::pg_catalog.text[])")
            admin.execute("SELECT evil.rollup(stats) FROM evil.wf_agent_statistics()")
        self.harmless()
        self.conn.execute("DROP EXTENSION wfstate")
        with self.subTest("search_path of role and database"), self.admin() as admin:
            admin.execute(f'ALTER DATABASE "{self.dbname}" SET search_path = evil, pg_catalog')
            admin.execute(f'ALTER ROLE "{self.attacker}" SET search_path = evil, pg_temp, pg_catalog')
            conn = self.open()
            self.assertEqual(self.value(conn, "SHOW search_path"), "evil, pg_temp, pg_catalog")
            conn.execute("CREATE EXTENSION wfstate")
            self.harmless()
        # What was armed does bite, and is heard.
        self.conn.execute("SELECT 'a'::pg_catalog.name OPERATOR(evil.=) '1'::pg_catalog.oid")
        self.assertEqual(len(self.hits), 1)

    def test_temporary_objects(self):
        self.conn.execute("CREATE SCHEMA evil; CREATE TEMP TABLE named ()")
        build(self.conn, self.script, "pg_temp", self.attacker)
        self.hits.clear()
        for path in ("pg_temp, evil", "pg_temp, pg_catalog, evil", "evil"):
            self.conn.execute(f"SET search_path = {path}")
            self.conn.execute("CREATE EXTENSION wfstate SCHEMA evil")
            self.harmless()
            self.conn.execute("DROP EXTENSION wfstate")

    def test_settings(self):
        self.conn.execute("CREATE SCHEMA evil")
        self.conn.execute("CREATE EXTENSION wfstate SCHEMA evil")
        plain = self.definitions()
        self.conn.execute("DROP EXTENSION wfstate")
        for setting in SETTINGS:
            with self.subTest(setting=setting):
                conn = self.open()
                conn.execute(f"SET {setting}")
                conn.execute("CREATE EXTENSION wfstate SCHEMA evil")
                self.assertEqual(self.definitions(), plain)
                conn.execute("DROP EXTENSION wfstate")
                conn.close()

    def definitions(self):
        # Where all identifiers are quoted, so is the schema that the script is told, in bodies that are texts.
        with self.admin() as admin:
            return admin.execute("""
                SELECT pg_describe_object(classid, objid, 0), replace(pg_get_functiondef(p.oid), '"evil".', 'evil.'), p.proacl::text, c.relacl::text,
                       obj_description(objid, classid::regclass::name)
                  FROM pg_depend AS d LEFT JOIN pg_proc AS p ON p.oid = d.objid AND p.prokind <> 'a'
                  LEFT JOIN pg_class AS c ON c.oid = d.objid
                 WHERE deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'wfstate')
                UNION ALL SELECT conname, pg_get_constraintdef(oid), NULL, NULL, obj_description(oid, 'pg_constraint')
                  FROM pg_constraint WHERE connamespace = 'wfstate'::regnamespace AND contype <> 'n'
                UNION ALL SELECT polname, pg_get_expr(polqual, polrelid), NULL, NULL, NULL FROM pg_policy
                UNION ALL SELECT adrelid::regclass || '', pg_get_expr(adbin, adrelid), NULL, NULL, NULL FROM pg_attrdef
                 ORDER BY 1, 2""").fetchall()

    def test_our_own_names(self):
        """Functions of our names with other arguments: nothing of them is called; at most it refuses."""
        self.assertGreater(len(self.script.own), 50)
        for name in self.script.own + ["routing_stats"]:
            schema = unique("evil").replace("-", "_")
            self.conn.execute(f"RESET search_path; CREATE SCHEMA {schema}")
            self.conn.execute(f"""CREATE FUNCTION {schema}.hit() RETURNS void LANGUAGE plpgsql AS
                $$ BEGIN RAISE WARNING 'hostile: {name}'; END $$""")
            made = 0
            for arguments in OVERLOADS:
                try:
                    self.conn.execute(f"""CREATE FUNCTION {schema}.{name}({arguments}) RETURNS text LANGUAGE plpgsql AS
                        $$ BEGIN PERFORM {schema}.hit(); RETURN NULL; END $$""")
                    made += 1
                except psycopg.Error:
                    pass
            self.assertGreater(made, 5)
            with self.subTest(name=name):
                try:
                    self.conn.execute(f"CREATE EXTENSION wfstate SCHEMA {schema}")
                except psycopg.Error as error:
                    # Ambiguous, there already, or of another kind.
                    self.assertIn(error.sqlstate, ("42725", "42723", "42710", "42809"), str(error))
                    self.assertIsNone(self.value(self.conn, "SELECT to_regnamespace('wfstate')"))
                else:
                    self.harmless(schema)
                    self.conn.execute("DROP EXTENSION wfstate")
                self.assertEqual(self.hits, [])
            self.conn.execute(f"SET client_min_messages = error; DROP SCHEMA {schema} CASCADE; RESET client_min_messages")
        self.assertFalse(self.value(self.conn, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
