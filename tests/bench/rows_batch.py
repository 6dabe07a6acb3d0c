"""A thousand states of 1 KB saved by one call, and by a thousand calls in one transaction."""

import time
from statistics import median

from context import NOT_WAITING, Result, duration
from documents import SIZES, Agent
from server import APP, Session

BATCH = "SELECT count(*) FROM wf_save_states($1, $2)"
PARSE = "SELECT cardinality($1::jsonb[]) + cardinality($2::text[])"
SAVE = "SELECT wf_save_state($1, $2)"
COUNT = 1000
# What each kind of states is to reach: new heads take entries in all indexes, either way.
TO_REACH = {"new": 3, "changed": 6, "equal": 3}


def batches(ctx):
    if not ctx.wfstate:
        return
    session = Session(APP, NOT_WAITING)
    agent = Agent(SIZES["1 KB"])
    turns = {kind: {"calls": [], "batch": [], "parse": []} for kind in TO_REACH}
    # The first round warms up.
    for turn in range(ctx.scale(6, 2)):
        prefix = ctx.name()
        for step, kind in enumerate(("new", "changed", "changed", "equal")):
            if kind != "equal":
                agent.small_patch()
            for how in ("calls", "batch", "parse"):
                ids = [f"{prefix}-{how}-{n}" for n in range(COUNT)]
                seconds = timed(session, how, ids, agent.document())
                if turn:
                    turns[kind][how].append(seconds)
            if step == 0:
                ctx.server.execute("ANALYZE wfstate.executions, wfstate.state_versions")
    session.close()
    for kind, seconds in turns.items():
        calls, batch, parse = (median(seconds[how]) for how in ("calls", "batch", "parse"))
        yield Result(
            f"batch of 1,000 {kind} states of 1 KB", f"≥ {TO_REACH[kind]} × as fast as 1,000 calls in one transaction",
            f"{calls / batch:.1f} × ({duration(1e6 * batch)}, calls {duration(1e6 * calls)}, "
            f"to parse the arrays alone {duration(1e6 * parse)})",
            calls >= TO_REACH[kind] * batch, seconds)


def timed(session, how, ids, document):
    """Parameters are made before the clock starts, an array as the text that a driver sends."""
    if how == "calls":
        calls = [(name.encode(), document.encode()) for name in ids]
        start = time.perf_counter()
        session.run("BEGIN")
        for call in calls:
            session.run(SAVE, *call)
        session.run("COMMIT")
        return time.perf_counter() - start
    quoted = '"' + document.replace("\\", "\\\\").replace('"', '\\"') + '"'
    arrays = ("{" + ",".join(ids) + "}").encode(), ("{" + ",".join([quoted] * len(ids)) + "}").encode()
    start = time.perf_counter()
    if how == "parse":
        session.run(PARSE, *arrays[::-1])
    else:
        session.run(BATCH, *arrays)
    return time.perf_counter() - start
