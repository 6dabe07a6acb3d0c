"""Logs and metrics: one at a time against a bare INSERT of the same row by the same role, and in batches; lists."""

import os
import tempfile
from statistics import median
from time import perf_counter

import psycopg

from context import NOT_WAITING, WAITING, Result
from pgbench import middle, run_pgbench
from server import APP

EXECUTIONS, BATCH, LINES = 1000, 1000, 1_000_000
# Of so many executions a batch has lines.
OF_BATCH = 50
PICK = f"\\set e random(1, {EXECUTIONS})\n"
MESSAGE, DATA, LABELS = "the model has answered after 3 attempts", '{"attempt": 3, "tokens": 1200}', '{"model": "large"}'
KINDS = {
    "wf_log": {
        "bare": f"""INSERT INTO wfstate.logs (tenant, execution_id, logged_at, step_id, level, message, data)
 VALUES ('default', 'log-' || :e, clock_timestamp(), 'answer', 'info', '{MESSAGE}', '{DATA}')""",
        "ours": f"SELECT wf_log('log-' || :e, 'info', '{MESSAGE}', '{DATA}', 'answer')",
        "batch": "SELECT wf_record_logs(b.ids, b.levels, b.messages, b.data, b.steps) FROM rival.batches AS b",
    },
    "wf_record_metric": {
        "bare": f"""INSERT INTO wfstate.metrics (tenant, execution_id, recorded_at, name, value, unit, labels)
 VALUES ('default', 'log-' || :e, clock_timestamp(), 'tokens', 1200, 'n', '{LABELS}')""",
        "ours": f"SELECT wf_record_metric('log-' || :e, 'tokens', 1200, 'n', '{LABELS}')",
        "batch": "SELECT wf_record_metrics(b.ids, b.names, b.numbers, b.units, b.labels) FROM rival.batches AS b",
    },
}


def set_up(ctx):
    server = ctx.server
    # What a bare INSERT needs besides a writer's rights.
    server.execute(f"GRANT USAGE ON SEQUENCE wfstate.logs_position_seq, wfstate.metrics_position_seq TO {APP}")
    server.execute("SELECT wf_save_state('log-' || n, '{}') FROM generate_series(1, %s) AS n", (EXECUTIONS,))
    server.execute("DROP TABLE IF EXISTS rival.batches")
    server.execute(f"""CREATE TABLE rival.batches AS
        SELECT array_agg('log-' || 1 + n * 7 % {OF_BATCH}) AS ids, array_agg('info'::text) AS levels,
               array_agg('{MESSAGE}'::text) AS messages, array_agg('{DATA}'::jsonb) AS data,
               array_agg('answer'::text) AS steps, array_agg('tokens'::text) AS names,
               array_agg(1200::float8) AS numbers, array_agg('n'::text) AS units, array_agg('{LABELS}'::jsonb) AS labels
          FROM generate_series(1, {BATCH}) AS n""")
    server.execute(f"GRANT SELECT ON rival.batches TO {APP}")
    server.execute("VACUUM ANALYZE wfstate.executions")


def rate(statement, clients, settings, seconds):
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    with tempfile.NamedTemporaryFile("w", suffix=".sql", prefix="bench") as file:
        file.write(PICK + statement.replace("\n", " ") + ";\n")
        file.flush()
        return run_pgbench(["-f", file.name, "-c", str(clients), "-j", str(min(2, clients)), "-T", str(seconds), "-U", APP],
                           options)


def writing(ctx):
    set_up(ctx)
    for function, statements in KINDS.items():
        for clients in (1, 8):
            for said, settings in (("commit waits", WAITING), ("commit doesn't wait", NOT_WAITING)):
                rates = {label: [] for label in statements}
                ctx.server.execute("TRUNCATE wfstate.logs, wfstate.metrics")
                ctx.server.quiet()
                # Many short turns: what else the machine does then falls on all of them.
                for _ in range(ctx.scale(9, 1)):
                    for label, statement in statements.items():
                        rates[label].append(rate(statement, clients, settings, 1))
                middles = middle(rates)
                ours, bare, batch = middles["ours"], middles["bare"], middles["batch"] * BATCH
                row = f"{function}, {clients} client{'s' if clients > 1 else ''}, {said}"
                yield Result(row, "≥ 80 % of a bare INSERT of the same row",
                             f"{ours / bare:.0%} ({ours:,.0f}/s, INSERT {bare:,.0f}/s)", ours / bare >= 0.8, {"rates": rates})
                yield Result(f"{row}, batches of {BATCH:,}", "≥ 10 × one at a time",
                             f"{batch / ours:.1f} × ({batch:,.0f}/s)", batch / ours >= 10)
    ctx.server.execute("TRUNCATE wfstate.logs, wfstate.metrics")
    ctx.server.execute("DROP TABLE rival.batches")


