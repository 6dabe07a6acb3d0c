"""Runs the rows and writes the table. Started by run.sh on a private server."""

import json
import os
import platform
import re
import sys
import time

import rows_batch
import rows_direct
import rows_execution
import rows_langgraph
import rows_logs
import rows_memories
import rows_migrations
import rows_naive
import rows_queue
import rows_rate
import rows_read
import rows_retention
import rows_routing
import rows_rules
import rows_save
import rows_savers
import rows_storage
import rows_tenants
from context import Context
from langgraph_rival import READY, Saver
from server import fill_wal, set_up_roles

GROUPS = {
    "patch": rows_save.patch_saves,
    "merge": rows_save.merge_patch,
    "direct": rows_direct.direct,
    "clients": rows_rate.eight_clients,
    "batch": rows_batch.batches,
    "tenants": rows_tenants.alternating,
    "full": rows_save.full_saves,
    "langgraph": rows_langgraph.langgraph,
    "langgraph_saver": rows_savers.savers,
    "load": rows_read.loads,
    "storage": rows_storage.storage,
    "tags": rows_read.tags,
    "naive": rows_naive.naive,
    "rules": rows_rules.rules,
    "migrations": rows_migrations.migrations,
    "retention": rows_retention.retention,
    "execution": rows_execution.execution,
    "queue": rows_queue.queue,
    "stats": rows_routing.aggregates,
    "record": rows_routing.recording,
    "statistics": rows_routing.reading,
    "memories": rows_memories.recalling,
    "logs": rows_logs.logs,
}
TABLES = ("| row | to reach | measured | met |", "|---|---|---|---|")


def line(result):
    met = {True: "yes", False: "**no**", None: ""}[result.met]
    return f"| {result.row} | {result.to_reach} | {result.measured} | {met} |"


def surroundings(server):
    names = ("server_version", "shared_buffers", "fsync", "synchronous_commit", "full_page_writes",
             "wal_sync_method", "wal_compression", "default_toast_compression", "checkpoint_timeout", "max_wal_size",
             "autovacuum", "jit")
    return {"cpus": os.cpu_count(), "machine": platform.machine(), "kernel": platform.release(),
            "python": platform.python_version(),
            "settings": {name: server.value("SELECT current_setting(%s)", (name,)) for name in names}}


def measure(ctx, wanted):
    results, times = [], {}
    print("\n".join(TABLES), flush=True)
    for name, rows in GROUPS.items():
        if not re.search(wanted, name):
            continue
        ctx.server.tidy()
        start = time.monotonic()
        for result in rows(ctx):
            results.append(result)
            print(line(result), flush=True)
        times[name] = round(time.monotonic() - start, 1)
    return results, times


def main():
    output = sys.argv[1]
    ctx = Context(quick=bool(os.environ.get("BENCH_QUICK")), wfstate=not os.environ.get("BENCH_RIVALS_ONLY"))
    set_up_roles(ctx.server, ctx.wfstate)
    ctx.server.execute("CREATE EXTENSION wfstate_naive")
    ctx.server.execute("GRANT ALL ON naive_current, naive_history TO bench_owner")
    if READY:
        Saver.set_up()
    fill_wal(ctx.server, ctx.scale(120, 12))
    results, times = measure(ctx, os.environ.get("BENCH_ONLY", ""))
    told = [result.met for result in results if result.met is not None]
    summary = f"{sum(told)} of {len(told)} reached, {sum(times.values()):.0f} s"
    print(f"\n{summary}{' (BENCH_QUICK: a smoke test, not a measurement)' if ctx.quick else ''}")
    with open(os.path.join(output, "results.json"), "w", encoding="utf-8") as file:
        json.dump({"quick": ctx.quick, "seconds": times, "surroundings": surroundings(ctx.server),
                   "rows": [vars(result) for result in results]}, file, indent=1, ensure_ascii=False)
    with open(os.path.join(output, "results.md"), "w", encoding="utf-8") as file:
        file.write("\n".join([*TABLES, *map(line, results), "", summary, ""]))


if __name__ == "__main__":
    main()
