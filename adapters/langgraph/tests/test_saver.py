"""What the conformance suite does not ask: values, order, branches, threads that others change, set-up."""

import math
import os
import random
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from langgraph.checkpoint.wfstate import SetupError, WfstateSaver

DSN = "user=wf_saver"


@contextmanager
def saver(**more):
    with WfstateSaver.from_conn_string(DSN, **more) as found:
        yield found


@contextmanager
def superuser(**more):
    with psycopg.connect(autocommit=True, **more) as connection:
        yield connection


def sql(statement, *arguments):
    with psycopg.connect(DSN, autocommit=True) as connection:
        return connection.execute(statement, arguments).fetchall()


def config(thread, namespace="", checkpoint_id=None):
    found = {"thread_id": thread, "checkpoint_ns": namespace}
    return {"configurable": found | ({"checkpoint_id": checkpoint_id} if checkpoint_id else {})}


def put(to, parent, values, *, id=None, metadata=None, changed=None, versions=None):
    checkpoint = empty_checkpoint()
    if id:
        checkpoint["id"] = id
    checkpoint["channel_values"] = values
    checkpoint["channel_versions"] = versions or {channel: 1 for channel in values}
    changed = changed if changed is not None else checkpoint["channel_versions"]
    return to.put(parent, checkpoint, metadata or {"source": "loop", "step": 0, "parents": {}}, changed)


