"""Routing: the aggregate against the server's own, percentile_cont and tdigest; recording for one agent."""

import os
import tempfile
from statistics import median
from time import perf_counter

import psycopg

from context import NOT_WAITING, WAITING, Result
from pgbench import middle, run_pgbench
from server import APP, OWNER, STATED

ROWS, AGENTS, CLIENTS = 4_000_000, 50, 16
QS = "ARRAY[0.5, 0.95, 0.99]::float8[]"

NATIVE = """count(*), count(*) FILTER (WHERE success), avg(ms), stddev(ms), min(ms), max(ms)"""
EXACT = f"{NATIVE}, percentile_cont({QS}) WITHIN GROUP (ORDER BY ms)"
DIGEST = f"{NATIVE}, tdigest_percentile(ms, {{compression}}, {QS})"
# What the accessors ask is part of the time.
STATS = """SELECT agent, total_tasks(s), successful_tasks(s), mean_duration_ms(s), stddev_duration_ms(s),
                  min_duration_ms(s), max_duration_ms(s), approx_percentile(0.5, s), approx_percentile(0.95, s),
                  approx_percentile(0.99, s)
             FROM (SELECT agent, routing_stats(success, ms{error}) AS s FROM rival.tasks GROUP BY agent OFFSET 0) AS x"""


def plain(columns):
    return f"SELECT agent, {columns} FROM rival.tasks GROUP BY agent"


class Tasks:
    """A session over a table of tasks, whose durations are log-normal with a mean and spread of each agent's own."""

    def __init__(self, ctx):
        self.ctx = ctx
        ctx.server.execute(f"SET ROLE {OWNER}")
        ctx.server.execute("DROP TABLE IF EXISTS rival.tasks")
        ctx.server.execute("SELECT setseed(0.42)")
        ctx.server.execute(f"""
            CREATE TABLE rival.tasks AS
            SELECT 'agent-' || n % {AGENTS} AS agent, random() < 0.9 AS success,
                   exp(3 + (n % {AGENTS}) / 25.0 + (0.5 + (n % 7) / 7.0)
                       * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) AS ms
              FROM generate_series(1, {ctx.scale(ROWS, 100_000)}) AS n""")
        ctx.server.execute("VACUUM ANALYZE rival.tasks")
        ctx.server.execute("RESET ROLE")
        options = "-c jit=off -c work_mem=256MB -c max_parallel_workers_per_gather=0"
        self.conn = psycopg.connect(f"user={OWNER} dbname={os.environ['PGDATABASE']}", options=options, autocommit=True,
                                    prepare_threshold=None)

    def once(self, statement):
        start = perf_counter()
        rows = self.conn.execute(statement).fetchall()
        return perf_counter() - start, rows

    def race(self, statements):
        """Median seconds of each; they take turns."""
        for statement in statements:
            self.once(statement)
        times = [[] for _ in statements]
        for _ in range(self.ctx.scale(7, 2)):
            for statement, taken in zip(statements, times):
                taken.append(self.once(statement)[0])
        return [median(taken) for taken in times]

    def percentiles(self, statement):
        """The last three columns, or the array that stands for them, by agent."""
        found = {}
        for row in self.once(statement)[1]:
            found[row[0]] = row[-1] if isinstance(row[-1], list) else list(row[-3:])
        return found

    def parallel(self, workers):
        self.conn.execute(f"SET max_parallel_workers_per_gather = {workers}")
        self.conn.execute("SET parallel_setup_cost = 0")

    def close(self):
        self.conn.close()
        self.ctx.server.execute("DROP TABLE rival.tasks")


def worst(found, exact):
    """Greatest relative error of any agent's percentiles."""
    return max(abs(a - b) / b for agent in exact for a, b in zip(found[agent], exact[agent]))


def aggregates(ctx):
    tasks = Tasks(ctx)
    try:
        yield from compared(ctx, tasks)
        yield from digests(ctx, tasks)
        yield workers(tasks)
    finally:
        tasks.close()


def compared(ctx, tasks):
    native, ours, exact = tasks.race([plain(NATIVE), STATS.format(error=""), plain(EXACT)])
    rows = f"{ctx.scale(ROWS, 100_000):,} rows, {AGENTS} agents"
    yield Result(f"routing_stats with p50, p95, p99; {rows}, one process", "≤ 1.25 × count, avg, stddev, min, max without percentiles",
                 f"{ours / native:.2f} × ({ours * 1000:.0f} ms, native {native * 1000:.0f} ms)", ours / native <= 1.25,
                 {"s": ours, "s_native": native})
    yield Result("the same against percentile_cont", "≥ 3 × as fast", f"{exact / ours:.1f} × ({exact * 1000:.0f} ms)",
                 exact / ours >= 3, {"s_percentile_cont": exact})


