"""Put at the end of upstream's own conftest: its integration tests run with our savers, each in a tenant of its own,
and those that use none are left out."""

import contextlib
import uuid

import psycopg_pool
import pytest
from langgraph.checkpoint.wfstate import WfstateSaver
from langgraph.checkpoint.wfstate.aio import AsyncWfstateSaver

KINDS = ["wfstate", "wfstate_pipeline", "wfstate_pool"]


def _tenant():
    """A connection string with a tenant that nobody else has."""
    return f"user=wf_integration options='-c wfstate.tenant=t{uuid.uuid1().hex}'"


@pytest.fixture(params=KINDS)
def sync_checkpointer(request):
    with contextlib.ExitStack() as stack:
        if request.param == "wfstate_pool":
            pool = psycopg_pool.ConnectionPool(_tenant(), min_size=1, max_size=10, kwargs={"autocommit": True})
            saver = WfstateSaver(stack.enter_context(pool))
        else:
            pipeline = request.param == "wfstate_pipeline"
            saver = stack.enter_context(WfstateSaver.from_conn_string(_tenant(), pipeline=pipeline))
        saver.setup()
        yield saver


@pytest.fixture(params=KINDS)
async def async_checkpointer(request):
    async with contextlib.AsyncExitStack() as stack:
        if request.param == "wfstate_pool":
            pool = psycopg_pool.AsyncConnectionPool(
                _tenant(), min_size=1, max_size=10, open=False, kwargs={"autocommit": True})
            saver = AsyncWfstateSaver(await stack.enter_async_context(pool))
        else:
            pipeline = request.param == "wfstate_pipeline"
            saver = await stack.enter_async_context(AsyncWfstateSaver.from_conn_string(_tenant(), pipeline=pipeline))
        await saver.setup()
        yield saver


def pytest_collection_modifyitems(config, items):
    ours = {"sync_checkpointer", "async_checkpointer"}
    kept = [item for item in items if ours & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept
