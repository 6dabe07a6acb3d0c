"""Connections, ids and databases of one's own. unittest is the frame; run.py runs all."""
import contextlib
import os
import unittest
import uuid

import psycopg
from psycopg import sql

# An ordinary role with wf_grant_access(..., 'operator'): row-level security holds for it.
APP = os.environ.get("WF_APP_ROLE", "wf_app")
ADMIN = "postgres"


def connect(user=APP, **options):
    """A session; the server and the database come from the environment (PGHOST and so on)."""
    options.setdefault("autocommit", True)
    return psycopg.connect(user=user, **options)


def unique(stem):
    return f"{stem}-{uuid.uuid4().hex[:12]}"


@contextlib.contextmanager
def fresh_database():
    """A database with the extension, for tests that change what others would see."""
    name = unique("wf").replace("-", "_")
    with connect(ADMIN, dbname="postgres") as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            with connect(ADMIN, dbname=name) as conn:
                conn.execute("CREATE EXTENSION wfstate")
                conn.execute("SELECT wf_grant_access(%s, 'operator')", (APP,))
            yield name
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextlib.contextmanager
def fresh_role(access=None, **connection):
    """A role that can log in, with access to wfstate, in the database of the connection."""
    name = unique("role").replace("-", "_")
    with connect(ADMIN, **connection) as conn:
        role = sql.Identifier(name)
        conn.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
        if access:
            conn.execute("SELECT wf_grant_access(%s, %s)", (name, access))
        try:
            yield name
        finally:
            conn.execute("DELETE FROM wfstate.tenant_roles WHERE role = %s::regrole", (name,))
            conn.execute(sql.SQL("DROP OWNED BY {}").format(role))
            conn.execute(sql.SQL("DROP ROLE {}").format(role))


class Case(unittest.TestCase):
    """A test with sessions that are closed at its end."""

    maxDiff = 4000

    def session(self, user=APP, **options):
        conn = connect(user, **options)
        self.addCleanup(conn.close)
        return conn

    def database(self):
        return self.enterContext_(fresh_database())

    def role(self, access=None, **connection):
        return self.enterContext_(fresh_role(access, **connection))

    # TestCase.enterContext is there only from Python 3.11 on.
    def enterContext_(self, manager):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        return stack.enter_context(manager)

    def value(self, conn, text, *params):
        return conn.execute(text, params).fetchone()[0]

    @contextlib.contextmanager
    def refused(self, sqlstate):
        """The block must fail with this code; gives a list that holds the error afterwards."""
        caught = []
        try:
            yield caught
        except psycopg.Error as error:
            self.assertEqual(error.sqlstate, sqlstate, str(error))
            caught.append(error)
        else:
            self.fail(f"nothing was raised, {sqlstate} expected")
