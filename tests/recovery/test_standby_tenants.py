"""A binding made on the primary holds in a session that is already open on the standby."""
import os
import time

from harness import ADMIN, Case, unique


class StandbyTenants(Case):
    def setUp(self):
        self.primary = self.session(ADMIN)
        self.admin = self.session(ADMIN, port=os.environ["STANDBY_PORT"])

    def replayed(self):
        lsn = self.value(self.primary, "SELECT pg_current_wal_insert_lsn()::text")
        for _ in range(400):
            if self.value(self.admin, "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", lsn):
                return
            time.sleep(0.02)
        self.fail("the standby did not catch up")

    def test_grant_and_revoke_in_an_open_session(self):
        role = unique("standby").replace("-", "_")
        self.primary.execute(f"CREATE ROLE {role} LOGIN")
        self.primary.execute("SELECT wf_grant_access(%s, 'reader')", (role,))
        self.replayed()
        conn = self.session(role, port=os.environ["STANDBY_PORT"])
        self.assertEqual(self.value(conn, "SELECT wf_load_state('scalar')"), None)
        count = "SELECT count(*) FROM wfstate.executions"
        default = self.value(conn, count)
        self.assertGreater(default, 1)

        self.primary.execute("SELECT wf_grant_tenant(%s, 'blue')", (role,))
        self.replayed()
        with self.refused("42501"):
            conn.execute("SELECT wf_load_state('scalar')")
        self.assertEqual(self.value(conn, count), 0)
        conn.execute("SET wfstate.tenant = 'blue'")
        self.assertEqual(self.value(conn, "SELECT wf_load_state('order')"), {"of": "blue", "more": 1})
        self.assertEqual(self.value(conn, count), 1)

        self.primary.execute("SELECT wf_grant_tenant(%s, 'default')", (role,))
        self.primary.execute("SELECT wf_revoke_tenant(%s, 'blue')", (role,))
        self.replayed()
        with self.refused("42501"):
            conn.execute("SELECT wf_load_state('order')")
        conn.execute("RESET wfstate.tenant")
        self.assertEqual(self.value(conn, count), default)