def alike(one, other):
    """Equal, and of the same types, order of keys and sign of zero throughout."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float):
        return repr(one) == repr(other)
    return one == other


VALUES = {
    "nothing": None, "truth": True, "one": 1, "large": 2**70, "float": 1.5, "whole": 1.0, "zero": -0.0, "nan": math.nan,
    "infinite": [math.inf, -math.inf], "exponent": [1e22, 1e16, 1e-7, 1.7976931348623157e308, 5e-324],
    "text": "ä\U0001f600", "nul": "a\0b", "half": "\ud800x", "bytes": b"\0\xff", "tuple": (1, (2, [3])),
    "order": {"zz": 1, "a": {"y": 1, "x": [{"c": 1, "b": 2}]}}, "keys": {1: "a", (1, 2): "b", None: "c", "nul\0": "d"},
    "dollar": {"$bytes": "mine", "$order": ["x"], "plain": {"$": 1}}, "one dollar": {"$bytes": "mine"},
    "set": {1, 2}, "complex": [uuid4(), {"deep": uuid4()}], "empty": [{}, [], "", ()], "snapshot": _DeltaSnapshot([1, (2,)]),
    "messages": [HumanMessage("Where?", id="1"), AIMessage("", tool_calls=[{"name": "find", "args": {"z": 1, "a": 2.0},
                 "id": "c"}], usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}),
                 ToolMessage("there\0", tool_call_id="c", artifact=b"x")],
    "$channel": 1, "$$": 2,
}


def test_values_come_back_as_they_were():
    with saver() as one:
        for name, value in VALUES.items():
            at = put(one, config(str(uuid4())), {name: value})
            found = one.get_tuple(at).checkpoint["channel_values"]
            assert list(found) == [name] and alike(found[name], value), (name, value, found)
            one.put_writes(at, [(name, value)], "task")
            assert alike(one.get_tuple(at).pending_writes[0][2], value), (name, value)
        at = put(one, config(str(uuid4())), dict(VALUES))
        found = one.get_tuple(at).checkpoint["channel_values"]
        assert all(alike(found[name], value) for name, value in VALUES.items()) and len(found) == len(VALUES)


def random_value(dice, depth=0):
    kind = dice.randrange(8 if depth < 3 else 6)
    if kind < 6:
        return dice.choice([None, True, False, 0, 1, 1.0, -0.0, "", "a", "b\0", "$x", b"z", (1,), 1e22, 2**64])
    if kind == 6:
        return [random_value(dice, depth + 1) for _ in range(dice.randrange(6))]
    keys = dice.sample(["a", "bb", "c", "$order", "/~", "", "d\0"], dice.randrange(5))
    return {key: random_value(dice, depth + 1) for key in keys}


def changed(value, dice):
    """The value with something else in it, as steps change states."""
    if isinstance(value, list) and value and dice.random() < 0.8:
        found = list(value)
        at = dice.randrange(len(found) + 1)
        kind = dice.randrange(3)
        if kind == 0:
            found[at:at] = [random_value(dice, 2) for _ in range(dice.randrange(1, 4))]
        elif kind == 1:
            del found[at : at + dice.randrange(1, 4)]
        elif at < len(found):
            found[at] = changed(found[at], dice)
        return found
    if isinstance(value, dict) and value and dice.random() < 0.8:
        found = dict(value)
        key = dice.choice(list(found))
        found[key] = changed(found.pop(key) if dice.random() < 0.3 else found[key], dice)
        return found
    return random_value(dice)


def test_chains_of_random_states():
    dice = random.Random(12)
    with saver() as one:
        for _ in range(12):
            at, values = config(str(uuid4())), {"a": [random_value(dice) for _ in range(4)], "b": {"x": 1}}
            kept = []
            for _ in range(15):
                at = put(one, at, values)
                kept.append((at, values))
                values = {channel: changed(value, dice) for channel, value in values.items()}
            for at, values in kept:
                found = one.get_tuple(at).checkpoint["channel_values"]
                assert alike(dict(sorted(found.items())), values), (values, found)
            listed = [item.checkpoint["channel_values"] for item in one.list(config(at["configurable"]["thread_id"]))]
            assert all(alike(dict(sorted(f.items())), v) for f, (_, v) in zip(listed, reversed(kept), strict=True))


def test_what_is_changed_in_place_is_saved():
    """Also where the object, its length and what it is equal to are the same."""
    added = ToolMessage("d", tool_call_id="c", artifact={"deep": [1]})
    values = {"list": [{"a": {"n": 1}}, [1, 2], AIMessage("b", id="1"), added, {1}, bytearray(b"\x01")], "map": {"k": [1], "b": {"z": 1, "y": 2}}}

    def changes():
        yield lambda: values["list"][0]["a"].update(n=True)
        yield lambda: values["list"][0]["a"].update(n=1.0)
        yield lambda: values["list"][0].update(b=b"x")
        yield lambda: values["list"][0].update(b=bytearray(b"x"))
        yield lambda: values["list"][0].update(b=b"x")
        yield lambda: values["map"].update(l=b"x")
        yield lambda: values["map"].update(l=bytearray(b"x"))
        yield lambda: values["list"][1].reverse()
        yield lambda: values["list"][2].additional_kwargs.update(x=-0.0)
        yield lambda: values["list"][2].additional_kwargs.update(x=0.0)
        yield lambda: setattr(values["list"][2], "content", [{"type": "text", "text": "c"}])
        yield lambda: added.artifact["deep"].append(b"x")
        yield lambda: added.artifact["deep"].__setitem__(1, bytearray(b"x"))
        yield lambda: added.artifact["deep"].__setitem__(1, b"x")
        yield lambda: values["list"][4].add(2)
        yield lambda: values["list"][5].append(3)
        yield lambda: values["list"].__setitem__(1, (2, 1))
        yield lambda: values["map"].__setitem__("b", {"y": 2, "z": 1})
        yield lambda: values["map"].__setitem__("$k", values["map"].pop("k"))
        yield lambda: values["map"]["$k"].append([])
        yield lambda: values["map"].__setitem__("k", values["map"].pop("$k"))
        yield lambda: values.__setitem__("list", values["list"][2:])
        yield lambda: values.__setitem__("list", tuple(values["list"]))
        yield lambda: values.__setitem__("list", {0: 1})

    with saver() as one:
        thread = str(uuid4())
        at = put(one, config(thread), values)
        for number, change in enumerate(changes(), 2):
            change()
            at = put(one, at, values, versions=dict.fromkeys(values, number))
            for where in (at, config(thread)):
                found = one.get_tuple(where).checkpoint["channel_values"]
                assert alike(found["map"], values["map"]) and alike(found["list"], values["list"]), (number, found, values)


def test_the_newest_is_that_of_the_database():
    """Its state comes from the saver that put it last, as long as that is the newest, and is nobody's to change."""
    with saver() as one, saver() as other:
        thread = str(uuid4())
        first = put(one, config(thread), {"list": [[1], {"b": 1, "a": (2,)}], "text": "x"})
        sent = []
        run = one._run
        one._run = lambda call, **more: run(spy(call, sent), **more)
        for _ in range(2):
            found = one.get_tuple(config(thread))
            assert alike(found.checkpoint["channel_values"], {"list": [[1], {"b": 1, "a": (2,)}], "text": "x"})
            assert "wf_checkpoints" in sent[-2][0] and sent[-2][1]["known"] == first["configurable"]["checkpoint_id"]
            found.checkpoint["channel_values"]["list"][0].append(2)
            found.checkpoint["channel_versions"].clear()
        second = put(other, first, {"text": "y"})
        assert one.get_tuple(config(thread)).checkpoint["channel_values"] == {"text": "y"}
        # Another content under the name that is known, and the thread made anew.
        at = put(one, second, {"text": "z"})
        id = at["configurable"]["checkpoint_id"]
        put(other, second, {"text": "another"}, id=id)
        assert one.get_tuple(config(thread)).checkpoint["channel_values"] == {"text": "another"}
        other.delete_thread(thread)
        assert one.get_tuple(config(thread)) is None
        for text in ("a", "b", "c"):
            at = put(other, at, {"text": text})
        assert one.get_tuple(config(thread)).checkpoint["channel_values"] == {"text": "c"}
    with psycopg.connect(DSN) as connection:
        one, thread = WfstateSaver(connection), str(uuid4())
        first = put(one, config(thread), {"text": "x"})
        connection.execute("SELECT 1")
        put(one, first, {"text": "y"})
        connection.rollback()
        assert one.get_tuple(config(thread)).checkpoint["channel_values"] == {"text": "x"}


