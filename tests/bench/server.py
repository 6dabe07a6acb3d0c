"""Sessions on the private server, and what the server counts."""

import os
import time

import psycopg
from psycopg import pq

# STATED is an application whose calls run statements where APP's go below the executor.
APP, STATED, OWNER = "bench_app", "bench_stated", "bench_owner"


class Session:
    """One connection over libpq itself: what is timed is the call, not a driver's conveniences."""

    def __init__(self, role, settings=(), dbname=None):
        options = " ".join(f"-c {name}={value}" for name, value in dict(settings).items())
        info = f"user={role} dbname={dbname or os.environ['PGDATABASE']} options='{options}'"
        self.connection = pq.PGconn.connect(info.encode())
        if self.connection.status != pq.ConnStatus.OK:
            raise RuntimeError(self.connection.error_message.decode())
        self.prepared = {}

    def prepare(self, statement):
        name = b"s%d" % len(self.prepared)
        self._check(self.connection.prepare(name, statement.encode()))
        self.prepared[statement] = name
        return name

    def run(self, statement, *params):
        """Runs it prepared, with text parameters; the first value as bytes."""
        name = self.prepared.get(statement) or self.prepare(statement)
        result = self.connection.exec_prepared(name, params)
        self._check(result)
        return result.get_value(0, 0) if result.ntuples and result.nfields else None

    def _check(self, result):
        if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
            raise RuntimeError(result.error_message.decode())

    def close(self):
        self.connection.finish()


class Server:
    """The superuser's view."""

    def __init__(self, dbname=None):
        self.connection = psycopg.connect(f"user=postgres dbname={dbname or os.environ['PGDATABASE']}", autocommit=True)

    def value(self, statement, params=None):
        row = self.connection.execute(statement, params).fetchone()
        return row[0] if row else None

    def execute(self, statement, params=None):
        self.connection.execute(statement, params)

    def wal(self):
        """Bytes of WAL written since ever, by everyone."""
        return int(self.value("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))

    def quiet(self):
        """Writes out what the row before left behind, so that it is not charged to the next one."""
        self.execute("CHECKPOINT")

    def tidy(self):
        """Empties the rivals' tables: an autovacuum of gigabytes would go on beside the next rows, and its
        snapshot would keep everyone's updates from being HOT."""
        tables = self.connection.execute(
            """SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND (relname LIKE 'naive%' OR
               relnamespace::regnamespace::text IN ('rival', 'langgraph')) AND relname NOT LIKE '%migrations'"""
        ).fetchall()
        self.execute("TRUNCATE " + ", ".join(table for (table,) in tables))
        for _ in range(100):
            if not self.value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'"):
                break
            time.sleep(0.1)

    def jsonb_bytes(self, document):
        return self.value("SELECT pg_column_size(%s::jsonb)", (document,))

    def close(self):
        self.connection.close()


def set_up_roles(server, wfstate):
    server.execute(f"CREATE ROLE {OWNER} LOGIN")
    server.execute(f"CREATE ROLE {APP} LOGIN")
    server.execute(f"CREATE ROLE {STATED} LOGIN")
    set_up_database(server, wfstate)


def set_up_database(server, wfstate):
    """Rivals belong to an ordinary role; wfstate is used by an ordinary writer under row security."""
    server.execute(f'GRANT CREATE ON DATABASE "{server.connection.info.dbname}" TO {OWNER}')
    if wfstate:
        for role in (APP, STATED):
            server.execute("SELECT wf_grant_access(%s, 'writer')", (role,))
        server.execute(f"ALTER ROLE {STATED} SET wfstate.direct_access = off")
    with open(os.path.join(os.path.dirname(__file__), "rivals.sql"), encoding="utf-8") as file:
        server.execute(f"SET ROLE {OWNER}")
        server.execute(file.read())
        server.execute("RESET ROLE")


def fill_wal(server, segments):
    """Makes WAL files for later: in the steady state they are reused, not created."""
    server.execute(f"""DO $$ BEGIN FOR i IN 1..{segments} LOOP
        PERFORM pg_logical_emit_message(false, 'bench', 'x'); PERFORM pg_switch_wal(); END LOOP; END $$""")
    server.quiet()
    server.quiet()
