"""What goes below the executor, against the floor and against the same calls by statements."""

from statistics import median
from time import perf_counter

from contenders import Floor, WfPatch
from context import NOT_WAITING, WAITING, Result, duration
from documents import SIZES, Agent
from pgbench import Race, middle
from server import APP, OWNER, STATED, Session

# What eight clients do: the change, the floor's share that is to be reached, and the labels of both ways.
RATES = [
    ("patch of 250 bytes on 1 KB", "1 KB", "small_patch", NOT_WAITING, 1.0, "patch"),
    ("patch of 250 bytes on 64 KB", "64 KB", "small_patch", NOT_WAITING, 0.95, "patch"),
    ("full save of 1 KB", "1 KB", "small_patch", NOT_WAITING, 0.9, "save"),
    ("patch of 250 bytes on 1 KB", "1 KB", "small_patch", WAITING, 1.0, "patch"),
    ("full save of 1 KB", "1 KB", "small_patch", WAITING, 1.0, "save"),
]


def rates(ctx):
    for what, size, change, settings, goal, kind in RATES if ctx.wfstate else []:
        race = Race(ctx, SIZES[size], change, 8, settings)
        rate = middle(race.run(["floor", f"wfstate {kind}", f"{kind} by statement"], ctx.scale(5, 1), ctx.scale(3, 1)))
        direct, stated = (rate[label] / rate["floor"] for label in (f"wfstate {kind}", f"{kind} by statement"))
        said = "waits" if settings is WAITING else "doesn't wait"
        yield Result(f"{what}, 8 clients, commit {said}", f"≥ {goal} × the floor's rate",
                     f"{direct:.2f} × ({rate[f'wfstate {kind}']:,.0f}/s, floor {rate['floor']:,.0f}/s; by statement "
                     f"{stated:.2f} ×)", direct >= goal, {"rates": rate})


class StatedPatch(WfPatch):
    role, label = STATED, "patch by statement"


def alone(ctx):
    """One client, commits waiting."""
    for size, goal in (("64 KB", 1.0), ("1 MB", 1.15)) if ctx.wfstate else []:
        samples = ctx.race([Floor, WfPatch, StatedPatch], SIZES[size], "patch", WAITING, ctx.scale(20, 2), ctx.scale(20, 3))
        floor, direct, stated = (samples[each.label].typical for each in (Floor, WfPatch, StatedPatch))
        yield Result(f"patch of {size}, one client, commit waits", f"≤ {goal} × the floor's time",
                     f"{direct / floor:.2f} × ({duration(direct)}, floor {duration(floor)}; by statement "
                     f"{stated / floor:.2f} ×)", direct / floor <= goal)


# In the server: no wire, no text of the result.
LOOP = """DO $do$ DECLARE found jsonb; BEGIN FOR n IN 1..{calls} LOOP {body} END LOOP; END $do$"""
LOAD = "found := wf_load_state('{key}');"
PLAIN = "SELECT p.state INTO found FROM rival.plain AS p WHERE p.execution_id = '{key}';"


def loads(ctx):
    for size in ("1 KB", "4 KB") if ctx.wfstate else []:
        contender = WfPatch(ctx.name(), SIZES[size], "small_patch", NOT_WAITING)
        for _ in range(8):
            contender.step()
        key = contender.id.decode()
        ctx.server.execute("INSERT INTO rival.plain SELECT %s, %s::jsonb", (key, contender.agent.document()))
        ways = {"cached": (APP, LOAD, ""), "cached by statement": (STATED, LOAD, ""),
                "rebuilt": (APP, LOAD, "SET wfstate.cache_size = 0"),
                "rebuilt by statement": (STATED, LOAD, "SET wfstate.cache_size = 0"), "plain": (OWNER, PLAIN, "")}
        sessions = {label: Session(role) for label, (role, _, _) in ways.items()}
        for label, (_, _, setting) in ways.items():
            if setting:
                sessions[label].run(setting)
        calls = ctx.scale(2000, 50)
        times = {label: [] for label in ways}
        for _ in range(ctx.scale(15, 2)):
            for label, (_, body, _) in ways.items():
                start = perf_counter()
                sessions[label].run(LOOP.format(calls=calls, body=body.format(key=key)))
                times[label].append((perf_counter() - start) / calls * 1e6)
        for session in (*sessions.values(), contender.session):
            session.close()
        us = {label: median(taken) for label, taken in times.items()}
        for label in ("cached", "rebuilt"):
            share = us[label] / us["plain"]
            yield Result(f"load of {size} in the server, {label}", "≤ 1.2 × a plain SELECT",
                         f"{share:.2f} × ({us[label]:.1f} µs, plain {us['plain']:.1f} µs; by statement "
                         f"{us[label + ' by statement'] / us['plain']:.2f} ×)", share <= 1.2, {"us": us})


def direct(ctx):
    yield from rates(ctx)
    yield from alone(ctx)
    yield from loads(ctx)