def test_pages_have_what_each_checkpoint_has():
    dice = random.Random(12)
    with saver() as one:
        thread = str(uuid4())
        at, values, heads = config(thread), {}, [config(thread)]
        for step in range(120):
            parent = dice.choice(heads[-3:]) if dice.random() < 0.1 else heads[-1]
            channel = dice.choice(["a", "list", "$odd", "~/", "dd"])
            if dice.random() < 0.1:
                values = {key: value for key, value in values.items() if key != channel}
            else:
                values = {**values, channel: changed(values.get(channel, [random_value(dice) for _ in range(8)]), dice)}
            at = put(one, parent, values, metadata={"source": "loop", "step": step % 7, "parents": {}},
                     versions=dict.fromkeys(values, step + 1))
            one.put_writes(at, [("list", [step])], f"task {step}")
            heads.append(at)
        for filter, size in ((None, 121), ({"step": 3}, 121), (None, 7)):
            listed = list(one.list(config(thread), filter=filter, limit=size))
            assert len(listed) == min(size, 120 if filter is None else 17)
            for item in listed:
                assert alike(tuple(item), tuple(one.get_tuple(item.config))), item
        # What one holds is in no other, nor in what it came from.
        first, second = list(one.list(config(thread), limit=2))
        for value in second.checkpoint["channel_values"].values():
            if isinstance(value, (list, dict)):
                value.clear()
        again = one.get_tuple(first.config)
        assert alike(again.checkpoint, first.checkpoint)


def test_a_step_sends_what_it_changed():
    thread = str(uuid4())
    with saver() as one:
        notes = [{"text": "x" * 1000, "n": n} for n in range(100)]
        at = put(one, config(thread), {"notes": notes})
        sent = []
        run = one._run
        one._run = lambda call, **more: run(spy(call, sent), **more)
        put(one, at, {"notes": [*notes, {"text": "new", "n": 100}]})
    assert len(sent) == 1 and "wf_patch_state" in sent[0][0] and len(sent[0][1]["patch"]) < 1000, sent


def spy(call, sent):
    statement = next(call)
    try:
        while True:
            sent.append(statement)
            try:
                rows = yield statement
            except psycopg.DatabaseError as error:
                statement = call.throw(error)
            else:
                statement = call.send(rows)
    except StopIteration as done:
        return done.value


