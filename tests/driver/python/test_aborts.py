"""Transactions that abort: a version number is used again, no cached state may leak."""
import psycopg
from psycopg.types.json import Jsonb

from harness import Case, unique

# Large enough that versions are patches and states are worth caching.
BASE = {"text": "x" * 4000, "n": 0}


def state(n):
    return {**BASE, "n": n}


class Aborts(Case):
    def setUp(self):
        self.id = unique("abort")
        self.conn = self.session(autocommit=False)
        self.other = self.session()
        self.other.execute("SELECT wf_save_state(%s, %s)", (self.id, Jsonb(state(0))))

    def save(self, conn, n, expected=None):
        return self.value(conn, "SELECT wf_save_state(%s, %s, %s)", self.id, Jsonb(state(n)), expected)

    def load(self, conn):
        return conn.execute("SELECT version, state FROM wf_load(%s)", (self.id,)).fetchone()

    def everywhere(self, version, n):
        for conn in (self.conn, self.other, self.session()):
            self.assertEqual(self.load(conn), (version, state(n)))
            self.assertEqual(self.value(conn, "SELECT wf_state_at(%s, %s)", self.id, version), state(n))
        self.assertEqual(self.value(self.other, "SELECT valid FROM wf_verify(%s)", self.id), True)

    def test_rolled_back_then_the_same_number(self):
        self.assertEqual(self.save(self.conn, 1), 2)
        self.assertEqual(self.load(self.conn), (2, state(1)))
        self.conn.rollback()
        self.assertEqual(self.load(self.conn), (1, state(0)))
        self.assertEqual(self.save(self.conn, 2), 2)
        self.assertEqual(self.load(self.conn), (2, state(2)))
        self.conn.commit()
        self.everywhere(2, 2)

    def test_rolled_back_then_another_session_takes_the_number(self):
        self.save(self.conn, 1)
        self.load(self.conn)
        self.conn.rollback()
        self.assertEqual(self.save(self.other, 2, 1), 2)
        self.everywhere(2, 2)

    def test_rolled_back_then_patched(self):
        self.save(self.conn, 1)
        self.load(self.conn)
        self.conn.rollback()
        patch = [{"op": "add", "path": "/k", "value": 1}]
        self.assertEqual(self.value(self.conn, "SELECT wf_patch_state(%s, %s)", self.id, Jsonb(patch)), 2)
        self.conn.commit()
        for conn in (self.conn, self.session()):
            self.assertEqual(self.load(conn), (2, {**state(0), "k": 1}))

    def test_rolled_back_many_times(self):
        for n in range(1, 30):
            self.assertEqual(self.save(self.conn, n), 2)
            self.assertEqual(self.load(self.conn), (2, state(n)))
            self.conn.rollback()
            self.assertEqual(self.load(self.conn), (1, state(0)))
        self.conn.rollback()
        self.everywhere(1, 0)

    def test_savepoints(self):
        self.save(self.conn, 1)
        self.conn.execute("SAVEPOINT a")
        self.save(self.conn, 2)
        self.conn.execute("SAVEPOINT b")
        self.save(self.conn, 3)
        self.assertEqual(self.load(self.conn), (4, state(3)))
        self.conn.execute("ROLLBACK TO a")
        self.assertEqual(self.load(self.conn), (2, state(1)))
        self.assertEqual(self.save(self.conn, 4, 2), 3)
        self.assertEqual(self.load(self.conn), (3, state(4)))
        self.conn.commit()
        self.everywhere(3, 4)

    def test_an_error_inside_a_savepoint(self):
        self.save(self.conn, 1)
        with self.refused("WF001"), self.conn.transaction():
            self.save(self.conn, 2, 2)
            self.save(self.conn, 3, 2)
        self.assertEqual(self.load(self.conn), (2, state(1)))
        self.conn.commit()
        self.everywhere(2, 1)

    def test_creation_rolled_back(self):
        fresh = unique("abort")
        self.value(self.conn, "SELECT wf_save_state(%s, %s, 0)", fresh, Jsonb({"a": 1}))
        self.conn.rollback()
        with self.refused("WF005"):
            self.conn.execute("SELECT wf_load_state(%s)", (fresh,))
        self.conn.rollback()
        self.value(self.conn, "SELECT wf_save_state(%s, %s, 0)", fresh, Jsonb({"a": 2}))
        self.conn.commit()
        self.assertEqual(self.value(self.other, "SELECT wf_load_state(%s)", fresh), {"a": 2})

    def test_deleted_and_created_again(self):
        """The same id at the same version, and another content, seen by a session with a cache."""
        self.assertEqual(self.load(self.conn), (1, state(0)))
        self.conn.commit()
        self.other.execute("SELECT wf_delete(%s)", (self.id,))
        self.save(self.other, 5)
        self.everywhere(1, 5)

    def test_delete_rolled_back(self):
        self.conn.execute("SELECT wf_delete(%s)", (self.id,))
        self.assertEqual(self.save(self.conn, 9, 0), 1)
        self.assertEqual(self.load(self.conn), (1, state(9)))
        self.conn.rollback()
        self.everywhere(1, 0)

    def test_other_tenant_same_id(self):
        """One session, one id, two tenants: two states."""
        self.assertEqual(self.load(self.conn), (1, state(0)))
        self.conn.execute("SET LOCAL wfstate.tenant = 'blue'")
        with self.refused("WF005"), self.conn.transaction():
            self.load(self.conn)
        self.assertEqual(self.save(self.conn, 3), 1)
        self.assertEqual(self.load(self.conn), (1, state(3)))
        self.conn.commit()
        self.everywhere(1, 0)

    def test_isolation_of_a_snapshot(self):
        """Repeatable read goes on seeing its version, and does not spoil what comes after."""
        reader = self.session(autocommit=False)
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self.assertEqual(self.load(reader), (1, state(0)))
        self.save(self.other, 1)
        self.assertEqual(self.load(reader), (1, state(0)))
        self.assertEqual(self.value(reader, "SELECT wf_load_state(%s)", self.id), state(0))
        reader.commit()
        self.assertEqual(self.load(reader), (2, state(1)))
        reader.rollback()

    def test_a_save_on_an_old_snapshot_is_refused(self):
        writer = self.session(autocommit=False)
        writer.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self.load(writer)
        self.save(self.other, 1)
        with self.assertRaises(psycopg.Error) as caught:
            self.save(writer, 2)
        self.assertIn(caught.exception.sqlstate, ("40001", "WF001"))
        writer.rollback()
        self.everywhere(2, 1)
