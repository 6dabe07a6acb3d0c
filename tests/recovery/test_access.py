"""wf_grant_access: reader, writer, operator, admin can do exactly what they should."""
from owned import ADMINS, OPERATORS, READERS, WRITERS, Owned

TABLES = ("executions", "state_versions", "checkpoints", "search", "search_paths")


class Access(Owned):
    def setUp(self):
        super().setUp()
        self.fill(self.owner)

    def fill(self, conn):
        """An order with two versions and a checkpoint, as every call in the lists needs it."""
        conn.execute("SELECT wf_save_state('order', '{\"a\": 1}')")
        conn.execute("SELECT wf_save_state('order', '{\"a\": 2}')")
        conn.execute("SELECT wf_checkpoint('order', 'first')")
        conn.execute("SET wfstate.tenant = 'red'")
        conn.execute("SELECT wf_save_state('order', '{\"of\": \"red\"}')")
        conn.execute("RESET wfstate.tenant")

    def tables(self, conn):
        """Read directly: row security leaves the rows of the own tenant."""
        for table in TABLES:
            with self.subTest(user=conn.info.user, table=table):
                rows = conn.execute(f"SELECT DISTINCT tenant FROM wfstate.{table}").fetchall()
                self.assertIn(rows, [[("default",)], []])
        self.assertEqual(self.value(conn, "SELECT count(*) FROM wfstate.executions"), 1)
        conn.execute("SET wfstate.tenant = 'red'")
        self.assertEqual(conn.execute("SELECT tenant FROM wfstate.executions").fetchall(), [("red",)])
        conn.execute("RESET wfstate.tenant")

    def test_the_installing_owner(self):
        self.assertFalse(self.value(
            self.owner, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
        self.tables(self.owner)
        self.allowed(self.owner, READERS + OPERATORS + ADMINS + WRITERS)

    def test_reader(self):
        conn = self.granted("reader")
        self.allowed(conn, READERS)
        self.tables(conn)
        self.denied(conn, WRITERS + OPERATORS + ADMINS)
        for table in TABLES:
            with self.subTest(table=table), self.refused("42501"):
                conn.execute(f"DELETE FROM wfstate.{table}")
        with self.refused("42501"):
            conn.execute("SELECT * FROM wfstate.tenant_roles")

    def test_writer(self):
        conn = self.granted("writer")
        self.allowed(conn, READERS)
        self.tables(conn)
        self.denied(conn, OPERATORS + ADMINS)
        self.allowed(conn, WRITERS)
        with self.refused("42501"):
            conn.execute("SELECT * FROM wfstate.tenant_roles")
        with self.refused("42501"):
            conn.execute("INSERT INTO wfstate.search_paths VALUES ('default', 'w', '{}')")

    def test_operator(self):
        conn = self.granted("operator")
        self.allowed(conn, READERS + OPERATORS)
        self.tables(conn)
        self.denied(conn, ADMINS)
        self.allowed(conn, WRITERS)
        with self.refused("42501"):
            conn.execute("SELECT * FROM wfstate.tenant_roles")

    def test_admin_grants_on(self):
        conn = self.granted("admin")
        self.allowed(conn, READERS + OPERATORS + WRITERS + ADMINS)
        other = self.new_role()
        conn.execute("SELECT wf_grant_access(%s, 'writer')", (other,))
        session = self.login(other)
        conn.execute("SELECT wf_delete('fork'), wf_delete('copy')")
        self.fill(session)
        self.allowed(session, READERS + WRITERS)

    def test_levels_add_up(self):
        """A second grant adds to the first; giving the same twice is no error."""
        name = self.new_role()
        for access in ("reader", "reader", "writer", "reader"):
            self.owner.execute("SELECT wf_grant_access(%s, %s)", (name, access))
        conn = self.login(name)
        self.allowed(conn, READERS + WRITERS)

    def test_everybody_else(self):
        conn = self.login(self.new_role())
        self.denied(conn, ("wf_tenant()",) + READERS + WRITERS + OPERATORS + ADMINS)
        for table in TABLES + ("tenant_roles",):
            with self.subTest(table=table), self.refused("42501"):
                conn.execute(f"SELECT * FROM wfstate.{table}")

    def test_a_superuser_sees_one_tenant_through_the_functions(self):
        """Row security does not hold for it, so the functions must ask for the tenant themselves."""
        conn = self.login("postgres")
        self.assertEqual(self.value(conn, "SELECT count(*) FROM wf_list()"), 1)
        self.assertEqual(self.value(conn, "SELECT count(*) FROM wf_find('{}')"), 1)
        self.assertEqual(self.value(conn, "SELECT wf_load_state('order')"), {"a": 2})
        self.assertEqual(self.value(conn, "SELECT count(*) FROM wf_history('order')"), 2)
        conn.execute("SET wfstate.tenant = 'red'")
        self.assertEqual(self.value(conn, "SELECT wf_load_state('order')"), {"of": "red"})
        self.assertEqual(self.value(conn, "SELECT count(*) FROM wf_checkpoints('order')"), 0)
        self.assertIs(self.value(conn, "SELECT wf_delete('order')"), True)
        conn.execute("RESET wfstate.tenant")
        self.assertEqual(self.value(conn, "SELECT version FROM wf_load('order')"), 2)

    def test_what_the_api_promises(self):
        """No overloads; nothing for everybody but what reads no table; a comment on everything."""
        names = [row[0] for row in self.owner.execute(
            "SELECT proname FROM pg_proc WHERE proname LIKE 'wf\\_%' ORDER BY 1")]
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(self.owner.execute("""
            SELECT proname FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner)))
             WHERE proname LIKE 'wf\\_%' AND grantee = 0 ORDER BY 1""").fetchall(),
            [("wf_cache_stats",), ("wf_definition_violations",), ("wf_direct_access",), ("wf_tenant",),
             ("wf_validate_definition",)])
        self.assertEqual(self.owner.execute("""
            SELECT oid::regprocedure::text FROM pg_proc
             WHERE proname LIKE 'wf\\_%' AND obj_description(oid, 'pg_proc') IS NULL""").fetchall(), [])
        # Untyped arguments resolve and every optional one can be left out by name.
        self.assertEqual(self.owner.execute("""
            SELECT oid::regprocedure::text FROM pg_proc
             WHERE proname LIKE 'wf\\_%' AND pronargs > 0 AND (proargnames IS NULL
                OR '' = ANY (proargnames))""").fetchall(), [])