def test_a_put_again_changes_nothing_and_another_takes_its_place():
    thread = str(uuid4())
    with saver() as one, saver() as other:
        ids = []
        at = config(thread)
        for n in range(5):
            at = put(one, at, {"n": n})
            ids.append(at["configurable"]["checkpoint_id"])
        first = one.get_tuple(config(thread, checkpoint_id=ids[1]))
        before = sql("SELECT version FROM wf_history(%s) ORDER BY version DESC LIMIT 1", thread)
        for writer in (one, other):
            writer.put(first.parent_config, first.checkpoint, first.metadata, {"n": 1})
        assert sql("SELECT version FROM wf_history(%s) ORDER BY version DESC LIMIT 1", thread) == before
        first.checkpoint["channel_values"]["n"] = "else"
        other.put(first.parent_config, first.checkpoint, first.metadata, {"n": 2})
        assert [item.checkpoint["channel_values"]["n"] for item in one.list(config(thread))] == [4, 3, 2, "else", 0]
        assert one.get_tuple(config(thread)).checkpoint["id"] == ids[-1]
        put(other, config(thread), {"n": "older"}, id=ids[2] + "0")
        assert [item.checkpoint["channel_values"]["n"] for item in one.list(config(thread))] == [
            4, 3, "older", 2, "else", 0]
        assert [i.checkpoint["channel_values"]["n"] for i in one.list(config(thread), before=config(
            thread, checkpoint_id=ids[2] + "00"), limit=2)] == ["older", 2]
        assert put(one, at, {"n": 5}) and one.get_tuple(config(thread)).checkpoint["channel_values"] == {"n": 5}


def test_a_branch_stands_on_its_parent():
    thread = str(uuid4())
    with saver() as one:
        first = put(one, config(thread), {"a": ["x"] * 50})
        second = put(one, first, {"a": ["y"] * 50})
        branch = put(one, first, {"a": ["x"] * 50 + ["z"]})
        assert one.get_tuple(branch).parent_config == first
        assert one.get_tuple(second).checkpoint["channel_values"] == {"a": ["y"] * 50}
        assert one.get_tuple(config(thread)).checkpoint["channel_values"] == {"a": ["x"] * 50 + ["z"]}


def test_a_thread_that_was_made_anew_is_not_patched():
    thread = str(uuid4())
    with saver() as one, saver() as other:
        at = put(one, config(thread), {"a": 1, "b": 1})
        other.delete_thread(thread)
        put(other, config(thread), {"c": 3})
        put(one, at, {"a": 1, "b": 2}, changed={"b": 2})
        assert one.get_tuple(config(thread)).checkpoint["channel_values"] == {"a": 1, "b": 2}
        # Two writers of one thread in turn.
        at = one.get_tuple(config(thread)).config
        for n in range(4):
            at = put((one, other)[n % 2], at, {"n": n})
        assert [i.checkpoint["channel_values"].get("n") for i in one.list(config(thread), limit=3)] == [3, 2, 1]


def test_encrypted_values_are_not_in_the_tables():
    serde = EncryptedSerializer.from_pycryptodome_aes(key=b"0123456789abcdef")
    thread = str(uuid4())
    with saver(serde=serde) as one:
        at = put(one, config(thread), {"secret": "sesame", "same": ["sesame"]}, versions={"secret": 1, "same": 1})
        put(one, at, {"secret": "sesame2", "same": ["sesame"]}, versions={"secret": 2, "same": 1}, changed={"secret": 2})
        one.put_writes(at, [("out", "sesame")], "task")
        found = one.get_tuple(config(thread))
        assert found.checkpoint["channel_values"] == {"secret": "sesame2", "same": ["sesame"]}
        assert one.get_tuple(at).pending_writes == [("task", "out", "sesame")]
    text = str(sql("SELECT wf_state_at(%s), array(SELECT output FROM wf_task_results(%s, %s))", thread, thread,
                   [at["configurable"]["checkpoint_id"]]))
    assert "sesame" not in text and "$serde" in text
    # A value that did not change is not encrypted anew.
    [(diff,)] = sql("SELECT wf_diff(%s, 1, 2)::text", thread)
    assert "/channel_values/secret" in diff and "/channel_values/same" not in diff, diff