ASKED = {
    "newest of the tenant": "SELECT count(*) FROM wf_logs()",
    "of an execution": "SELECT count(*) FROM wf_logs('log-7', newest_first => false)",
    "from warn on": "SELECT count(*) FROM wf_logs(min_level => 'warn')",
    "by a text that no line has": "SELECT count(*) FROM wf_logs(text => 'nothing like it')",
    "by a text, of the last 10,000": "SELECT count(*) FROM wf_logs(text => 'nothing like it', since => now() - interval '10000 seconds')",
    "wf_metrics, all, by hour": "SELECT count(*) FROM wf_metrics('tokens', '1 hour', max_rows => 1000)",
    "wf_metrics, the last 10,000, by hour": "SELECT count(*) FROM wf_metrics('tokens', '1 hour', since => now() - interval '10000 seconds')",
    "wf_metric_names": "SELECT count(*) FROM wf_metric_names()",
}


def reading(ctx):
    """What lists take with a line and a measurement a second behind them."""
    lines = ctx.scale(LINES, 20_000)
    ctx.server.execute(f"""INSERT INTO wfstate.logs (tenant, execution_id, logged_at, level, message)
        SELECT 'default', 'log-' || n %% {EXECUTIONS}, now() - n * interval '1 second', CASE WHEN n %% 50 = 0 THEN 'error' ELSE 'info' END,
               '{MESSAGE} ' || n FROM generate_series(1, %s) AS n""", (lines,))
    ctx.server.execute(f"""INSERT INTO wfstate.metrics (tenant, execution_id, recorded_at, name, value)
        SELECT 'default', 'log-' || n %% {EXECUTIONS}, now() - n * interval '1 second', 'tokens', n %% 977
          FROM generate_series(1, %s) AS n""", (lines,))
    ctx.server.execute("VACUUM ANALYZE wfstate.logs, wfstate.metrics")
    conn = psycopg.connect(f"user={APP} dbname={os.environ['PGDATABASE']}", autocommit=True)
    for label, question in ASKED.items():
        times = []
        for _ in range(ctx.scale(15, 3)):
            start = perf_counter()
            conn.execute(question).fetchall()
            times.append(perf_counter() - start)
        yield Result(f"a list over {lines:,}: {label}", "", f"{median(times) * 1000:.1f} ms", None, {"s": median(times)})
    conn.close()
    ctx.server.execute("TRUNCATE wfstate.logs, wfstate.metrics")


EXECUTED = """INSERT INTO wfstate.executions (tenant, execution_id, workflow, status, version, hash, updated_at, state_bytes,
       chain_bytes, keyframe_version, created_at, started_at, completed_at)
SELECT %s, 'e' || n, 'w' || n %% 10, 'completed', 1, n, at, 10, 0, 1, at, at, at + n %% 977 * interval '1 ms'
  FROM generate_series(1, %s) AS n, LATERAL (SELECT now() - n * interval '1 second' AS at) AS x"""
COUNTED = {"every workflow": "SELECT count(*) FROM wf_statistics()",
           "one workflow, the last 10,000 by hour": "SELECT count(*) FROM wf_statistics('w3', now() - interval '100000 seconds', '1 hour')"}


def counting(ctx):
    """wf_statistics over many executions."""
    executions, tenant = ctx.scale(LINES, 20_000), "bench-logs"
    ctx.server.execute(EXECUTED, (tenant, executions))
    ctx.server.execute("VACUUM ANALYZE wfstate.executions")
    conn = psycopg.connect(f"user={APP} dbname={os.environ['PGDATABASE']}", options=f"-c wfstate.tenant={tenant}",
                           autocommit=True)
    for label, question in COUNTED.items():
        times = []
        for _ in range(ctx.scale(7, 3)):
            start = perf_counter()
            conn.execute(question).fetchall()
            times.append(perf_counter() - start)
        yield Result(f"wf_statistics over {executions:,} executions: {label}", "", f"{median(times) * 1000:.1f} ms", None,
                     {"s": median(times)})
    conn.close()
    ctx.server.execute("DELETE FROM wfstate.executions WHERE tenant = %s", (tenant,))
    ctx.server.execute("VACUUM wfstate.executions")


def logs(ctx):
    yield from writing(ctx)
    yield from reading(ctx)
    yield from counting(ctx)
