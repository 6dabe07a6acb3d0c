"""wf_grant_tenant: of any tenant that was not granted to it a role gets 42501 from functions and no row of the tables,
whichever way it tries."""
from psycopg import sql

from owned import Owned

READ = "SELECT * FROM wfstate.executions"
LOAD = "SELECT wf_load_state('order')"
SAVE = "SELECT wf_save_state('order', '{}')"


class Bound(Owned):
    def setUp(self):
        super().setUp()
        for tenant in ("blue", "red"):
            self.owner.execute("SELECT set_config('wfstate.tenant', %s, false)", (tenant,))
            self.owner.execute("SELECT wf_save_state('order', %s)", ('{"of": "%s"}' % tenant,))
        self.owner.execute("RESET wfstate.tenant")
        self.conn = self.granted("writer")
        self.name = self.conn.info.user
        self.bind(self.name, "blue")

    def bind(self, role, tenant):
        self.owner.execute("SELECT wf_grant_tenant(%s, %s)", (role, tenant))

    def only_blue(self, conn):
        """As blue it works; as anything else it is refused by functions, and shown no row by tables."""
        conn.execute("SET wfstate.tenant = 'blue'")
        self.assertEqual(self.value(conn, LOAD), {"of": "blue"})
        self.assertEqual(self.value(conn, "SELECT count(*) FROM wfstate.executions"), 1)
        for tenant in ("red", "default", "nobody's"):
            conn.execute("SELECT set_config('wfstate.tenant', %s, false)", (tenant,))
            for call in (LOAD, SAVE, "SELECT wf_tenant()", "SELECT * FROM wf_list()"):
                with self.subTest(tenant=tenant, call=call), self.refused("42501"):
                    conn.execute(call)
            for call in (READ, "DELETE FROM wfstate.state_versions"):
                with self.subTest(tenant=tenant, call=call):
                    self.assertEqual(conn.execute(call).rowcount, 0)
        conn.execute("SET wfstate.tenant = 'blue'")

    def test_set(self):
        with self.refused("42501") as caught:
            self.conn.execute(LOAD)
        self.assertEqual(caught[0].diag.message_primary, 'permission denied for tenant "default"')
        self.assertTrue(caught[0].diag.message_detail and caught[0].diag.message_hint)
        self.only_blue(self.conn)

    def test_connection_option(self):
        conn = self.login(self.name, options="-c wfstate.tenant=red")
        self.assertEqual(conn.execute(READ).rowcount, 0)
        with self.refused("42501"):
            conn.execute(LOAD)
        conn = self.login(self.name, options="-c wfstate.tenant=blue")
        self.assertEqual(self.value(conn, LOAD), {"of": "blue"})

    def test_cannot_write_rows_of_another(self):
        self.conn.execute("SET wfstate.tenant = 'blue'")
        with self.refused("42501"):
            self.conn.execute("UPDATE wfstate.executions SET tenant = 'red', execution_id = 'stolen'")
        with self.refused("42501"):
            self.conn.execute("INSERT INTO wfstate.checkpoints (tenant, execution_id, name, version)"
                              " VALUES ('red', 'order', 'forged', 1)")
        self.assertEqual(
            self.conn.execute("UPDATE wfstate.executions SET phase = 'x' WHERE tenant = 'red'").rowcount, 0)

    def test_set_role(self):
        """Only a member may SET ROLE, and a member has the tenants anyway; they go with the membership."""
        free = self.granted("writer").info.user
        self.server.execute(sql.SQL("GRANT {} TO {}").format(
            sql.Identifier(free), sql.Identifier(self.name)))
        self.conn.execute("SET wfstate.tenant = 'red'")
        self.assertEqual(self.value(self.conn, LOAD), {"of": "red"})
        self.conn.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(free)))
        self.assertEqual(self.value(self.conn, LOAD), {"of": "red"})
        self.server.execute(sql.SQL("REVOKE {} FROM {}").format(
            sql.Identifier(free), sql.Identifier(self.name)))
        self.only_blue(self.conn)

    def test_set_role_to_a_bound_one(self):
        """A superuser may use every tenant, but not while it acts for a role that may not."""
        postgres = self.login("postgres")
        postgres.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(self.name)))
        self.only_blue(postgres)

    def test_members_of_a_group(self):
        group = self.new_role("NOLOGIN")
        self.bind(group, "blue")
        conn = self.granted("writer", [])
        for tenant in ("blue", "red"):
            conn.execute("SELECT set_config('wfstate.tenant', %s, false)", (tenant,))
            with self.refused("42501"):
                conn.execute(LOAD)
        self.server.execute(sql.SQL("GRANT {} TO {}").format(
            sql.Identifier(group), sql.Identifier(conn.info.user)))
        with self.refused("42501"):
            conn.execute(LOAD)
        self.only_blue(conn)

    def test_security_definer(self):
        """Neither a definer's rights nor its own setting of the tenant open the door."""
        self.owner.execute("""
            CREATE FUNCTION peek() RETURNS jsonb LANGUAGE sql SECURITY DEFINER
                SET wfstate.tenant = 'red' AS $$ SELECT wf_load_state('order') $$;
            CREATE FUNCTION rows() RETURNS bigint LANGUAGE sql SECURITY DEFINER
                AS $$ SELECT count(*) FROM wfstate.executions $$;
            CREATE FUNCTION own() RETURNS jsonb LANGUAGE sql SECURITY DEFINER
                AS $$ SELECT wf_load_state('order') $$""")
        self.assertEqual(self.value(self.owner, "SELECT peek()"), {"of": "red"})
        with self.refused("42501"):
            self.conn.execute("SELECT peek()")
        self.assertEqual(self.value(self.conn, "SELECT rows()"), 0)
        self.conn.execute("SET wfstate.tenant = 'blue'")
        self.assertEqual(self.value(self.conn, "SELECT own()"), {"of": "blue"})
        self.assertEqual(self.value(self.conn, "SELECT rows()"), 1)
        with self.refused("42501"):
            self.conn.execute("SELECT peek()")

    def test_changes_hold_in_open_sessions(self):
        self.conn.execute("SET wfstate.tenant = 'red'")
        with self.refused("42501"):
            self.conn.execute(LOAD)
        self.bind(self.name, "red")
        self.assertEqual(self.value(self.conn, LOAD), {"of": "red"})
        self.assertEqual(
            self.owner.execute("SELECT tenant, granted_by FROM wf_tenants(%s)", (self.name,)).fetchall(),
            [("blue", self.owner_name), ("red", self.owner_name)])
        revoke = "SELECT wf_revoke_tenant(%s, 'red')"
        self.assertIs(self.value(self.owner, revoke, self.name), True)
        self.assertIs(self.value(self.owner, revoke, self.name), False)
        self.assertEqual(self.conn.execute(READ).rowcount, 0)
        with self.refused("42501"):
            self.conn.execute(LOAD)
        self.owner.execute("SELECT wf_revoke_tenant(%s, 'blue')", (self.name,))
        for tenant in ("red", "blue", "default"):
            self.conn.execute("SELECT set_config('wfstate.tenant', %s, false)", (tenant,))
            with self.refused("42501"):
                self.conn.execute(LOAD)

    def test_a_binding_rolled_back_never_held(self):
        free = self.granted("writer")
        free.execute("SET wfstate.tenant = 'red'")
        with self.owner.transaction(force_rollback=True):
            self.owner.execute("SELECT wf_grant_tenant(%s, 'blue')", (free.info.user,))
            self.assertEqual(self.value(free, LOAD), {"of": "red"})
        self.assertEqual(self.value(free, LOAD), {"of": "red"})

    def test_unknown_role(self):
        with self.refused("22023"):
            self.owner.execute("SELECT wf_grant_tenant('no such role', 'blue')")
        with self.refused("22023"):
            self.owner.execute("SELECT wf_grant_access('no such role', 'reader')")
        # A name is a name, not SQL.
        name = 'a"b; DROP SCHEMA wfstate CASCADE; --'
        self.server.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))
        self.roles.append(name)
        self.owner.execute("SELECT wf_grant_access(%s, 'reader')", (name,))
        self.assertTrue(self.value(
            self.owner, "SELECT has_table_privilege(%s, 'wfstate.executions', 'SELECT')", name))