def digests(ctx, tasks):
    """tdigest at its usual compression; ours with a relative error that keeps to what tdigest then has."""
    row, goal = "the same against tdigest, at no worse an error", "≥ 1.4 × as fast"
    if not ctx.server.value("SELECT true FROM pg_available_extensions WHERE name = 'tdigest'"):
        yield Result(row, goal, "not measured: the extension tdigest is not installed")
        return
    ctx.server.execute("CREATE EXTENSION IF NOT EXISTS tdigest")
    exact = tasks.percentiles(plain(EXACT))
    digest = plain(DIGEST.format(compression=100))
    theirs = worst(tasks.percentiles(digest), exact)
    # Buckets are at most this far off, and mostly half of it.
    for step in [n / 10_000 for n in (100, 80, 60, 50, 40, 30, 20, 10)]:
        ours = STATS.format(error=f", {step}")
        own = worst(tasks.percentiles(ours), exact)
        if own <= theirs:
            break
    fast, slow = tasks.race([ours, digest])
    said = (f"{slow / fast:.1f} × ({fast * 1000:.0f} ms, tdigest {slow * 1000:.0f} ms); worst error {own:.2%} with "
            f"relative_error {step}, tdigest {theirs:.2%} with compression 100")
    yield Result(row, goal, said, slow / fast >= 1.4 and own <= theirs,
                 {"s": fast, "s_tdigest": slow, "error": own, "error_tdigest": theirs, "relative_error": step})


def workers(tasks):
    statement = STATS.format(error="")
    tasks.conn.execute("ALTER TABLE rival.tasks SET (parallel_workers = 2)")
    times = {0: [], 2: []}
    for _ in range(tasks.ctx.scale(6, 2)):
        for count, taken in times.items():
            tasks.parallel(count)
            tasks.once(statement)
            taken.append(tasks.once(statement)[0])
    plan = "".join(row[0] for row in tasks.once("EXPLAIN " + statement)[1])
    if "Workers Planned: 2" not in plan:
        raise RuntimeError(plan)
    alone, both = median(times[0]), median(times[2])
    return Result("two parallel workers against none", "≥ 1.6 × as fast",
                  f"{alone / both:.2f} × ({both * 1000:.0f} ms, alone {alone * 1000:.0f} ms)", alone / both >= 1.6,
                  {"s_alone": alone, "s_both": both})


VALUES = "\\set ms random_exponential(1, 5000, 5)\n\\set task random(1, 1000000)\n"
COLUMNS = "(tenant, decision_id, decided_at, task_id, selected_agent, task_type, agent_score, success, duration_ms, completed_at)"
# A time-ordered id, as the decisions' own are.
INSERT = f"""INSERT INTO rival.decisions {COLUMNS} VALUES ('default',
 (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000000)::bigint), 16, '0') || lpad(to_hex(:task::bigint), 16, '0'))::uuid,
 clock_timestamp(), 'task-' || :task, 'agent-1', 'chat', 0.5, true, :ms, clock_timestamp())""".replace("\n", "")
ONE_ROW = f"""WITH decision AS ({INSERT}) UPDATE rival.agents SET total = total + 1, succeeded = succeeded + 1,
 sum = sum + :ms::float8, squares = squares + :ms::float8 * :ms::float8, low = least(low, :ms::float8),
 high = greatest(high, :ms::float8) WHERE agent = 'agent-1'""".replace("\n", "")
RECORD = "SELECT wf_record_routing('task-' || :task, 'agent-1', true, :ms, 'chat', agent_score => 0.5)"
KINDS = {"insert alone": (OWNER, INSERT), "wfstate": (APP, RECORD), "by statement": (STATED, RECORD),
         "one row": (OWNER, ONE_ROW)}


