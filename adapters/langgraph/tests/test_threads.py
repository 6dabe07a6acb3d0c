"""Which execution a thread is: names, executions that are another workflow's, writers at once, and what SQL does to one."""

import hashlib
import json
import sqlite3
import threading
from typing import TypedDict
from uuid import uuid4

import psycopg
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.wfstate import ForeignThreadError, WfstateSaver
from langgraph.checkpoint.wfstate.aio import AsyncWfstateSaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt
from test_saver import DSN, config, put, saver, sql


def error_of(call, *arguments, **more):
    try:
        found = call(*arguments, **more)
        # A list says nothing until it is read.
        if hasattr(found, "__next__"):
            list(found)
    except Exception as error:
        return error


def checkpoint_of(id, values):
    found = empty_checkpoint()
    return found | {"id": id, "channel_values": values, "channel_versions": dict.fromkeys(values, id)}


def put_id(to, thread, parent, id):
    return to.put(config(thread, checkpoint_id=parent), checkpoint_of(id, {"v": id}), {}, {"v": id})


def ids(to, *arguments, **more):
    return [item.config["configurable"]["checkpoint_id"] for item in to.list(*arguments, **more)]


def calls_of(one, thread, namespace=""):
    """Each method that is about one thread."""
    at, new = config(thread, namespace), f"{thread}-copy"
    yield "put", one.put, (at, checkpoint_of("2", {"v": 2}), {}, {"v": 2})
    yield "put on", one.put, (config(thread, namespace, "1"), checkpoint_of("2", {"v": 2}), {}, {"v": 2})
    yield "put_writes", one.put_writes, (config(thread, namespace, "1"), [("v", 1)], "task")
    yield "get", one.get_tuple, (at,)
    yield "get by id", one.get_tuple, (config(thread, namespace, "1"),)
    yield "list", one.list, (at,)
    yield "list of an id", one.list, (config(thread, namespace, "1"),)
    yield "delta", lambda of: one.get_delta_channel_history(config=of, channels=["v"]), (at,)
    if not namespace:
        yield "list of the thread", one.list, ({"configurable": {"thread_id": thread}},)
        yield "delete", one.delete_thread, (thread,)
        yield "copy", one.copy_thread, (thread, new)
        yield "prune", one.prune, ([thread],)
        yield "prune all", lambda threads: one.prune(threads, strategy="delete"), ([thread],)


def test_executions_of_other_workflows_are_refused():
    for workflow in ("order", None):
        for checkpoint in ("1", None):
            thread = f"order-{uuid4()}"
            for execution in (thread, f"{thread}#inner"):
                sql("SELECT wf_save_state(%s, '{\"total\": 10}', workflow => %s, tags => '{\"a\": 1}', checkpoint => %s, "
                    "checkpoint_metadata => %s)", execution, workflow, checkpoint, checkpoint and '{"run_id": "r"}')
            with saver() as one:
                for namespace in ("", "inner"):
                    for name, call, arguments in calls_of(one, thread, namespace):
                        error = error_of(call, *arguments)
                        assert isinstance(error, ForeignThreadError), (name, error)
                        for word in (thread, workflow or "no workflow", "langgraph"):
                            assert word in str(error), (name, error)
                # It lists nothing of them, and a sweep over runs takes none.
                one.delete_for_runs(["r"])
                assert list(one.list(None, filter={"run_id": "r"})) == []
            for execution in (thread, f"{thread}#inner"):
                [found] = sql("SELECT state ->> 'total', workflow, version, tags ->> 'a' FROM wf_load(%s)", execution)
                assert found == ("10", workflow, 1, "1"), found
                assert sql("SELECT * FROM wf_task_results(%s, '{1}')", execution) == []
            assert sql("SELECT * FROM wf_list(sort => 'execution_id', after => NULL) WHERE execution_id = %s",
                       f"{thread}-copy") == []


def test_savers_of_two_workflows_do_not_share_threads():
    thread = str(uuid4())
    with saver() as one, saver(workflow="other") as other:
        at = put(one, config(thread), {"v": 1})
        one.put_writes(at, [("v", 1)], "task")
        put(other, config(thread, "inner"), {"v": "theirs"})
        for name, call, arguments in calls_of(other, thread):
            assert isinstance(error_of(call, *arguments), ForeignThreadError), name
        assert one.get_tuple(at).pending_writes == [("task", "v", 1)]
        # A namespace that is the other's is none of this thread.
        assert len(list(one.list({"configurable": {"thread_id": thread}}))) == 1
        one.delete_thread(thread)
        assert other.get_tuple(config(thread, "inner")) is not None and one.get_tuple(at) is None
        other.delete_thread(thread)


async def test_the_async_saver_refuses_them_too():
    thread = f"order-{uuid4()}"
    sql("SELECT wf_save_state(%s, '{}', workflow => 'order')", thread)
    async with AsyncWfstateSaver.from_conn_string(DSN) as one:
        for call in (one.aget_tuple(config(thread)), one.adelete_thread(thread),
                     one.aput(config(thread), empty_checkpoint(), {}, {}), one.aput_writes(config(thread, "", "1"), [("v", 1)], "t")):
            try:
                await call
            except ForeignThreadError:
                continue
            raise AssertionError(call)


def test_a_thread_without_checkpoints_is_empty():
    thread = str(uuid4())
    sql("SELECT wf_save_state(%s, '{}', workflow => 'langgraph')", thread)
    with saver() as one:
        assert one.get_tuple(config(thread)) is None and list(one.list(config(thread))) == []
        put(one, config(thread), {"v": 1})
        assert len(list(one.list({"configurable": {"thread_id": thread}}))) == 1


def test_names_that_are_hashed_are_no_others():
    def digest(text):
        return hashlib.sha256(text.encode()).hexdigest()

    # Of a hash that begins with 25 or 23, the rest behind a % or a # was another thread's name.
    percent = next(t for t in (f"customer-{'v' * 180}{n}" for n in range(10000)) if digest(t).startswith("25"))
    sharp = next(t for t in (f"customer-{'v' * 180}{n}" for n in range(10000)) if digest(t).startswith("23"))
    space = "n" * 260
    names = {(percent, ""), ("%" + digest(percent)[2:], ""), (sharp, ""), ("#" + digest(sharp)[2:], ""),
             ("%x" + digest(percent), ""), ("x" + digest(percent), ""), ("t", space), ("t", "%" + digest(space)),
             ("t", "%x" + digest(space)), ("t", "%25x" + digest(space)), ("a#b", ""), ("a", "b"), ("a%23b", ""), ("a%", ""),
             ("a", "b#c"), ("a#b", "c"), ("a", "b%23c"), ("t", "%23"), ("t", "#")}
    mark = str(uuid4())
    with saver() as one:
        for thread, namespace in names:
            one.delete_thread(thread)
        for thread, namespace in names:
            put(one, config(thread, namespace), {"v": [thread, namespace]}, metadata={"mark": mark})
        for thread, namespace in names:
            assert one.get_tuple(config(thread, namespace)).checkpoint["channel_values"] == {"v": [thread, namespace]}
        listed = [item.config["configurable"] for item in one.list(None, filter={"mark": mark})]
        assert {(found["thread_id"], found["checkpoint_ns"]) for found in listed} == names
        one.delete_thread("%" + digest(percent)[2:])
        assert one.get_tuple(config(percent)) is not None
        for thread in {thread for thread, _ in names}:
            one.delete_thread(thread)
        assert list(one.list(None, filter={"mark": mark})) == []


def test_a_thread_must_be_named():
    with saver() as one:
        for thread in (None, "", "a\0b", "\ud800"):
            for name, call, arguments in calls_of(one, thread):
                error = error_of(call, *arguments)
                assert type(error) is ValueError and "thread_id" in str(error), (name, error)
        put(one, config(7), {"v": 1})
        assert one.get_tuple(config("7")) is not None
        one.delete_thread(7)


def between(one, do):
    """Does it once, after the next call, which is the look of a put before it saves."""
    run = one._run

    def watched(call, **more):
        result = run(call, **more)
        one._run = run
        do()
        return result
    one._run = watched


def test_a_save_in_between_leaves_the_order_of_ids():
    for first, second in (("02", "03"), ("03", "02")):
        thread = str(uuid4())
        with saver() as one, saver() as other:
            put_id(other, thread, None, "01")
            between(one, lambda: put_id(other, thread, "01", second))
            put_id(one, thread, "01", first)
            assert ids(one, config(thread)) == ["03", "02", "01"]
            assert ids(other, config(thread), before=config(thread, checkpoint_id="03")) == ["02", "01"]
            assert other.get_tuple(config(thread)).checkpoint["channel_values"] == {"v": "03"}


def test_a_thread_is_begun_by_two_at_once():
    thread = str(uuid4())
    with saver() as one, saver() as other:
        between(one, lambda: put_id(other, thread, None, "02"))
        put_id(one, thread, None, "01")
        assert ids(one, config(thread)) == ["02", "01"]
        # It is deleted, and made anew by a workflow that is another, before the save.
        between(one, lambda: other.delete_thread(thread))
        put_id(one, thread, "02", "03")
        assert ids(one, config(thread)) == ["03"]
        assert sql("SELECT workflow, tags FROM wf_list(tags => jsonb_build_object('thread_id', %s::text))", thread) == [
            ("langgraph", {"thread_id": thread, "checkpoint_ns": ""})]


def test_many_writers_leave_the_order_of_ids():
    threads = [str(uuid4()) for _ in range(6)]

    def write(number):
        with saver() as one:
            for thread in threads:
                at = config(thread)
                for _ in range(6):
                    at = put(one, at, {"v": number})

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with saver() as one:
        for thread in threads:
            found = ids(one, config(thread))
            assert len(found) == 24 and found == sorted(found, reverse=True), found
            assert one.get_tuple(config(thread)).config["configurable"]["checkpoint_id"] == max(found)


def test_tags_that_were_replaced_are_not_missed():
    thread = str(uuid4())
    with saver() as one:
        for namespace in ("", "inner"):
            at = put(one, config(thread, namespace), {"v": 1}, metadata={"mark": thread})
            put(one, at, {"v": 2}, metadata={"mark": thread})
            sql("SELECT wf_patch_state(%s, '{}', tags => '{\"customer\": 7}')", thread + "#inner" * (namespace != ""))
        assert len(list(one.list({"configurable": {"thread_id": thread}}))) == 4
        assert len(list(one.list(None, filter={"mark": thread}))) == 4
        one.copy_thread(thread, f"{thread}-copy")
        assert len(list(one.list({"configurable": {"thread_id": f"{thread}-copy"}}))) == 4
        one.prune([thread])
        assert len(list(one.list({"configurable": {"thread_id": thread}}))) == 2
        assert sql("SELECT tags FROM wf_load(%s)", thread) == [({"customer": 7},)]
        with saver() as other:
            put(other, config(thread), {"v": 3})
        assert sql("SELECT tags FROM wf_load(%s)", thread) == [({"customer": 7, "thread_id": thread, "checkpoint_ns": ""},)]
        one.delete_thread(thread)
        assert list(one.list({"configurable": {"thread_id": thread}})) == []
        long = f"{thread}-{'long' * 60}"
        put(one, config(long, "inner"), {"v": 1}, metadata={"mark": long})
        [(execution,)] = sql("SELECT execution_id FROM wf_list(tags => jsonb_build_object('thread_id', %s::text))", long)
        sql("SELECT wf_patch_state(%s, '{}', tags => '{}')", execution)
        assert len(list(one.list({"configurable": {"thread_id": long}}))) == 1
        one.copy_thread(long, f"{thread}-short")
        assert one.get_tuple(config(f"{thread}-short", "inner")) is not None
        one.delete_thread(long)
        assert sql("SELECT count(*) FROM wf_list(tags => '{}') WHERE execution_id = %s", execution) == [(0,)]


def test_a_fork_is_a_thread_of_its_own():
    thread, fork = str(uuid4()), str(uuid4())
    with saver() as one:
        first = put(one, config(thread), {"v": 1})
        put(one, first, {"v": 2})
        sql("SELECT wf_fork(%s, %s, checkpoint => %s)", thread, fork, first["configurable"]["checkpoint_id"])
        sql("SELECT wf_checkpoint(%s, wf_load_state(%s) ->> 'id', metadata => '{\"source\": \"fork\"}')", fork, fork)
        found = one.get_tuple(config(fork))
        assert found.checkpoint["channel_values"] == {"v": 1} and found.metadata == {"source": "fork"}
        assert found.config == config(fork, checkpoint_id=first["configurable"]["checkpoint_id"])
        put(one, found.config, {"v": 3})
        assert [i.config["configurable"]["thread_id"] for i in one.list({"configurable": {"thread_id": fork}})] == [fork] * 2
        assert len(list(one.list({"configurable": {"thread_id": thread}}))) == 2
        assert sql("SELECT tags FROM wf_load(%s)", fork) == [({"thread_id": fork, "checkpoint_ns": ""},)]
        one.delete_thread(thread)
        assert one.get_tuple(config(fork)).checkpoint["channel_values"] == {"v": 3}