def test_lists_over_threads_and_namespaces():
    mark = str(uuid4())
    with saver() as one:
        made = []
        for thread in (f"{mark}-1", f"{mark}#2%", f"{mark}-{'long' * 100}"):
            for namespace in ("", "child:1", "deep|" * 60):
                made.append(put(one, config(thread, namespace), {"n": 1}, metadata={"mark": mark, "source": "loop"}))
        assert [item.config for item in one.list(None, filter={"mark": mark})] == made[::-1]
        assert [item.config for item in one.list(None, filter={"mark": mark}, limit=4)] == made[:-5:-1]
        assert [i.config for i in one.list({"configurable": {"thread_id": f"{mark}#2%"}})] == made[5:2:-1]
        one.delete_thread(f"{mark}#2%")
        assert len(list(one.list(None, filter={"mark": mark}))) == 6
        one.copy_thread(f"{mark}-1", f"{mark}-copy")
        copied = list(one.list({"configurable": {"thread_id": f"{mark}-copy"}}))
        assert [i.config["configurable"]["checkpoint_ns"] for i in copied] == ["deep|" * 60, "child:1", ""]


def test_prune_keeps_versions_of_nobody_only_without_the_right():
    for role, wanted in (("wf_saver", 6), ("wf_pruner", 2)):
        thread = str(uuid4())
        with WfstateSaver.from_conn_string(f"user={role}") as one:
            at = config(thread)
            for n in range(6):
                at = put(one, at, {"n": n})
                one.put_writes(at, [("w", n)], "task")
            one.prune([thread])
            [left] = one.list(config(thread))
            assert left.checkpoint["channel_values"] == {"n": 5} and left.parent_config is None
            assert left.pending_writes == [("task", "w", 5)]
            assert put(one, at, {"n": 6}) and one.get_tuple(config(thread)).parent_config == at
        [(count,)] = sql("SELECT count(*) FROM wf_history(%s)", thread)
        assert count == wanted + (role == "wf_saver"), (role, count)


def test_delta_history_is_that_of_the_walk():
    thread = str(uuid4())
    with saver() as one:
        memory = InMemorySaver()
        for to in (one, memory):
            at, dice = config(thread), random.Random(5)
            for n in range(60):
                values = {"other": n} | ({"delta": _DeltaSnapshot([n])} if n in (7, 31) else {})
                at = put(to, at, values, id=f"{n:04}", versions={"other": n + 1, "delta": n + 1, "never": 1},
                         changed={"other": n + 1, "delta": n + 1})
                for task in ("t2", "t1"):
                    to.put_writes(at, [("delta", [n, task]), ("never", n)], task, str(dice.randrange(3)))
        for id in ("0040", "0007", "0008", "0003", None):
            asked = {"config": config(thread, checkpoint_id=id), "channels": ["delta", "never", "none"]}
            wanted = memory.get_delta_channel_history(**asked)
            assert one.get_delta_channel_history(**asked) == wanted, id


def refusal(dsn):
    with WfstateSaver.from_conn_string(dsn) as one:
        try:
            one.setup()
        except SetupError as error:
            return str(error)


def test_setup_says_what_is_missing():
    assert refusal(DSN) is None
    assert "CREATE EXTENSION wfstate" in refusal("dbname=postgres")
    assert "wf_grant_access('wf_reader', 'writer')" in refusal("user=wf_reader")
    assert "wf_grant_tenant" in refusal("user=wf_saver options=-cwfstate.tenant=other")
    assert "search_path" in refusal("user=wf_saver options=-csearch_path=pg_catalog")
    with superuser() as admin:
        admin.execute("ALTER FUNCTION wf_record_task RENAME TO wf_record_later")
        try:
            assert "too old" in refusal(DSN) and "wf_record_task" in refusal(DSN)
        finally:
            admin.execute("ALTER FUNCTION wf_record_later RENAME TO wf_record_task")


def test_tenants_do_not_see_each_other():
    thread = str(uuid4())
    with saver() as one, WfstateSaver.from_conn_string("user=wf_other options=-cwfstate.tenant=other") as other:
        at = put(one, config(thread), {"a": 1})
        assert other.get_tuple(at) is None and list(other.list(None)) == []
        put(other, config(thread), {"a": 2})
        assert one.get_tuple(config(thread)).checkpoint["channel_values"] == {"a": 1}
        other.delete_thread(thread)
        assert one.get_tuple(at) is not None


assert os.environ["PGDATABASE"]
