"""Upstream's conformance suite for both savers over each kind of connection, then our own tests. The last line counts."""

import asyncio
import inspect
import os
import sys
import traceback
from contextlib import asynccontextmanager

import psycopg
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.wfstate import WfstateSaver
from langgraph.checkpoint.wfstate.aio import AsyncWfstateSaver
from psycopg_pool import AsyncConnectionPool, ConnectionPool

DSN = "user=wf_saver"


def encrypting():
    return EncryptedSerializer.from_pycryptodome_aes(key=b"0123456789abcdef")


@asynccontextmanager
async def sync_saver(kind):
    if kind == "pool":
        with ConnectionPool(DSN, min_size=1, max_size=4, kwargs={"autocommit": True}) as pool:
            yield WfstateSaver(pool)
    elif kind == "transactions":
        with psycopg.connect(DSN) as connection:
            yield WfstateSaver(connection)
    else:
        serde = encrypting() if kind == "encrypted" else None
        with WfstateSaver.from_conn_string(DSN, pipeline=kind == "pipeline", serde=serde) as saver:
            yield saver


@asynccontextmanager
async def async_saver(kind):
    if kind == "pool":
        async with AsyncConnectionPool(DSN, min_size=1, max_size=4, kwargs={"autocommit": True}) as pool:
            yield AsyncWfstateSaver(pool)
    elif kind == "transactions":
        async with await psycopg.AsyncConnection.connect(DSN) as connection:
            yield AsyncWfstateSaver(connection)
    else:
        serde = encrypting() if kind == "encrypted" else None
        async with AsyncWfstateSaver.from_conn_string(DSN, pipeline=kind == "pipeline", serde=serde) as saver:
            yield saver


passed = failed = 0


async def conformance(make, kind):
    global passed, failed
    name = f"{make.__name__.split('_')[0]}, {kind}"

    @checkpointer_test(name=name)
    async def checkpointer():
        async with make(kind) as saver:
            await saver.setup() if inspect.iscoroutinefunction(saver.setup) else saver.setup()
            yield saver

    report = await validate(checkpointer)
    good = sum(result.tests_passed for result in report.results.values())
    bad = sum(result.tests_failed for result in report.results.values())
    # A capability that is not found counts: this saver has all.
    missing = [cap for cap, result in report.results.items() if not result.detected]
    passed, failed = passed + good, failed + bad + len(missing)
    print(f"conformance, {name}: {good} passed, {bad} failed" + (f", missing {missing}" if missing else ""))
    for capability, result in report.results.items():
        for failure in result.failures:
            print(f"NOT OK - {capability}: {failure}")


def own(module):
    global passed, failed
    for name, test in list(vars(module).items()):
        if not name.startswith("test_"):
            continue
        try:
            asyncio.run(test()) if inspect.iscoroutinefunction(test) else test()
            passed += 1
            print(f"ok - {name}")
        except Exception:
            failed += 1
            print(f"NOT OK - {name}\n{traceback.format_exc()}")


async def suites():
    for make in (sync_saver, async_saver):
        for kind in ("connection", "pool", "pipeline", "encrypted", "transactions"):
            await conformance(make, kind)


if __name__ == "__main__":
    os.environ.setdefault("LANGSMITH_TRACING", "false")
    asyncio.run(suites())
    import test_graphs
    import test_limits
    import test_saver
    import test_sizes
    import test_threads

    own(test_saver)
    own(test_threads)
    own(test_limits)
    own(test_sizes)
    own(test_graphs)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)
