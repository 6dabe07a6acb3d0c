"""Saves inside the server: what the way of writing an extension costs.

A procedure saves and commits in a loop, so that neither the wire nor the parsing of the document's text,
which are the same for all, is in the figure."""

from statistics import median
from time import perf_counter_ns

from context import NOT_WAITING, Result
from documents import SIZES, Agent, course
from server import APP, OWNER, Session

LOOP = """CREATE PROCEDURE {schema}.{name}(p_execution_id text, p_documents jsonb[], p_saves int, INOUT p_version bigint)
LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 0..p_saves - 1 LOOP
        p_version := {function}(p_execution_id, p_documents[1 + i % cardinality(p_documents)], p_version);
        COMMIT;
    END LOOP;
END
$$"""
# label: role, function, what it is sent
KINDS = {
    "naive pgrx": (OWNER, "naive_save", "state"),
    "full copy": (OWNER, "rival.full_save", "state"),
    "wfstate patch": (APP, "wf_patch_state", "patch"),
    "wfstate save": (APP, "wf_save_state", "state"),
}
STEPS = 8


class Looper:
    """One session that keeps one execution."""

    def __init__(self, ctx, label, size):
        role, function, sends = KINDS[label]
        self.label, self.id, self.version, self.times = label, ctx.name().encode(), b"0", []
        self.loop = f"rival.loop_{function.rsplit('.', 1)[-1]}"
        ctx.server.execute(f"DROP PROCEDURE IF EXISTS {self.loop}")
        ctx.server.execute(LOOP.format(schema="rival", name=self.loop.split(".")[1], function=function))
        ctx.server.execute(f"GRANT EXECUTE ON PROCEDURE {self.loop} TO PUBLIC")
        first, states, patches = course(Agent(size), "patch", STEPS)
        documents = states if sends == "state" else patches
        self.documents = ("{" + ",".join(map(quoted, documents)) + "}").encode()
        self.session = Session(role, NOT_WAITING)
        self.create(first.encode())

    def create(self, first):
        if self.label.startswith("wfstate"):
            self.version = self.session.run("SELECT wf_save_state($1, $2, 0)", self.id, first)
        else:
            table = {"naive pgrx": "naive_current (execution_id, version, state)",
                     "full copy": "rival.full_current (execution_id, version, updated_at, state)"}[self.label]
            at = ", now()" if self.label == "full copy" else ""
            self.session.run(f"INSERT INTO {table} VALUES ($1, 0{at}, $2)", self.id, first)

    def run(self, saves):
        start = perf_counter_ns()
        self.version = self.session.run(f"CALL {self.loop}($1, $2, $3, $4)", self.id, self.documents,
                                        b"%d" % saves, self.version)
        self.times.append((perf_counter_ns() - start) / 1000 / saves)


def quoted(text):
    """An element of an array literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def naive(ctx):
    for name, saves in (("4 KB", 320), ("64 KB", 160)):
        labels = [label for label in KINDS if ctx.wfstate or KINDS[label][0] != APP]
        loopers = [Looper(ctx, label, SIZES[name]) for label in labels]
        ctx.server.quiet()
        for round_number in range(ctx.scale(9, 3)):
            for looper in loopers:
                looper.run(ctx.scale(saves, 32))
        # The first call plans, and writes whole pages after the CHECKPOINT.
        took = {looper.label: median(looper.times[1:]) for looper in loopers}
        for looper in loopers:
            looper.session.close()
        for label, what in (("wfstate patch", "patch"), ("wfstate save", "full")):
            yield verdict(f"{what} save, {name}, in the server", label, took)


def verdict(row, label, took):
    rivals = f"naive pgrx {took['naive pgrx']:.0f} µs, PL/pgSQL full copy {took['full copy']:.0f} µs"
    goal = "≥ 4 × as fast as naive pgrx"
    if label not in took:
        return Result(row, goal, rivals, None, took)
    ratio = took["naive pgrx"] / took[label]
    return Result(row, goal, f"{ratio:.2f} × ({took[label]:.0f} µs, {rivals})", ratio >= 4, {"ratio": ratio, **took})
