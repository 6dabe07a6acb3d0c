"""Patch saves against LangGraph's put: one client, and eight Python processes on both sides."""

import multiprocessing
import os
from statistics import median
from time import perf_counter

import psycopg

from context import NOT_WAITING, WAITING, Result, duration, facts
from documents import SIZES, Agent
from langgraph_rival import READY, Saver, WholeSaver
from server import APP

CLIENTS = 8
SIZE = SIZES["64 KB"]
# Steps of a client that are made beforehand.
STEPS = 200


class Patcher:
    """wf_patch_state through psycopg, as an application calls it: the same driver as LangGraph's."""

    role, label = APP, "wfstate patch"

    def __init__(self, execution, size, change="patch", settings=(), dbname=None, seed=1):
        options = " ".join(f"-c {name}={value}" for name, value in dict(settings).items())
        self.connection = psycopg.connect(
            f"user={APP} dbname={os.environ['PGDATABASE']}", options=options, autocommit=True, prepare_threshold=0)
        self.pid = self.connection.info.backend_pid
        self.cursor = self.connection.cursor()
        self.id, self.agent, self.change = execution, Agent(size, seed), change
        self.version = self.call("SELECT wf_save_state(%s, %s, %s)", self.agent.document(), 0)

    def call(self, statement, document, version):
        return self.cursor.execute(statement, (self.id, document, version)).fetchone()[0]

    def next(self):
        return getattr(self.agent, self.change)()

    def save(self, patch):
        self.version = self.call("SELECT wf_patch_state(%s, %s, %s)", patch, self.version)

    def step(self):
        self.save(self.next())

    def close(self):
        self.connection.close()


def langgraph(ctx):
    row = "patch save, 64 KB, against LangGraph's put"
    goals = {"alone": ("≥ 3 × as fast", 3), "8 clients": ("≥ 10 × the saves/s", 10)}
    if not READY:
        for who, (goal, _) in goals.items():
            yield Result(f"{row}, {who}", goal, "not measured: PyPI was not reachable")
        return
    classes = ctx.available([Patcher, Saver, WholeSaver])
    for commit, settings in (("commit waits", WAITING), ("commit doesn't wait", NOT_WAITING)):
        samples = ctx.race(classes, SIZE, "patch", settings, ctx.scale(12, 2), ctx.scale(20, 4))
        speeds = {label: 1e6 / sample.typical for label, sample in samples.items()}
        yield compare(f"{row}, alone, {commit}", *goals["alone"], speeds, facts(samples))
    for commit, settings in (("commit waits", WAITING), ("commit doesn't wait", NOT_WAITING)):
        rates = together(ctx, classes, settings)
        speeds = {label: median(each) for label, each in rates.items()}
        yield compare(f"{row}, 8 clients, {commit}", *goals["8 clients"], speeds, {"rates": rates})


def compare(row, goal, factor, speeds, details):
    """The better of LangGraph's two ways is the rival."""
    said = ", ".join(f"{label} {duration(1e6 / speed) if 'alone' in row else f'{speed:,.0f}/s'}"
                     for label, speed in speeds.items())
    if "wfstate patch" not in speeds:
        return Result(row, goal, said, None, details)
    ratio = speeds["wfstate patch"] / max(speed for label, speed in speeds.items() if label != "wfstate patch")
    return Result(row, goal, f"{ratio:.1f} × ({said})", ratio >= factor, {"ratio": ratio, **details})


def together(ctx, classes, settings):
    """Saves a second of eight processes, one execution each; the contenders take turns."""
    ctx.server.quiet()
    rates = {each.label: [] for each in classes}
    for _ in range(ctx.scale(3, 1)):
        for each in classes:
            rates[each.label].append(eight(ctx, each, settings, ctx.scale(3, 1)))
    return rates


def eight(ctx, contender, settings, seconds):
    fork = multiprocessing.get_context("fork")
    barrier, counts = fork.Barrier(CLIENTS), fork.Queue()
    workers = [fork.Process(target=work, args=(contender, ctx.name(), settings, seconds, n, barrier, counts))
               for n in range(CLIENTS)]
    for worker in workers:
        worker.start()
    rates = [counts.get(timeout=seconds + 60) for _ in workers]
    for worker in workers:
        worker.join()
    if None in rates:
        raise RuntimeError(f"a client of {contender.label} failed")
    return sum(rates)


def work(contender, execution, settings, seconds, seed, barrier, counts):
    rate = None
    try:
        client = contender(execution, SIZE, "patch", settings, None, seed)
        # Made before the clock starts, as for a single client: what an agent thinks up is not the store's time.
        # Each step replaces what the one before did, so that they can be walked for ever.
        steps = [client.next() for _ in range(STEPS)]
        for step in steps[:3]:
            client.save(step)
        barrier.wait(30)
        start, saves = perf_counter(), 0
        while (now := perf_counter()) - start < seconds:
            client.save(steps[saves % STEPS])
            saves += 1
        rate = saves / (now - start)
    finally:
        counts.put(rate)
