"""Cleaning: how many executions a second, what saves of others feel of it, and whether the space is used again."""

import os
from time import perf_counter_ns

from context import Result, duration, size_text
from rows_migrations import Saver

WORKFLOW, COUNT, BATCH = "bench-retention", 1_000_000, 1000
# As the API leaves an execution: started, one step, three versions, a result. Repeated by plain inserts.
TEMPLATE = """SELECT wf_start('{w}', '{w}', '{{"n": 1}}'), wf_step_begin('{w}', 's');
  SELECT wf_step_complete('{w}', 's', '{{"rows": 17}}', '{{"done": "s"}}');
  SELECT wf_complete('{w}', '{{"ok": true}}')""".format(w=WORKFLOW)
TABLES = ("executions", "state_versions", "runs", "steps")


def repeated(server, table, count):
    """Rows of the template, once for each new id; identities are given anew."""
    columns = [name for (name,) in server.connection.execute(
        """SELECT attname FROM pg_attribute WHERE attrelid = ('wfstate.' || %s)::regclass AND attnum > 0
           AND NOT attisdropped AND attidentity = ''""", (table,))]
    # A row of the template for each id, the ids in their order, as executions come.
    values = [f"'{WORKFLOW}-' || i" if name == "execution_id"
              else f"t.{name} - interval '2 years' + i * interval '10 seconds'" if name in ("created_at", "completed_at", "saved_at")
              else f"t.{name}" for name in columns]
    order = ", t.version" if table == "state_versions" else ""
    server.execute(f"""INSERT INTO wfstate.{table} ({', '.join(columns)})
        SELECT {', '.join(values)} FROM generate_series(1, {count}) AS i, wfstate.{table} AS t
         WHERE t.execution_id = '{WORKFLOW}' ORDER BY i{order}""")


def filled(server, count):
    for table in TABLES:
        repeated(server, table, count)
    server.execute("VACUUM (ANALYZE) " + ", ".join("wfstate." + table for table in TABLES))
    return int(server.value("SELECT sum(pg_total_relation_size(('wfstate.' || t)::regclass)) FROM unnest(%s::text[]) AS t", (list(TABLES),)))


def cleaned(server):
    """Executions a second, batch by batch, each its own transaction; and how many."""
    start, finished, number = perf_counter_ns(), False, 0
    while not finished:
        done = server.connection.execute(
            "SELECT removed, finished FROM wf_cleanup('1 day', batch_size => %s, items => '{executions}')", (BATCH,)).fetchone()
        number, finished = number + done[0], done[1]
    return number / ((perf_counter_ns() - start) / 1e9), number


def retention(ctx):
    if not ctx.wfstate:
        return
    count = int(os.environ.get("BENCH_EXECUTIONS", ctx.scale(COUNT, 100_000)))
    server = ctx.server
    for statement in TEMPLATE.split(";"):
        server.execute(statement)
    server.execute("SET synchronous_commit = off")
    first = filled(server, count)
    server.quiet()
    idle = Saver(ctx)
    idle.start()
    idle.stopped.wait(ctx.scale(10, 2))
    idle = idle.end()
    busy = Saver(ctx)
    busy.start()
    rate, number = cleaned(server)
    busy = busy.end()
    if number != count:
        raise RuntimeError(f"{number} of {count} were removed")
    # Pages of an index that one vacuum has emptied are used again from the next one on.
    for _ in range(2):
        server.execute("VACUUM " + ", ".join("wfstate." + table for table in TABLES))
    second = filled(server, count)
    while not server.value("SELECT bool_and(finished) FROM wf_cleanup('1 day', batch_size => 10000, items => '{executions}')"):
        pass
    server.execute("SELECT wf_delete(%s)", (WORKFLOW,))
    server.execute("RESET synchronous_commit")
    yield Result(f"wf_cleanup, {count:,} executions of 3 versions and a step", "several thousand a second", f"{rate:,.0f} a second",
                 rate >= 3000, {"rate": rate})
    yield Result("p99 of a patch of another execution meanwhile", "≤ 2 × idle", f"{busy / idle:.2f} × ({duration(busy)}, idle {duration(idle)})",
                 busy / idle <= 2, {"busy": busy, "idle": idle})
    yield Result("the same number once more, after VACUUM", "≤ 1.1 × the size of the first", f"{second / first:.2f} × ({size_text(second)}, first {size_text(first)})",
                 second / first <= 1.1, {"first": first, "second": second})
