"""The LangGraph saver in adapters/langgraph against PostgresSaver of the same version, call by call."""

import multiprocessing
from statistics import fmean, median
from time import perf_counter

from context import NOT_WAITING, WAITING, Result, duration, size_text
from rows_storage import table_bytes, vacuum
from savers import READY, Thread, Upstream, Wfstate
from langgraph_rival import Saver
from server import APP, Server, set_up_database

DATABASE = "bench_savers"
CLIENTS = 8
STEPS = (100, 300)
# Of the issue: our time by theirs, at 300 steps and for one client.
GOALS = {"put": {"messages": 1 / 5, "dicts": 1 / 7}, "put_writes": 1.0, "get_tuple": 0.9, "list of 20": 1.0,
         "delete_thread": 1.0, "prune": 1.0}
BYTES = 1 / 40


def savers(ctx):
    if not READY:
        yield Result("LangGraph saver against PostgresSaver", "", "not measured: PyPI was not reachable")
        return
    for kind in ("messages", "dicts", "delta messages"):
        for steps in STEPS:
            yield from fresh(ctx, one_client, kind, steps)
    for kind in ("messages", "dicts"):
        yield from fresh(ctx, eight_clients, kind, 300)


def fresh(ctx, measure, kind, steps):
    """In a database of its own, so that sizes are of what is measured alone."""
    ctx.server.execute(f"CREATE DATABASE {DATABASE}")
    try:
        server = Server(DATABASE)
        if ctx.wfstate:
            server.execute("CREATE EXTENSION wfstate")
        set_up_database(server, ctx.wfstate)
        Saver.set_up(DATABASE)
        if ctx.wfstate:
            bind(server)
        yield from measure(ctx, server, kind, ctx.scale(steps, steps // 10))
        server.close()
    finally:
        ctx.server.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def bind(server):
    """The application has one tenant, and is refused others."""
    server.execute("SELECT wf_grant_access(%s, 'writer', tenants => '{default}')", (APP,))
    if server.connection.execute("SELECT tenant FROM wfstate.tenant_roles WHERE role = %s::regrole",
                                 (APP,)).fetchall() != [("default",)]:
        raise RuntimeError(f"{APP} is not bound to one tenant")


def one_client(ctx, server, kind, steps):
    contenders = [each(NOT_WAITING, DATABASE) for each in ctx.available([Upstream, Wfstate])]
    threads = {each: [Thread(each.saver, f"{kind} {n}", kind, n) for n in range(ctx.scale(6, 2))]
               for each in contenders}
    stored, empty = {}, {each.label: table_bytes(server, each.label) for each in contenders}
    wal = {each.label: 0 for each in contenders}
    server.quiet()
    for several in zip(*threads.values()):
        for each, thread in zip(contenders, several):
            before = server.wal()
            thread.grow(steps)
            wal[each.label] += server.wal() - before
    for schema in ("wfstate", "langgraph"):
        vacuum(server, schema)
        analyze(server, schema)
    for each in contenders:
        stored[each.label] = table_bytes(server, each.label) - empty[each.label]
    calls(ctx, threads)
    total = len(next(iter(threads.values()))) * steps
    facts = {each.label: {**figures(each), "stored_bytes": stored[each.label],
                          "wal_bytes_a_step": round(wal[each.label] / total)} for each in contenders}
    for each in contenders:
        each.close()
    yield from report(f"{kind}, {steps} steps", kind, steps, facts)
    yield bytes_row(f"{kind}, {steps} steps: bytes kept", kind, steps, stored, facts)
    yield bytes_row(f"{kind}, {steps} steps: WAL of a step", kind, 0, {
        label: each["wal_bytes_a_step"] for label, each in facts.items()})


def analyze(server, schema):
    for (table,) in server.connection.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text = %s",
            (schema,)).fetchall():
        server.execute(f"ANALYZE {table}")


def calls(ctx, threads):
    """Each call by turns. The last ones empty the threads."""
    puts, reads = ctx.scale(20, 2), ctx.scale(10, 1)
    for several in zip(*threads.values()):
        for each, thread in zip(threads, several):
            each.next_round()
            for _ in range(puts):
                thread.save(*thread.next_save(), clock=each.clock)
            thread.check()
        for _ in range(reads):
            for each, thread in zip(threads, several):
                each.clock("get_tuple", thread.get_tuple, each.other)
                each.clock("get_tuple, same saver", thread.get_tuple)
                each.clock("list of 20", thread.list_of_20)
    for number, several in enumerate(zip(*threads.values())):
        for each, thread in zip(threads, several):
            each.next_round()
            if number % 2 or thread.is_delta:
                each.clock("delete_thread", each.saver.delete_thread, thread.name)
                if thread.saver.get_tuple(thread.newest()) is not None:
                    raise RuntimeError(f"{each.label}: a thread that was deleted is there")
            else:
                each.clock("prune", lambda saver=each.saver, name=thread.name: saver.prune([name]))
                if len(thread.list_of_20()) != 1:
                    raise RuntimeError(f"{each.label}: a thread that was pruned has not one checkpoint")
                thread.check()


def figures(contender):
    """Of each call: the typical time (the median over the threads of a thread's mean), percentiles, and processors."""
    found = {}
    for call, times in contender.times.items():
        ordered = sorted(times)
        client, server = zip(*contender.cpu[call])
        found[call] = {
            "calls": len(times), "us": round(median(fmean(each) for each in contender.rounds[call] if each), 1),
            "us_p50": round(median(times), 1), "us_p99": round(ordered[int(len(ordered) * 0.99)], 1),
            "us_cpu_client": round(fmean(client), 1), "us_cpu_server": round(fmean(server), 1)}
    return found


def goal(call, kind, steps):
    """Our time by theirs, where something is to be reached."""
    found = GOALS.get(call)
    return (found.get(kind) if isinstance(found, dict) else found) if steps == 300 and "delta" not in kind else None


def report(row, kind, steps, facts):
    for call in next(iter(facts.values())):
        if call in ("stored_bytes", "wal_bytes_a_step"):
            continue
        of = {label: each[call] for label, each in facts.items()}
        said = ", ".join(f"{label} {duration(each['us'])} (p50 {duration(each['us_p50'])}, "
                         f"p99 {duration(each['us_p99'])})" for label, each in of.items())
        if len(of) < 2:
            yield Result(f"{row}: {call}", "", said)
            continue
        theirs, ours = of[Upstream.label], of[Wfstate.label]
        ratio = ours["us"] / theirs["us"]
        cpu = (ours["us_cpu_client"] + ours["us_cpu_server"]) / (theirs["us_cpu_client"] + theirs["us_cpu_server"])
        wanted = goal(call, kind, steps)
        yield Result(f"{row}: {call}", to_reach(call, wanted),
                     f"{said_ratio(call, ratio)}; processors {said_ratio(call, cpu)} ({said})",
                     None if wanted is None else ratio <= wanted, {"ratio": ratio, "ratio_cpu": cpu, **of})


def to_reach(call, wanted):
    return "" if wanted is None else f"≥ {1 / wanted:.0f} × as fast" if call == "put" else f"≤ {wanted:.1f} × the time"


def said_ratio(call, ratio):
    return f"{1 / ratio:.1f} × as fast" if call == "put" else f"{ratio:.2f} ×"


def bytes_row(row, kind, steps, of, facts=None):
    said = ", ".join(f"{label} {size_text(each)}" for label, each in of.items())
    if len(of) < 2:
        return Result(row, "", said)
    ratio = of[Wfstate.label] / of[Upstream.label]
    wanted = BYTES if steps == 300 and "delta" not in kind else None
    return Result(row, "" if wanted is None else f"≤ 1/{1 / wanted:.0f}", f"1/{1 / ratio:.1f} ({said})",
                  None if wanted is None else ratio <= wanted, {"ratio": ratio, **of})


def eight_clients(ctx, server, kind, steps):
    facts = {each.label: {} for each in ctx.available([Upstream, Wfstate])}
    for turn in range(ctx.scale(2, 1)):
        for each in ctx.available([Upstream, Wfstate]):
            server.quiet()
            for call, (times, cpu) in together(ctx, each, kind, steps, turn).items():
                known = facts[each.label].setdefault(call, ([], []))
                known[0].extend(times)
                known[1].extend(cpu)
    for label, of in facts.items():
        for call, (times, cpu) in of.items():
            ordered = sorted(times)
            client, backend = zip(*cpu)
            of[call] = {"calls": len(times), "us": round(fmean(times), 1), "us_p50": round(median(times), 1),
                        "us_p99": round(ordered[int(len(ordered) * 0.99)], 1),
                        "us_cpu_client": round(fmean(client), 1), "us_cpu_server": round(fmean(backend), 1)}
    yield from report(f"{kind}, {steps} steps, {CLIENTS} clients", kind, 0, facts)


def together(ctx, contender, kind, steps, turn):
    """The clock of eight processes, each with a thread of its own that has grown before."""
    fork = multiprocessing.get_context("fork")
    barrier, results = fork.Barrier(CLIENTS), fork.Queue()
    seconds = ctx.scale(4, 1)
    workers = [fork.Process(target=work, args=(contender, kind, steps, f"{kind} {turn} {n}", n, seconds, barrier, results))
               for n in range(CLIENTS)]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=seconds + 300) for _ in workers]
    for worker in workers:
        worker.join()
    if None in found:
        raise RuntimeError(f"a client of {contender.label} failed")
    return {call: tuple(sum((each[call][side] for each in found), []) for side in (0, 1)) for call in found[0]}


def work(contender_class, kind, steps, name, seed, seconds, barrier, results):
    measured = None
    try:
        contender = contender_class(WAITING, DATABASE)
        thread = Thread(contender.saver, name, kind, seed)
        thread.grow(steps)
        barrier.wait(300)
        start = perf_counter()
        while perf_counter() - start < seconds:
            thread.save(*thread.next_save(), clock=contender.clock)
            contender.clock("get_tuple, same saver", thread.get_tuple)
        thread.check()
        measured = {call: (contender.times[call], contender.cpu[call]) for call in contender.times}
    finally:
        results.put(measured)
