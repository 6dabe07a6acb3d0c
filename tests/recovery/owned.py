"""A database whose owner, no superuser, has installed the extension."""
from psycopg import sql

from harness import ADMIN, Case, connect, unique

READERS = (
    "wf_load_state('order')", "wf_load('order')", "wf_load_many(ARRAY['order'])",
    "wf_state_at('order', 1)", "wf_history('order')", "wf_diff('order', 1, 2)", "wf_list()",
    "wf_find('{}')", "wf_export('order')", "wf_checkpoints('order')", "wf_verify('order')",
    "wf_routing_decisions()", "wf_agent_statistics()", "wf_top_agents()", "wf_underperforming_agents()",
    "wf_circuits()", "wf_circuits_open()", "wf_circuit_transitions()", "wf_circuit_policy('agent')",
)
WRITERS = (
    "wf_save_state('order', '{}')", "wf_patch_state('order', '{}')",
    "wf_save_states(ARRAY['order'], ARRAY['{}'::pg_catalog.jsonb])", "wf_checkpoint('order', 'c')",
    "wf_recover('order')", "wf_drop_checkpoint('order', 'c')", "wf_fork('order', 'fork')",
    "wf_import(wf_export('order'), 'copy')", "wf_delete('order')", "wf_record_routing('task', 'agent', true, 5)",
    "wf_circuit_allow('agent')", "wf_circuit_record('agent', true)", "wf_circuit_save('agent', 'disabled')",
    "wf_circuit_reset('agent')", "wf_circuits_recover()",
)
OPERATORS = (
    "wf_recalculate_statistics()", "wf_declare_search('checkout', ARRAY['/a'])", "wf_maintain()",
    "wf_prune_history('order', 1)", "wf_prune_routing('1 day')", "wf_circuit_configure('agent', window_size => 5)",
)
ADMINS = (
    "wf_tenants()", "wf_grant_tenant(session_user, '*')", "wf_revoke_tenant(session_user, 'none')",
    "wf_grant_access(session_user, 'reader')", "wf_revoke_access('pg_monitor')",
)


class Owned(Case):
    """Roles and database have names of their own and go when the test ends."""

    extension = "CREATE EXTENSION wfstate"

    def setUp(self):
        self.server = self.session(ADMIN, dbname="postgres")
        self.roles = []
        self.owner_name = self.new_role()
        self.dbname = unique("db").replace("-", "_")
        self.server.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(
            sql.Identifier(self.dbname), sql.Identifier(self.owner_name)))
        self.addCleanup(self.clean)
        self.owner = self.login(self.owner_name)
        if self.extension:
            self.owner.execute(self.extension)

    def clean(self):
        with connect(ADMIN, dbname="postgres") as server:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self.dbname)))
            for role in reversed(self.roles):
                server.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))

    def new_role(self, options="LOGIN"):
        name = unique("role").replace("-", "_")
        self.server.execute(sql.SQL("CREATE ROLE {} " + options).format(sql.Identifier(name)))
        self.roles.append(name)
        return name

    def login(self, role, **options):
        return self.session(role, dbname=self.dbname, **options)

    def granted(self, access, tenants=None):
        """A session of a new role that the owner has given access."""
        name = self.new_role()
        self.owner.execute("SELECT wf_grant_access(%s, %s, %s)", (name, access, tenants))
        return self.login(name)

    def allowed(self, conn, calls):
        for call in calls:
            with self.subTest(user=conn.info.user, call=call):
                conn.execute(f"SELECT * FROM {call}").fetchall()

    def denied(self, conn, calls):
        for call in calls:
            with self.subTest(user=conn.info.user, call=call), self.refused("42501"):
                conn.execute(f"SELECT * FROM {call}")