def recording(ctx):
    ctx.server.execute("DROP TABLE IF EXISTS rival.decisions, rival.agents")
    ctx.server.execute("CREATE TABLE rival.decisions (LIKE wfstate.routing_decisions INCLUDING ALL)")
    ctx.server.execute("CREATE TABLE rival.agents (agent text PRIMARY KEY, total int8, succeeded int8, sum float8, "
                       "squares float8, low float8, high float8) WITH (fillfactor = 50)")
    ctx.server.execute("INSERT INTO rival.agents VALUES ('agent-1', 0, 0, 0, 0, 'Infinity', '-Infinity')")
    ctx.server.execute(f"GRANT ALL ON rival.decisions, rival.agents TO {OWNER}")
    for said, settings in (("commit waits", WAITING), ("commit doesn't wait", NOT_WAITING)):
        rates = {label: [] for label in KINDS}
        ctx.server.quiet()
        for _ in range(ctx.scale(5, 1)):
            for label, (role, statement) in KINDS.items():
                rates[label].append(rate(role, statement, settings, ctx.scale(4, 1)))
        middles = middle(rates)
        ours, alone, one_row = middles["wfstate"], middles["insert alone"], middles["one row"]
        row = f"{CLIENTS} clients record for one agent, {said}"
        yield Result(row, "≥ 100 % of inserting the decision alone",
                     f"{ours / alone:.0%} ({ours:,.0f}/s, insert alone {alone:,.0f}/s; by statement "
                     f"{middles['by statement'] / alone:.0%})", ours / alone >= 1, {"rates": rates})
        yield Result(f"{row}, against one row an agent updated in place", "≥ 3 × its rate",
                     f"{ours / one_row:.1f} × (one row {one_row:,.0f}/s)", ours / one_row >= 3)
    ctx.server.execute("DROP TABLE rival.decisions, rival.agents")


def rate(role, statement, settings, seconds):
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    with tempfile.NamedTemporaryFile("w", suffix=".sql", prefix="bench") as file:
        file.write(VALUES + statement + ";\n")
        file.flush()
        return run_pgbench(["-f", file.name, "-c", str(CLIENTS), "-j", "2", "-T", str(seconds), "-U", role], options)


# Thirty days of statistics by hour, then outcomes of this hour that nobody has folded.
HISTORY = """INSERT INTO wfstate.agent_statistics (tenant, agent, task_type, hour_at, part, stats)
 SELECT %s, 'agent-' || a, 'chat', date_trunc('hour', now()) - h * interval '1 hour', -1, s.stats
   FROM generate_series(1, %s) AS a, generate_series(1, %s) AS h,
        (SELECT routing_stats(n %% 9 > 0, 20 + n * 3 %% 700) AS stats FROM generate_series(1, 140) AS n) AS s"""
UNFOLDED = """INSERT INTO wfstate.routing_outcomes (tenant, agent, task_type, hour_at, duration_ms, success, spread)
 SELECT %s, 'agent-' || 1 + n %% %s, 'chat', date_trunc('hour', now()), 20 + n * 7 %% 900, n %% 9 > 0, hashint4(n) & 2147483647
   FROM generate_series(1, %s) AS n"""
ASKED = {"every agent": "SELECT count(*) FROM wf_agent_statistics()",
         "one agent": "SELECT count(*) FROM wf_agent_statistics('agent-7')"}


def reading(ctx):
    """What is not folded yet costs a reader little: the same question before and after wf_maintain."""
    outcomes, hours, tenant = ctx.scale(100_000, 20_000), ctx.scale(720, 48), "bench-statistics"
    ctx.server.execute(HISTORY, (tenant, AGENTS, hours))
    ctx.server.execute(UNFOLDED, (tenant, AGENTS, outcomes))
    ctx.server.execute("VACUUM ANALYZE wfstate.agent_statistics, wfstate.routing_outcomes")
    conn = psycopg.connect(f"user={APP} dbname={os.environ['PGDATABASE']}", options=f"-c wfstate.tenant={tenant}",
                           autocommit=True)
    unfolded = asked(conn, ctx.scale(15, 3))
    left = 1
    with psycopg.connect(f"dbname={os.environ['PGDATABASE']}", options=f"-c wfstate.tenant={tenant}",
                         autocommit=True) as maintaining:
        while left:
            left = dict(maintaining.execute("SELECT * FROM wf_maintain()").fetchall())["fold_outcomes"]
    folded = asked(conn, ctx.scale(15, 3))
    conn.close()
    for label in ASKED:
        ratio = unfolded[label] / folded[label]
        yield Result(f"statistics of {label}, {AGENTS} agents over {hours} hours, {outcomes:,} outcomes not folded",
                     "≤ 1.5 × all folded", f"{ratio:.2f} × ({unfolded[label] * 1000:.1f} ms, folded {folded[label] * 1000:.1f} ms)",
                     ratio <= 1.5, {"s": unfolded[label], "s_folded": folded[label]})
    ctx.server.execute("DELETE FROM wfstate.agent_statistics WHERE tenant = %s", (tenant,))


def asked(conn, times):
    """Median seconds of each question."""
    taken = {label: [] for label in ASKED}
    for _ in range(times):
        for label, question in ASKED.items():
            start = perf_counter()
            conn.execute(question).fetchall()
            taken[label].append(perf_counter() - start)
    return {label: median(each) for label, each in taken.items()}
