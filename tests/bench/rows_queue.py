"""Claims, heartbeats, signals and lists, at a large backlog and after much churn."""

import os
import tempfile
import threading
from statistics import median
from time import perf_counter_ns

import psycopg

import queue_rivals
from context import NOT_WAITING, Result, duration
from measure import time_calls
from pgbench import run_pgbench
from server import APP, OWNER, Session

TABLES = ("executions", "state_versions", "leases", "runs")
FILL = """WITH started AS (
  INSERT INTO wfstate.executions (tenant, execution_id, workflow, status, version, hash, updated_at, state_bytes, chain_bytes, keyframe_version, created_at)
  SELECT 'default', '{w}-' || i, '{w}', 'pending', 1, i, t.at, 10, 0, 1, t.at
    FROM generate_series(1, {n}) AS i, LATERAL (SELECT timestamptz '2026-01-01' + i * interval '1 ms' AS at) AS t
  RETURNING tenant, execution_id, created_at
), logged AS (
  INSERT INTO wfstate.state_versions (tenant, execution_id, version, keyframe_version, hash, snapshot_hash, saved_at, state_bytes, chain_bytes, status, snapshot)
  SELECT tenant, execution_id, 1, 1, 1, 1, created_at, 10, 0, 'pending', '{{}}' FROM started
), run AS (
  INSERT INTO wfstate.runs (tenant, execution_id, workflow) SELECT tenant, execution_id, '{w}' FROM started
)
INSERT INTO wfstate.leases (tenant, execution_id, workflow, lane, state)
SELECT tenant, execution_id, '{w}', 0, 'ready' FROM started ORDER BY created_at"""
CLAIM = "SELECT execution_id AS id, lease FROM wf_claim('w', '{{{w}}}') \\gset\nSELECT wf_complete(:id, lease => :lease);\n"
START = "SELECT wf_start('{w}');\n"


def backlog(ctx, count):
    """So many executions that wait, of a workflow of their own."""
    workflow = f"backlog-{count}"
    ctx.server.execute("SELECT wf_start(%s)", (workflow,))
    ctx.server.execute(FILL.format(w=workflow, n=count))
    ctx.server.execute("VACUUM ANALYZE wfstate.leases, wfstate.executions, wfstate.runs, wfstate.state_versions")
    return workflow


def rate(script, clients, role, **limit):
    """Turns a second; of `seconds`, or of so many `turns` a client."""
    much = ["-T", str(limit["seconds"])] if "seconds" in limit else ["-t", str(limit["turns"])]
    with tempfile.NamedTemporaryFile("w", suffix=".sql", prefix="bench") as file:
        file.write(script)
        file.flush()
        settings = " ".join(f"-c {name}={value}" for name, value in NOT_WAITING.items())
        return run_pgbench(["-f", file.name, "-c", str(clients), "-j", str(min(2, clients)), "-U", role, *much], settings)


def claims(ctx):
    """The same turn at each backlog: one comes, one is claimed and completed, so that the backlog stays what it is."""
    for table in TABLES:
        ctx.server.execute(f"ALTER TABLE wfstate.{table} SET (autovacuum_enabled = off)")
    workflows = {count: backlog(ctx, count) for count in (1000, ctx.scale(100_000, 3000), ctx.scale(1_000_000, 10_000))}
    rounds, seconds = ctx.scale(3, 1), ctx.scale(5, 1)
    turns = {count: (START + CLAIM).format(w=workflow) for count, workflow in workflows.items()}
    for clients in (1, 8):
        rates = {count: [] for count in turns}
        for _ in range(rounds):
            for count, turn in turns.items():
                rates[count].append(rate(turn, clients, APP, seconds=seconds))
        rates = {count: median(each) for count, each in rates.items()}
        worst = max(rates.values()) / min(rates.values())
        told = ", ".join(f"{count:,}: {each:,.0f}/s" for count, each in rates.items())
        yield Result(f"start + claim + complete, {clients} client{'s' * (clients > 1)}, by backlog", "flat within 1.5 ×",
                     f"{worst:.2f} × ({told})", worst <= 1.5, {"rates": rates})
    largest = max(workflows)
    yield from pairs(ctx, workflows[largest], turns[largest], largest)
    for table in TABLES:
        ctx.server.execute(f"ALTER TABLE wfstate.{table} RESET (autovacuum_enabled)")


