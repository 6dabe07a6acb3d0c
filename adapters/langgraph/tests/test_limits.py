"""What cannot be saved is refused when it is saved, and said."""

from uuid import uuid4

import psycopg
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.wfstate import SetupError, WfstateSaver
from langgraph.checkpoint.wfstate.aio import AsyncWfstateSaver
from langgraph.graph import START, MessagesState, StateGraph
from test_saver import DSN, alike, config, put, saver, superuser
from test_threads import error_of


def nested(levels, around):
    value = "end"
    for _ in range(levels):
        value = around(value)
    return value


# Each with how many levels of JSON one of it takes.
SHAPES = [(lambda x: [x], 1), (lambda x: {"a": x}, 1), (lambda x: (x,), 2), (lambda x: {"b": x, "a": 1}, 1),
          (lambda x: {1: x}, 3), (lambda x: {"$a": [x]}, 4),
          (lambda x: HumanMessage("", additional_kwargs={"a": x}, id="1"), 4)]


def from_deep(frames, call):
    return call() if frames == 0 else from_deep(frames - 1, call)


def test_what_is_saved_can_be_read_from_a_deep_stack():
    with saver() as one:
        for around, each in SHAPES:
            value = nested(249 // each, around)
            at = put(one, config(str(uuid4())), {"v": value, "in a list": [0, value]})
            one.put_writes(at, [("v", value)], "task")
            found = from_deep(300, lambda: one.get_tuple(at))
            assert alike(found.checkpoint["channel_values"]["v"], value), each
            [page] = from_deep(300, lambda: list(one.list(config(at["configurable"]["thread_id"]))))
            assert page.checkpoint["channel_values"]["in a list"] == [0, value], each
            at = put(one, at, {"v": value, "in a list": [value, 0]})
            with saver() as other:
                assert from_deep(300, lambda: other.get_tuple(at)).checkpoint["channel_values"]["v"] == value
                [first, second] = from_deep(300, lambda: list(other.list(config(at["configurable"]["thread_id"]))))
                assert second.checkpoint["channel_values"]["in a list"] == [0, value]


def test_what_is_nested_deeper_is_refused():
    with saver() as one:
        for around, each in SHAPES:
            thread = str(uuid4())
            for levels in (250 // each + (1 if each == 1 else 2), 600 // each):
                value = nested(levels, around)
                for error in (error_of(put, one, config(thread), {"v": value}),
                              error_of(one.put_writes, config(thread, "", "1"), [("v", value)], "task"),
                              error_of(put, one, config(thread), {}, metadata={"deep": nested(251, lambda x: [x])})):
                    assert type(error) is ValueError and "250 levels" in str(error), (each, levels, error)
            assert one.get_tuple(config(thread)) is None


def test_metadata_are_found_as_json():
    with saver() as one:
        thread = str(uuid4())
        put(one, config(thread), {}, metadata={"labels": ("a", "b"), "deep": [{"t": ("x",)}]})
        for filter in ({"labels": ["a", "b"]}, {"labels": ("a", "b")}, {"labels": ["a"]}, {"deep": [{"t": ["x"]}]}):
            assert len(list(one.list(config(thread), filter=filter))) == 1, filter
        assert one.get_tuple(config(thread)).metadata == {"labels": ["a", "b"], "deep": [{"t": ["x"]}]}


LONG = "n" * 250
ODD = ("", "a\0b", "half \ud800", "x" * 300, "branch:to:" + LONG, "$bytes")


def test_names_of_channels_that_are_no_names_are_kept():
    with saver() as one:
        at = put(one, config(str(uuid4())), {})
        for task in ("1", "2"):
            one.put_writes(at, [(channel, [channel, (1,)]) for channel in ODD], task)
        found = one.get_tuple(at).pending_writes
        assert found == [(task, channel, [channel, (1,)]) for task in ("1", "2") for channel in ODD]
        after = put(one, at, {})
        history = one.get_delta_channel_history(config=after, channels=[ODD[3], "none"])
        assert history[ODD[3]]["writes"] == [(task, ODD[3], [ODD[3], (1,)]) for task in ("1", "2")], history
        assert history["none"]["writes"] == []


def test_nodes_with_long_names_run():
    graph = StateGraph(MessagesState).add_node(LONG, lambda state: {"messages": [("ai", "yes")]}).add_edge(START, LONG)
    graph.add_node("next", lambda state: {}).add_edge(LONG, "next")
    with saver() as one:
        at = config(str(uuid4()))
        assert graph.compile(checkpointer=one).invoke({"messages": [("user", "?")]}, at)["messages"][-1].content == "yes"


def test_ids_that_are_no_names_are_refused_by_their_own_names():
    thread = str(uuid4())
    with saver() as one:
        at = put(one, config(thread), {"v": 1})
        for id in ("x" * 256, "a\0b", "\ud800"):
            for error in (error_of(put, one, config(thread), {}, id=id), error_of(put, one, config(thread, "", id), {}),
                          error_of(one.put_writes, config(thread, "", id), [("v", 1)], "task")):
                assert type(error) is ValueError and "checkpoint_id" in str(error) and "255" in str(error), error
            error = error_of(one.put_writes, at, [("v", 1)], id)
            assert type(error) is ValueError and "task_id" in str(error), error
            # There is none of that id.
            assert one.get_tuple(config(thread, "", id)) is None
            assert list(one.list(config(thread, "", id))) == []
            assert one.get_delta_channel_history(config=config(thread, "", id), channels=["v"]) == {"v": {"writes": []}}
        assert len(list(one.list(config(thread), before=config(thread, "", "x" * 256)))) == 1
        error = error_of(one.put_writes, at, [("v", 1)], "")
        assert type(error) is ValueError and "task_id" in str(error), error
        for key in ("a\0b", "\ud800"):
            for error in (error_of(put, one, config(thread), {}, metadata={key: 1}),
                          error_of(one.list, config(thread), filter={key: 1}), error_of(one.list, None, filter={key: 1})):
                assert type(error) is ValueError and "metadata" in str(error), error
        error = error_of(put, one, config(thread), {}, metadata={"large": "x" * 70000})
        assert "checkpoint_metadata" in str(error) and "65536" in str(error), error
        assert len(list(one.list(config(thread)))) == 1


def test_connections_of_another_kind_are_refused_at_once():
    with psycopg.connect(DSN, autocommit=True) as connection:
        for cls in (WfstateSaver, AsyncWfstateSaver):
            for conn in ("dbname=shop", None, 1):
                error = error_of(cls, conn)
                assert type(error) is TypeError and "from_conn_string" in str(error), error
        error = error_of(AsyncWfstateSaver, connection)
        assert type(error) is TypeError and "AsyncConnection" in str(error), error
        # One whose cursors are of another kind does.
        for factory in (psycopg.RawCursor, psycopg.ClientCursor):
            connection.cursor_factory = factory
            one = WfstateSaver(connection)
            one.setup()
            at = put(one, config(str(uuid4())), {"v": 1})
            assert one.get_tuple(at).checkpoint["channel_values"] == {"v": 1}


async def test_an_async_connection_is_none_for_the_sync_saver():
    async with await psycopg.AsyncConnection.connect(DSN, autocommit=True) as connection:
        error = error_of(WfstateSaver, connection)
        assert type(error) is TypeError and "AsyncWfstateSaver" in str(error), error
        connection.cursor_factory = psycopg.AsyncRawCursor
        one = AsyncWfstateSaver(connection)
        await one.setup()
        assert await one.aget_tuple(config(str(uuid4()))) is None


def test_setup_says_that_nothing_can_be_written():
    with WfstateSaver.from_conn_string(f"{DSN} options=-cdefault_transaction_read_only=on") as one:
        error = error_of(one.setup)
        assert isinstance(error, SetupError) and "default_transaction_read_only" in str(error), error


def test_setup_says_how_a_schema_is_opened():
    with superuser() as admin:
        admin.execute("REVOKE USAGE ON SCHEMA public FROM PUBLIC")
        try:
            with saver() as one:
                error = error_of(one.setup)
                assert isinstance(error, SetupError) and "GRANT USAGE ON SCHEMA public TO wf_saver" in str(error), error
        finally:
            admin.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
