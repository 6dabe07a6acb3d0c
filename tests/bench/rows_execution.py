"""Steps against bare statements, against calls of their own, and against DBOS; saves with a lease and without."""

import importlib.util
import subprocess
import sys
import tempfile
from statistics import median

import queue_rivals
from context import NOT_WAITING, WAITING, Result, duration
from documents import SIZES, Agent
from measure import time_calls
from rows_queue import rate
from server import APP, OWNER, Session

RESULT = '{"result": "' + "x" * 1000 + '"}'
# The columns, defaults and key of wfstate.steps, so that what differs is what is done with them.
BARE = """CREATE TABLE IF NOT EXISTS rival.steps (LIKE wfstate.steps INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING INDEXES);
GRANT ALL ON rival.steps TO bench_owner"""
INSERT = "INSERT INTO rival.steps (tenant, execution_id, step_id, status) VALUES ('default', $1, $2, 'running')"
UPDATE = """UPDATE rival.steps SET status = 'completed', output = $3, position = DEFAULT, ended_at = clock_timestamp()
    WHERE tenant = 'default' AND execution_id = $1 AND step_id = $2"""
BEGIN = "SELECT action FROM wf_step_begin($1, $2)"
COMPLETE = "SELECT recorded FROM wf_step_complete($1, $2, $3)"
NEXT = "SELECT recorded, next_action FROM wf_step_next($1, $2, $3, $4)"
PATCHED = "SELECT recorded FROM wf_step_complete($1, $2, $3, patch => $4)"


class Steps:
    """One session that runs steps of one execution: `once()` is begin and complete."""

    def __init__(self, ctx, role, settings, bare):
        self.id, self.number = ctx.name().encode(), 0
        self.session = Session(role, settings)
        self.begin, self.complete = (INSERT, UPDATE) if bare else (BEGIN, COMPLETE)
        if not bare:
            self.session.run("SELECT wf_start('bench-steps', $1)", self.id)

    def step(self):
        self.number += 1
        return b"step-%d" % self.number

    def once(self):
        step = self.step()
        self.session.run(self.begin, self.id, step)
        self.session.run(self.complete, self.id, step, RESULT.encode())

    def follow(self):
        """The result of the step before and the begin of the next."""
        if not self.number:
            self.session.run(self.begin, self.id, self.step())
        before = b"step-%d" % self.number
        self.session.run(NEXT, self.id, before, self.step(), RESULT.encode())


def bare_statements(ctx):
    for statement in BARE.split(";\n"):
        ctx.server.execute(statement)
    ours, bare, following = Steps(ctx, APP, NOT_WAITING, False), Steps(ctx, OWNER, NOT_WAITING, True), Steps(ctx, APP, NOT_WAITING, False)
    ctx.server.quiet()
    one, floor, followed = time_calls([ours.once, bare.once, following.follow], ctx.scale(40, 3), ctx.scale(50, 5))
    yield Result("step begin + complete, 1 KB result, 1 client", "≥ 70 % of two bare statements",
                 f"{floor / one:.0%} ({duration(one)}, bare {duration(floor)})", floor / one >= 0.7, {"us": one, "bare": floor})
    yield Result("step after step (wf_step_next), 1 KB result, 1 client", "≥ 70 % of two bare statements",
                 f"{floor / followed:.0%} ({duration(followed)}, bare {duration(floor)})", floor / followed >= 0.7, {"us": followed, "bare": floor})
    head = "\\set step random(1, 2000000000)\n"
    insert = INSERT.replace("$1", "'many'").replace("$2", ":step::text")
    update = " ".join(UPDATE.split()).replace("$1", "'many'").replace("$2", ":step::text").replace("$3", f"'{RESULT}'")
    bare = head + f"{insert} ON CONFLICT DO NOTHING;\n{update};\n"
    ours = head + f"SELECT action FROM wf_step_begin('bench-many-' || :client_id, :step::text);\nSELECT recorded FROM wf_step_complete('bench-many-' || :client_id, :step::text, '{RESULT}');\n"
    for client in range(8):
        ctx.server.execute("SELECT wf_start('bench-steps', %s)", (f"bench-many-{client}",))
    rates = {"ours": [], "bare": []}
    for _ in range(ctx.scale(3, 1)):
        rates["bare"].append(rate(bare, 8, OWNER, seconds=ctx.scale(4, 1)))
        rates["ours"].append(rate(ours, 8, APP, seconds=ctx.scale(4, 1)))
    ours, bare = median(rates["ours"]), median(rates["bare"])
    yield Result("step begin + complete, 1 KB result, 8 clients", "≥ 70 % of two bare statements",
                 f"{ours / bare:.0%} ({ours:,.0f}/s, bare {bare:,.0f}/s)", ours / bare >= 0.7, {"rates": rates})


