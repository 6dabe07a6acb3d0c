"""Loads at the worst place of the log, and the tags: checkpoint and recover."""

from statistics import median
from time import perf_counter_ns

from contenders import WfPatch
from context import NOT_WAITING, WAITING, Result, duration, size_text
from documents import SIZES, Agent
from measure import time_calls
from rows_save import keyframe_cycle
from server import APP, OWNER, Session

LOAD = "SELECT wf_load_state($1)"
PLAIN = "SELECT state FROM rival.plain WHERE execution_id = $1"


def loads(ctx):
    """The state just before its next keyframe, rebuilt, against the same document in a plain table."""
    for name in ("4 KB", "64 KB", "1 MB"):
        row, goal = f"load after the longest chain, {name}", "≤ 1.5 × SELECT of a plain table"
        longest = longest_chain(ctx, name) if ctx.wfstate else None
        document = (longest.agent if longest else Agent(SIZES[name])).document()
        key = longest.id if longest else ctx.name().encode()
        fill(key, document)
        owner = Session(OWNER)
        calls = [lambda: owner.run(PLAIN, key)]
        sessions = [owner]
        if longest:
            cached, rebuilding = Session(APP), Session(APP)
            rebuilding.run("SET wfstate.cache_size = 0")
            sessions += [cached, rebuilding, longest.session]
            if not cached.run(LOAD, key) == rebuilding.run(LOAD, key) == owner.run(PLAIN, key):
                raise RuntimeError(f"load of {name}: the texts differ")
            calls += [lambda: rebuilding.run(LOAD, key), lambda: cached.run(LOAD, key)]
        times = time_calls(calls, ctx.scale(20, 3), ctx.scale(10, 3))
        for session in sessions:
            session.close()
        yield load_result(row, goal, times, longest)


def fill(key, document):
    """In a session of its own: one that has parsed the document has memory at hand that readers have not."""
    writer = Session(OWNER)
    writer.run("INSERT INTO rival.plain VALUES ($1, $2)", key, document.encode())
    writer.close()


def load_result(row, goal, times, longest):
    if not longest:
        return Result(row, goal, f"plain {duration(times[0])}")
    plain, rebuilt, cached = times
    return Result(
        row, goal,
        f"{rebuilt / plain:.2f} × rebuilt, {cached / plain:.2f} × from the session's cache "
        f"({duration(rebuilt)}, {duration(cached)}; plain {duration(plain)}); {longest.chain} patches since the keyframe",
        rebuilt / plain <= 1.5,
        {"us_plain": plain, "us_rebuilt": rebuilt, "us_cached": cached, "patches": longest.chain})


def longest_chain(ctx, name):
    """Patch saves until the next one would write a keyframe; all patches are of one size."""
    saves = keyframe_cycle(ctx, name)["saves"]
    contender = WfPatch(ctx.name(), SIZES[name], "patch", NOT_WAITING)
    key = first = ctx.keyframe(contender.id)
    while key == first:
        contender.step()
        key = ctx.keyframe(contender.id)
    for _ in range(saves - 1):
        contender.step()
    if ctx.keyframe(contender.id) != key:
        raise RuntimeError(f"{name}: the keyframe came sooner than the last time")
    contender.chain = int(contender.version) - key
    return contender


def tags(ctx):
    """Checkpoint and recover must not depend on the state's size."""
    row, goal = "{} of 1 MB", "same cost as of 1 KB (≤ 1.2 ×), < 1 kB of WAL"
    if not ctx.wfstate:
        for verb in ("checkpoint", "recover"):
            yield Result(row.format(verb), goal, "not measured")
        return
    small, large = (Tagging(ctx, SIZES[name]) for name in ("1 KB", "1 MB"))
    ctx.server.quiet()
    for number in range(ctx.scale(100, 12) + 3):
        for each in (small, large):
            each.once(ctx, number)
    for verb in ("checkpoint", "recover"):
        cheap, dear = small.cost(verb), large.cost(verb)
        ratio = dear["us"] / cheap["us"]
        yield Result(
            row.format(verb), goal,
            f"{ratio:.2f} × ({duration(dear['us'])}, 1 KB {duration(cheap['us'])}); {size_text(dear['wal'])} of WAL "
            f"(1 KB {size_text(cheap['wal'])})",
            ratio <= 1.2 and dear["wal"] < 1000, {"1 KB": cheap, "1 MB": dear})
    after = [each.cost("save after recover") for each in (small, large)]
    yield Result("patch save right after a recovery of 1 MB", "",
                 f"{duration(after[1]['us'])} (1 KB {duration(after[0]['us'])}): the state is rebuilt once", None,
                 {"1 KB": after[0], "1 MB": after[1]})
    for each in (small, large):
        each.contender.close()


class Tagging:
    """One execution that is saved, tagged, saved, and recovered, over and over."""

    def __init__(self, ctx, size):
        self.contender = WfPatch(ctx.name(), size, "small_patch" if size < 2048 else "patch", WAITING)
        self.taken = {"checkpoint": [], "recover": [], "save after recover": []}

    def once(self, ctx, number):
        contender, tag = self.contender, b"tag-%d" % number
        contender.step()
        self.timed(ctx, "checkpoint", lambda: contender.session.run("SELECT wf_checkpoint($1, $2)", contender.id, tag))
        contender.step()
        self.timed(ctx, "recover", lambda: self.recover(tag))
        payload = contender.next()
        self.timed(ctx, "save after recover", lambda: contender.save(payload))

    def recover(self, tag):
        contender = self.contender
        contender.version = contender.session.run("SELECT wf_recover($1, $2)", contender.id, tag)

    def timed(self, ctx, verb, call):
        before = ctx.server.wal()
        start = perf_counter_ns()
        call()
        taken = (perf_counter_ns() - start) / 1000
        self.taken[verb].append((taken, ctx.server.wal() - before))

    def cost(self, verb):
        # The first ones fill caches and, after the CHECKPOINT, write whole pages.
        times, wal = zip(*self.taken[verb][3:])
        return {"us": median(times), "wal": median(wal), "wal_mean": sum(wal) / len(wal)}