def test_in_a_transaction_of_the_caller():
    thread = f"order-{uuid4()}"
    sql("SELECT wf_save_state(%s, '{}', workflow => 'order')", thread)
    with psycopg.connect(DSN) as connection:
        one = WfstateSaver(connection)
        put_id(one, f"{thread}-mine", None, "02")
        assert isinstance(error_of(one.get_tuple, config(thread)), ForeignThreadError)
        assert isinstance(error_of(put_id, one, thread, None, "02"), ForeignThreadError)
        put_id(one, f"{thread}-mine", None, "01")
        assert ids(one, config(f"{thread}-mine")) == ["02", "01"]


def test_the_agent_goes_by_its_newest_checkpoint():
    thread = str(uuid4())
    with saver() as one, saver() as other:
        first = put(one, config(thread), {"v": 1, "w": "x" * 100})
        second = put(one, first, {"v": 2, "w": "x" * 100})
        for change in ("SELECT wf_patch_state(%s, '{\"channel_values\": {\"v\": 99}}')", "SELECT wf_recover(%s, version => 1)",
                       "SELECT wf_complete(%s)"):
            sql(change, thread)
            for each in (one, other):
                assert each.get_tuple(config(thread)).config == second
                assert [i.checkpoint["channel_values"]["v"] for i in each.list(config(thread))] == [2, 1]
        # One that has ended is used again all the same.
        put(one, second, {"v": 3, "w": "x" * 100}, changed={"v": 3})
        assert other.get_tuple(config(thread)).checkpoint["channel_values"] == {"v": 3, "w": "x" * 100}
        assert sql("SELECT status, state #>> '{channel_values,v}' FROM wf_load(%s)", thread) == [("completed", "3")]


def test_a_thread_that_is_another_workflows_now_is_refused():
    thread = str(uuid4())
    with saver() as one, saver(workflow="other") as other:
        put(one, config(thread), {"v": 1})
        assert one.get_tuple(config(thread)) is not None
        one.put_writes(config(thread, "", "1"), [("v", 1)], "task")
        sql("SELECT wf_delete(%s)", thread)
        assert one.get_tuple(config(thread)) is None
        put(other, config(thread), {"v": "theirs"})
        for name, call, arguments in calls_of(one, thread):
            assert isinstance(error_of(call, *arguments), ForeignThreadError), name
        assert other.get_tuple(config(thread)).checkpoint["channel_values"] == {"v": "theirs"}
        other.delete_thread(thread)


def test_threads_of_an_imported_file_go_on():
    class State(TypedDict, total=False):
        n: int
        who: str

    def graph(checkpointer):
        found = StateGraph(State).add_node("count", lambda state: {"n": state["n"] + 1})
        found.add_node("ask", lambda state: {"who": interrupt("?")})
        return found.add_edge(START, "count").add_edge("count", "ask").compile(checkpointer=checkpointer)

    thread, memory = str(uuid4()), InMemorySaver()
    at = {"configurable": {"thread_id": thread}}
    graph(memory).invoke({"n": 1}, at)
    with sqlite3.connect(":memory:") as file:
        file.execute("CREATE TABLE checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint,"
                     " metadata)")
        for item in reversed(list(memory.list(at))):
            file.execute("INSERT INTO checkpoints VALUES (?, '', ?, NULL, 'json', ?, ?)", [
                thread, item.checkpoint["id"], json.dumps(item.checkpoint, default=list).encode(),
                json.dumps(item.metadata).encode()])
        file.commit()
        assert all(row[0] for row in sql(
            "SELECT imported FROM wf_import_sqlite(%s, workflow => 'langgraph')", file.serialize()))
    with saver() as one:
        found = graph(one)
        assert found.get_state(at).values == {"n": 2} and found.get_state(at).next == ("ask",)
        assert len(list(one.list(at))) == 3 and one.get_tuple(at).parent_config is None
        assert found.invoke(Command(resume="ann"), at) == {"n": 2, "who": "ann"}
