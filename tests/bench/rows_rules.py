"""Rules beside the data: what it costs that a definition checks each save, and validation alone against the usual ways."""

import json
from statistics import median
from time import perf_counter_ns

from context import NOT_WAITING, Result, duration
from documents import SIZES, Agent, course
from rows_naive import LOOP, STEPS, quoted
from server import APP, OWNER, Session

WORKFLOW = "bench-rules"


def members(required, **properties):
    return {"type": "object", "required": required, "properties": properties}


# Thirty assertions, on every member of the states in documents.py.
SCHEMA = members(
    ["agent", "step", "messages", "todo", "scratch"],
    agent={"type": "string", "minLength": 1, "maxLength": 100},
    step={"type": "integer", "minimum": 0, "maximum": 1_000_000},
    notes={"type": "string", "maxLength": 10_000},
    messages={"type": "array", "maxItems": 10_000, "items": members(
        ["role", "content"],
        role={"enum": ["system", "user", "assistant", "tool"]},
        content={"type": "string", "minLength": 1, "maxLength": 20_000})},
    todo={"type": "array", "items": members(
        ["id", "task", "done"],
        id={"type": "integer"}, task={"type": "string", "maxLength": 500}, done={"type": "boolean"})},
    scratch=members(["tool", "budget"], tool={"type": "string"}, budget={"type": "number", "minimum": 0}),
)


def define(ctx):
    ctx.server.execute("SELECT wf_define(%s, %s)", (WORKFLOW, json.dumps({"schema": SCHEMA})))
    ctx.server.execute("SELECT wf_define('bench-no-rules', '{}')")


class Looper:
    """One session that saves to one execution in a loop inside the server."""

    def __init__(self, ctx, size, function, change, checked):
        self.id, self.times = ctx.name().encode(), []
        self.loop = f"rival.loop_{function}"
        ctx.server.execute(f"DROP PROCEDURE IF EXISTS {self.loop}")
        ctx.server.execute(LOOP.format(schema="rival", name=f"loop_{function}", function=function))
        ctx.server.execute(f"GRANT EXECUTE ON PROCEDURE {self.loop} TO PUBLIC")
        agent = Agent(size)
        if change == "other":
            # A member that no rule reads.
            first = agent.document()
            documents = [json.dumps({"other": agent.text(450), "turn": turn}) for turn in range(2 * STEPS)]
        else:
            first, states, patches = course(agent, change, STEPS)
            documents = states if function == "wf_save_state" else patches
        self.documents = ("{" + ",".join(map(quoted, documents)) + "}").encode()
        self.session = Session(APP, NOT_WAITING)
        workflow = WORKFLOW.encode() if checked else None
        self.version = self.session.run("SELECT wf_save_state($1, $2, 0, workflow => $3)", self.id, first.encode(),
                                        workflow)

    def run(self, saves):
        start = perf_counter_ns()
        self.version = self.session.run(f"CALL {self.loop}($1, $2, $3, $4)", self.id, self.documents, b"%d" % saves,
                                        self.version)
        self.times.append((perf_counter_ns() - start) / 1000 / saves)


def race(ctx, size, function, change, saves):
    """Microseconds of a save unchecked and checked, in the server."""
    loopers = [Looper(ctx, size, function, change, checked) for checked in (False, True)]
    ctx.server.quiet()
    for _ in range(ctx.scale(15, 3)):
        for looper in loopers:
            looper.run(ctx.scale(saves, 16))
    for looper in loopers:
        looper.session.close()
    # The first call plans, compiles, and writes whole pages after the CHECKPOINT.
    return [median(looper.times[1:]) for looper in loopers]


