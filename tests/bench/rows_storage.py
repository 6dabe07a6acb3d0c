"""What 500 turns of an agent that only appends leave on disk, all history kept."""

import os

from contenders import Floor, FullCopy, WfPatch, WfSave
from context import NOT_WAITING, Result, size_text
from documents import Agent
from langgraph_rival import Saver
from server import Server, set_up_database

TURNS = 500
DATABASE = "bench_storage"
TABLES = {
    "wfstate": "wfstate.%", "wfstate save": "wfstate.%", "wfstate patch": "wfstate.%", "floor": "rival.floor%", "full copy": "rival.full%",
    "LangGraph": "langgraph.%",
}


def storage(ctx):
    """Each contender in a fresh database, so that no one finds another's free space."""
    ratios, details = {}, {}
    classes = [WfSave, WfPatch, Floor, FullCopy, *([Saver] if Saver.ready else [])]
    for each in ctx.available(classes):
        ctx.server.execute(f"CREATE DATABASE {DATABASE}")
        try:
            ratios[each.label], details[each.label] = keep_all(ctx, each)
        finally:
            ctx.server.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    text = ", ".join(f"{label} {ratio:.2f}" if ratio < 10 else f"{label} {ratio:.0f}"
                     for label, ratio in ratios.items())
    yield Result(f"{TURNS} turns of 400 bytes appended: stored bytes / last state", "≤ 3.5", text,
                 all(ratios[label] <= 3.5 for label in ("wfstate save", "wfstate patch")) if ctx.wfstate else None,
                 details)


def keep_all(ctx, contender_class):
    server = Server(DATABASE)
    if ctx.wfstate:
        server.execute("CREATE EXTENSION wfstate")
    set_up_database(server, ctx.wfstate)
    if contender_class is Saver:
        Saver.set_up(DATABASE)
    label = contender_class.label
    empty = table_bytes(server, label)
    contender = contender_class(ctx.name(), 1024, "append", NOT_WAITING, DATABASE)
    last = contender.agent
    for _ in range(TURNS):
        contender.step()
    contender.close()
    state = server.jsonb_bytes(last.document())
    before = table_bytes(server, label) - empty
    for schema in ("wfstate", "rival", "langgraph"):
        vacuum(server, schema)
    after = table_bytes(server, label) - empty
    tables = dict(server.connection.execute(
        "SELECT oid::regclass::text, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND "
        "relnamespace::regnamespace::text || '.' || relname LIKE %s", (TABLES[label],)).fetchall())
    server.close()
    return after / state, {
        "state_bytes": state, "stored_bytes": after, "stored_before_vacuum": before, "tables": tables,
        "ratio_before_vacuum": before / state, "stored": size_text(after)}


def table_bytes(server, label):
    return int(server.value(
        "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relkind = 'r' AND "
        "relnamespace::regnamespace::text || '.' || relname LIKE %s", (TABLES[label],)))


def vacuum(server, schema):
    for (table,) in server.connection.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text = %s",
            (schema,)).fetchall():
        server.execute(f"VACUUM {table}")
