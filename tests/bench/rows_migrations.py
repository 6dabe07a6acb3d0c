"""Migration of state shapes: how many executions a second, and what saves of others feel of it."""

import json
import threading
from statistics import quantiles
from time import perf_counter_ns

from context import NOT_WAITING, Result, duration
from documents import Agent
from server import APP, OWNER, Session

WORKFLOW, COUNT, BATCH = "bench-shapes", 100_000, 1000
STEP = [{"op": "move", "from": "/agent", "path": "/assistant"}, {"op": "add", "path": "/shape", "value": 2}]
FILL = """SELECT count(*) FROM generate_series(1, {count}) AS i,
  LATERAL (SELECT wf_save_state('{workflow}-' || i, %s::jsonb || jsonb_build_object('n', i), workflow => '{workflow}')) AS s"""


class Saver(threading.Thread):
    """Saves of another execution, one after the other, until told to stop: microseconds each."""

    def __init__(self, ctx):
        super().__init__(daemon=True)
        self.id, self.times, self.stopped = ctx.name().encode(), [], threading.Event()
        self.session = Session(APP, NOT_WAITING)
        self.session.run("SELECT wf_save_state($1, '{}')", self.id)

    def run(self):
        number = 0
        while not self.stopped.is_set():
            number += 1
            start = perf_counter_ns()
            self.session.run("SELECT wf_patch_state($1, $2)", self.id, b'{"n": %d}' % number)
            self.times.append((perf_counter_ns() - start) / 1000)

    def end(self):
        self.stopped.set()
        self.join()
        self.session.close()
        return quantiles(self.times, n=100)[98]


def migrated(ctx):
    """Executions a second, batch by batch, each its own transaction."""
    start, finished, number = perf_counter_ns(), False, 0
    while not finished:
        done = ctx.server.connection.execute(
            "SELECT migrated, failed, finished FROM wf_migrate_states(%s, %s)", (WORKFLOW, BATCH)).fetchone()
        number += done[0]
        finished = done[2]
        if done[1]:
            raise RuntimeError(f"{done[1]} could not be migrated")
    return number / ((perf_counter_ns() - start) / 1e9)


def updated(ctx, count):
    """The same change to a plain table, as its owner, in batches as large."""
    session = Session(OWNER, NOT_WAITING)
    start = perf_counter_ns()
    for first in range(1, count + 1, BATCH):
        session.run("""WITH done AS (UPDATE rival.plain SET state = (state - 'agent') || jsonb_build_object('assistant', state -> 'agent', 'shape', 2)
                       WHERE execution_id IN (SELECT 'plain-' || i FROM generate_series($1::int, $2::int) AS i) RETURNING 1)
                       SELECT count(*) FROM done""", b"%d" % first, b"%d" % (first + BATCH - 1))
    session.close()
    return count / ((perf_counter_ns() - start) / 1e9)


def migrations(ctx):
    if not ctx.wfstate:
        return
    count = ctx.scale(COUNT, 2000)
    document = Agent(2 << 10).document()
    ctx.server.execute(FILL.format(count=count, workflow=WORKFLOW), (document,))
    ctx.server.execute("INSERT INTO rival.plain (execution_id, state) SELECT 'plain-' || i, %s::jsonb || jsonb_build_object('n', i) FROM generate_series(1, %s) AS i",
                       (document, count))
    ctx.server.execute("SELECT wf_add_migration(%s, 1, 2, %s)", (WORKFLOW, json.dumps(STEP)))
    ctx.server.execute("SET synchronous_commit = off")
    ctx.server.quiet()
    plain = updated(ctx, count)
    ctx.server.quiet()
    idle = Saver(ctx)
    idle.start()
    idle.stopped.wait(ctx.scale(10, 1))
    idle = idle.end()
    busy = Saver(ctx)
    busy.start()
    rate = migrated(ctx)
    busy = busy.end()
    ctx.server.execute("RESET synchronous_commit")
    yield Result(f"wf_migrate_states, {count:,} executions of 2 KB", "told", f"{rate:,.0f} a second (UPDATE of a plain table {plain:,.0f}, {plain / rate:.1f} ×)",
                 None, {"rate": rate, "plain": plain})
    yield Result("p99 of a patch of another execution meanwhile", "≤ 1.5 × idle", f"{busy / idle:.2f} × ({duration(busy)}, idle {duration(idle)})",
                 busy / idle <= 1.5, {"busy": busy, "idle": idle})
