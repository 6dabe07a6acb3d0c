"""Other queues and engines, where they could be fetched: each a script of pgbench, and how it is filled."""

import importlib.resources
import os

BARE = """CREATE TABLE rival.queue (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, state text NOT NULL DEFAULT 'ready', worker text, expires_at timestamptz);
CREATE INDEX ON rival.queue (id) WHERE state = 'ready';
ALTER TABLE rival.queue SET (autovacuum_enabled = off)"""
BARE_TURN = r"""UPDATE rival.queue SET state = 'held', worker = 'w', expires_at = now() + interval '30 s' WHERE id = (SELECT id FROM rival.queue WHERE state = 'ready' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id \gset
UPDATE rival.queue SET state = 'done' WHERE id = :id;
"""


class Bare:
    """One table, SELECT … FOR UPDATE SKIP LOCKED: neither history nor fences nor limits."""

    label, turn = "bare SQL", BARE_TURN
    done = "SELECT count(*) FROM rival.queue WHERE state = 'done'"

    @staticmethod
    def fill(server, count):
        server.execute("DROP TABLE IF EXISTS rival.queue")
        for statement in BARE.split(";\n"):
            server.execute(statement)
        server.execute("INSERT INTO rival.queue (state) SELECT 'ready' FROM generate_series(1, %s)", (count,))
        server.execute("VACUUM ANALYZE rival.queue")


class Pgmq:
    label = "pgmq"
    done = "SELECT count(*) FROM pgmq.a_bench"
    turn = "SELECT msg_id AS id FROM pgmq.read('bench', 30, 1) \\gset\nSELECT pgmq.archive('bench', :id::bigint);\n"

    @staticmethod
    def fill(server, count):
        import pgmq.sql
        server.execute("DROP SCHEMA IF EXISTS pgmq CASCADE")
        server.execute((importlib.resources.files(pgmq.sql) / "pgmq.sql").read_text())
        server.execute("SELECT pgmq.create('bench')")
        server.execute("SELECT count(*) FROM pgmq.send_batch('bench', ARRAY(SELECT '{}'::jsonb FROM generate_series(1, %s)))", (count,))
        server.execute("VACUUM ANALYZE pgmq.q_bench")


class Absurd:
    label = "Absurd"
    # One statement, since a claim may come back empty although there is more.
    turn = "SELECT absurd.complete_run('bench', run_id, '1') FROM absurd.claim_task('bench', 'w', 30, 1);\n"
    done = "SELECT count(*) FROM absurd.t_bench WHERE state = 'completed'"

    @staticmethod
    def fill(server, count):
        import absurdctl
        server.execute("DROP SCHEMA IF EXISTS absurd CASCADE")
        server.execute(absurdctl.BUNDLED_SCHEMA_SQL)
        server.execute("SELECT absurd.create_queue('bench')")
        server.execute("SELECT count(*) FROM (SELECT absurd.spawn_task('bench', 'task', to_jsonb(n)) FROM generate_series(1, %s) AS n) AS s", (count,))
        server.execute("VACUUM ANALYZE absurd.t_bench, absurd.r_bench")


def available():
    """Those whose packages are there."""
    found = [Bare]
    for rival, package in ((Pgmq, "pgmq"), (Absurd, "absurdctl")):
        if importlib.util.find_spec(package):
            found.append(rival)
    return found


DBOS_STEPS = '''
import sys, time
from dbos import DBOS
DBOS(config={"name": "bench", "system_database_url": sys.argv[1], "log_level": "ERROR"})

@DBOS.step()
def step(number):
    return "x" * 1024

@DBOS.workflow()
def steps(count):
    times = []
    for number in range(count):
        start = time.perf_counter()
        step(number)
        times.append(time.perf_counter() - start)
    return sorted(times)[count // 2]

DBOS.launch()
steps(20)
print(*(steps(int(sys.argv[2])) * 1e6 for _ in range(int(sys.argv[3]))))
DBOS.destroy()
'''


def database_url():
    return f"postgresql://postgres@/{os.environ['PGDATABASE']}?host={os.environ['PGHOST']}&port={os.environ['PGPORT']}"