def with_patch(ctx):
    """The steps are begun, and the patches made, before the clock starts."""
    for settings, name in ((NOT_WAITING, "commit doesn't wait"), (WAITING, "commit waits")):
        runners = []
        for together in (True, False):
            steps = Steps(ctx, APP, settings, False)
            agent = Agent(SIZES["4 KB"])
            steps.session.run("SELECT wf_save_state($1, $2)", steps.id, agent.document().encode())
            begun = []
            for _ in range(ctx.scale(20, 3) * ctx.scale(30, 5) + 3):
                begun.append((steps.step(), agent.patch().encode()))
                steps.session.run(BEGIN, steps.id, begun[-1][0])
            begun.reverse()

            def once(steps=steps, begun=begun, together=together):
                step, patch = begun.pop()
                if together:
                    steps.session.run(PATCHED, steps.id, step, RESULT.encode(), patch)
                else:
                    steps.session.run(COMPLETE, steps.id, step, RESULT.encode())
                    steps.session.run("SELECT wf_patch_state($1, $2)", steps.id, patch)
            runners.append(once)
        ctx.server.quiet()
        one, two = time_calls(runners, ctx.scale(20, 3), ctx.scale(30, 5))
        yield Result(f"step complete with a patch of a 4 KB state, {name}", "≥ 1.6 × as fast as two calls",
                     f"{two / one:.2f} × ({duration(one)}, two calls {duration(two)})", two / one >= 1.6, {"us": one, "two": two})


def dbos(ctx):
    goal = "≥ 5 × as fast as DBOS's step"
    if not importlib.util.find_spec("dbos"):
        yield Result("step of 1 KB, commit waits, from Python", goal, "DBOS could not be fetched")
        return
    with tempfile.NamedTemporaryFile("w", suffix=".py", prefix="bench") as file:
        file.write(queue_rivals.DBOS_STEPS)
        file.flush()
        done = subprocess.run([sys.executable, file.name, queue_rivals.database_url(), str(ctx.scale(300, 20)), "5"],
                              capture_output=True, text=True, check=True)
    theirs = median(map(float, done.stdout.split()))
    import psycopg
    from psycopg.types.json import Jsonb
    steps = Steps(ctx, APP, WAITING, False)
    connection = psycopg.connect(f"user={APP} options='-c synchronous_commit=on'", autocommit=True)
    execution, result = steps.id.decode(), Jsonb("x" * 1024)

    def once():
        step = steps.step().decode()
        connection.execute("SELECT action FROM wf_step_begin(%s, %s)", (execution, step), prepare=True).fetchone()
        connection.execute("SELECT recorded FROM wf_step_complete(%s, %s, %s)", (execution, step, result), prepare=True).fetchone()

    def follow():
        before = f"step-{steps.number}"
        connection.execute("SELECT recorded, next_action FROM wf_step_next(%s, %s, %s, %s)",
                           (execution, before, steps.step().decode(), result), prepare=True).fetchone()
    ours, = time_calls([once], ctx.scale(20, 3), ctx.scale(20, 5))
    followed, = time_calls([follow], ctx.scale(20, 3), ctx.scale(20, 5))
    for name, took in (("step of 1 KB, begun and completed", ours), ("step of 1 KB after another (wf_step_next)", followed)):
        yield Result(f"{name}, commit waits, from Python", goal, f"{theirs / took:.1f} × ({duration(took)}, DBOS {duration(theirs)})",
                     theirs / took >= 5, {"us": took, "dbos": theirs})


def under_lease(ctx):
    """Patches and whole saves; what is saved is made before the clock starts."""
    session, ids = Session(APP, NOT_WAITING), [ctx.name().encode() for _ in range(2)]
    agents = [Agent(SIZES["4 KB"]) for _ in ids]
    for execution, agent in zip(ids, agents):
        session.run("SELECT wf_start('bench-leased', $1)", execution)
        session.run("SELECT wf_save_state($1, $2)", execution, agent.document().encode())
    session.run("SELECT count(*) FROM wf_claim('w', '{bench-leased}', '1 hour', 10)")
    lease = ctx.server.value("SELECT lease::text FROM wf_leases('bench-leased') WHERE execution_id = %s", (ids[0].decode(),)).encode()
    rounds, each = ctx.scale(20, 3), ctx.scale(50, 5)

    def document(agent):
        agent.patch()
        return agent.document().encode()

    for name, function, make in (("patch save", "wf_patch_state", lambda agent: agent.patch().encode()), ("full save", "wf_save_state", document)):
        made = [[make(agent) for _ in range(rounds * each + 3)][::-1] for agent in agents]
        calls = [lambda: session.run(f"SELECT {function}($1, $2, lease => $3)", ids[0], made[0].pop(), lease),
                 lambda: session.run(f"SELECT {function}($1, $2)", ids[1], made[1].pop())]
        ctx.server.quiet()
        leased, free = time_calls(calls, rounds, each)
        yield Result(f"{name}, 4 KB, under a lease", "told", f"{leased / free:.2f} × one without ({duration(leased)}, {duration(free)})", None,
                     {"us": leased, "free": free})


def execution(ctx):
    if not ctx.wfstate:
        return
    for rows in (bare_statements, with_patch, dbos, under_lease):
        yield from rows(ctx)