def saves(ctx):
    plain, checked = race(ctx, SIZES["4 KB"], "wf_save_state", "patch", 320)
    yield Result("save, 4 KB, 30 rules, in the server", "≤ 25 µs more than unchecked",
                 f"{checked - plain:+.1f} µs ({checked:.1f} µs, unchecked {plain:.1f} µs)", checked - plain <= 25,
                 {"plain": plain, "checked": checked})
    for name, change, goal, what in (("64 KB", "patch", 1.5, "patch of 500 bytes"),
                                     ("1 MB", "other", 1.1, "merge patch that touches no rule")):
        plain, checked = race(ctx, SIZES[name], "wf_patch_state", change, 160)
        ratio = checked / plain
        yield Result(f"{what}, {name}, 30 rules, in the server", f"≤ {goal} × unchecked",
                     f"{ratio:.2f} × ({checked:.1f} µs, unchecked {plain:.1f} µs)", ratio <= goal,
                     {"plain": plain, "checked": checked})


# A call each, on the same state; `count` keeps the planner from calling once for all.
ALONE = {
    "wfstate": (APP, "wf_is_valid_state('{workflow}', {state})"),
    "compiled at each call": (OWNER, "naive_json_matches_schema('{schema}', {state})"),
    "PL/pgSQL by hand": (OWNER, "rival.hand_written_check({state})"),
}
MANY = """SELECT count(*) FROM (SELECT $1::jsonb || '{{}}' AS body OFFSET 0) AS state,
  LATERAL (SELECT FROM generate_series(1, {calls}) AS n WHERE {check}) AS checked"""
# What depends on the row is not checked once for all of them.
EACH = "CASE WHEN n > 0 THEN state.body END"


def alone(ctx):
    state = Agent(SIZES["4 KB"]).document().encode()
    took = {}
    sessions = {}
    for label, (role, check) in ALONE.items():
        calls = ctx.scale(40 if "each call" in label else 2000, 10)
        check = check.format(workflow=WORKFLOW, schema=json.dumps(SCHEMA), state=EACH)
        sessions[label] = (Session(role, {"max_parallel_workers_per_gather": "0"}),
                           MANY.format(calls=calls, check=check), calls)
        took[label] = []
    for _ in range(ctx.scale(11, 3)):
        for label, (session, statement, calls) in sessions.items():
            start = perf_counter_ns()
            found = session.run(statement, state)
            took[label].append((perf_counter_ns() - start) / 1000 / calls)
            if int(found) != calls:
                raise RuntimeError(f"{label}: the state is not valid")
    took = {label: median(times[1:]) for label, times in took.items()}
    for label, goal in (("compiled at each call", 10), ("PL/pgSQL by hand", 3)):
        ratio = took[label] / took["wfstate"]
        yield Result(f"validation alone, 4 KB, 30 rules, against {label}", f"≥ {goal} × as fast",
                     f"{ratio:.1f} × ({took['wfstate']:.1f} µs, {label} {took[label]:.1f} µs)", ratio >= goal, took)


def first_call(ctx):
    """What the first check of a session costs beyond the second: reading and compiling the definition."""
    state = Agent(SIZES["4 KB"]).document().encode()
    check = ALONE["wfstate"][1].format(workflow=WORKFLOW, state="$1::jsonb")
    firsts, seconds = [], []
    for _ in range(ctx.scale(25, 3)):
        session = Session(APP)
        # The library is loaded, the tenant known.
        session.run("SELECT wf_is_valid_state('bench-no-rules', $1::jsonb)", state)
        session.prepare(f"SELECT {check}")
        for times in (firsts, seconds):
            start = perf_counter_ns()
            session.run(f"SELECT {check}", state)
            times.append((perf_counter_ns() - start) / 1000)
        session.close()
    compiled = median(firsts) - median(seconds)
    yield Result("first check of a session, 30 rules: read and compile", "≤ 5 ms", duration(compiled),
                 compiled <= 5000, {"first": firsts, "second": seconds})


def rules(ctx):
    if not ctx.wfstate:
        return
    define(ctx)
    yield from saves(ctx)
    yield from alone(ctx)
    yield from first_call(ctx)