def pairs(ctx, workflow, turn, count):
    """Claims alone, 100,000 of them, and what comes after without vacuum; the rivals beside it."""
    before = rate(turn, 8, APP, seconds=ctx.scale(5, 1))
    ours = rate(CLAIM.format(w=workflow), 8, APP, turns=ctx.scale(100_000, 800) // 8)
    told = []
    for rival in queue_rivals.available():
        seconds = ctx.scale(4, 1)
        rival.fill(ctx.server, ctx.scale(100_000, 30_000))
        rate(rival.turn, 8, "postgres", seconds=seconds)
        told.append(f"{rival.label} {ctx.server.value(rival.done) / seconds:,.0f}/s")
    yield Result(f"claim + complete, backlog {count:,}, 8 clients, commit doesn't wait", "≥ 4,000/s",
                 f"{ours:,.0f}/s (at a backlog of {ctx.scale(100_000, 30_000):,}: {', '.join(told)})", ours >= 4000, {"rate": ours, "rivals": told})
    after = rate(turn, 8, APP, seconds=ctx.scale(5, 1))
    worst = max(before, after) / min(before, after)
    yield Result(f"start + claim + complete after {ctx.scale(100_000, 800):,} claims without vacuum", "flat within 1.5 ×",
                 f"{worst:.2f} × ({before:,.0f}/s before, {after:,.0f}/s after)", worst <= 1.5, {"before": before, "after": after})


def heartbeats(ctx):
    """100 leases in one call, over and over."""
    workflow = backlog(ctx, 100 + ctx.scale(0, 1))
    session = Session(APP, NOT_WAITING)
    held = ctx.server.connection.execute("SELECT array_agg(execution_id), array_agg(lease) FROM wf_claim('w', ARRAY[%s], '1 hour', 100)", (workflow,)).fetchone()
    ids, leases = (("{" + ",".join(map(str, each)) + "}").encode() for each in held)

    def counters():
        ctx.server.execute("SELECT pg_stat_force_next_flush()")
        return ctx.server.connection.execute("""SELECT n_tup_upd, n_tup_hot_upd, pg_indexes_size('wfstate.leases')
            FROM pg_stat_user_tables WHERE relid = 'wfstate.leases'::regclass""").fetchone()
    calls = ctx.scale(1000, 20)
    ctx.server.execute("VACUUM wfstate.leases")
    # Rows that were claimed find their places first.
    for _ in range(20):
        session.run("SELECT count(*) FROM wf_heartbeat($1, $2, '1 hour')", ids, leases)
    session.run("SELECT pg_stat_force_next_flush()")
    ctx.server.quiet()
    before, start = counters(), perf_counter_ns()
    for _ in range(calls):
        session.run("SELECT count(*) FROM wf_heartbeat($1, $2, '1 hour')", ids, leases)
    took = (perf_counter_ns() - start) / 1000
    session.run("SELECT pg_stat_force_next_flush()")
    session.close()
    after = counters()
    updates, hot, grown = (b - a for a, b in zip(before, after))
    yield Result(f"heartbeat of 100 leases in one call, {calls * 100:,} in all", "HOT only, no index growth",
                 f"{duration(took / calls)} a call; {hot:,} of {updates:,} updates HOT, indexes grew by {grown} B",
                 hot == updates >= calls * 100 and grown == 0, {"us": took / calls, "updates": updates, "hot": hot, "grown": grown})


def connect():
    return psycopg.connect(f"user={APP} dbname={os.environ['PGDATABASE']} options='-c synchronous_commit=off'", autocommit=True)


class Listener(threading.Thread):
    """A worker that listens: each time it hears something it does its work, and tells when it had it."""

    def __init__(self, channel, work):
        super().__init__(daemon=True)
        self.connection, self.worker = connect(), connect()
        self.connection.execute(f"LISTEN {channel}")
        self.work, self.had, self.times = work, threading.Event(), []

    def run(self):
        for _ in self.connection.notifies():
            if self.work(self.worker):
                self.times.append(perf_counter_ns())
                self.had.set()


def heard(ctx, channel, work, send):
    """Median microseconds from sending to having it."""
    listener = Listener(channel, work)
    listener.start()
    taken = []
    for number in range(ctx.scale(500, 20)):
        listener.had.clear()
        start = perf_counter_ns()
        send(number)
        if not listener.had.wait(5):
            raise RuntimeError("nothing was heard")
        taken.append((listener.times[-1] - start) / 1000)
    return median(taken)


def signals(ctx):
    """From wf_signal to the claim of a worker that was woken, against a notification alone."""
    ctx.server.execute(f"ALTER DATABASE \"{os.environ['PGDATABASE']}\" SET wfstate.notify_queue = on")
    ctx.server.execute("SELECT wf_start('bench-signal', 'bench-signal')")
    sender, waiting = connect(), connect()
    alone = heard(ctx, "bench", lambda _: True, lambda number: sender.execute("SELECT pg_notify('bench', '')"))

    told = []

    def claim(connection):
        told.append(perf_counter_ns())
        return connection.execute("SELECT lease FROM wf_claim('w', '{bench-signal}')", prepare=True).fetchone()

    claim(waiting)

    def wait(number):
        waiting.execute("SELECT wf_await_signal('bench-signal', 'go', wait_id => %s)", (f"wait-{number}",))

    listener, taken, hints = Listener("wfstate", claim), [], []
    listener.start()
    for number in range(ctx.scale(500, 20)):
        wait(number)
        listener.had.clear()
        start = perf_counter_ns()
        sender.execute("SELECT wf_signal('bench-signal', 'go')", prepare=True)
        if not listener.had.wait(5):
            raise RuntimeError("nobody has claimed")
        taken.append((listener.times[-1] - start) / 1000)
        hints.append((told[-1] - start) / 1000)
        wait(number)  # takes it
    ctx.server.execute(f"ALTER DATABASE \"{os.environ['PGDATABASE']}\" RESET wfstate.notify_queue")
    claimed, ours = median(taken), median(hints)
    yield Result("signal → claimable, told to a worker that listens, p50", "≤ 2 × pg_notify alone",
                 f"{ours / alone:.2f} × ({duration(ours)}, pg_notify {duration(alone)}); claimed after {duration(claimed)}",
                 ours / alone <= 2, {"us": ours, "notify": alone, "claimed": claimed})


def lists(ctx):
    """The first page and page 1,000 of all executions that are there."""
    count, page = ctx.server.value("SELECT count(*) FROM wfstate.executions"), ctx.scale(1000, 20)
    session = Session(APP)
    cursor = ctx.server.value(
        "SELECT (extract(epoch FROM created_at) * 1000000)::bigint || ':' || execution_id FROM wfstate.executions WHERE tenant = 'default'"
        " ORDER BY created_at DESC, execution_id DESC OFFSET %s LIMIT 1", (100 * (page - 1) - 1,)).encode()
    first = "SELECT count(*) FROM wf_list(max_rows => 100)"
    later = "SELECT count(*) FROM wf_list(after => $1, max_rows => 100)"
    times = time_calls([lambda: session.run(first), lambda: session.run(later, cursor)], ctx.scale(20, 3), ctx.scale(10, 3))
    session.close()
    worst = max(times) / min(times)
    yield Result(f"wf_list, first page and page {page:,} of {count:,} executions", "flat within 2 ×",
                 f"{worst:.2f} × ({duration(times[0])}, {duration(times[1])})", worst <= 2, {"us": times})


def queue(ctx):
    if not ctx.wfstate:
        return
    yield from claims(ctx)
    yield from heartbeats(ctx)
    yield from signals(ctx)
    yield from lists(ctx)
    # The rows that follow are not to be slower for a million executions.
    ctx.server.execute("TRUNCATE " + ", ".join(f"wfstate.{table}" for table in (*TABLES, "search", "signals", "waits")))
