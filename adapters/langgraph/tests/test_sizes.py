"""Many, large, or much changed at once: what was saved is read again, by steps that grow with what is wanted."""

from uuid import uuid4

import psycopg
from langgraph.checkpoint.wfstate import WfstateSaver
from langgraph.checkpoint.wfstate import _base as base
from langgraph.checkpoint.wfstate import _lists as lists
from langgraph.checkpoint.wfstate._boxes import text
from langgraph.checkpoint.wfstate._changes import difference
from langgraph.checkpoint.wfstate.aio import AsyncWfstateSaver
from psycopg.errors import ProgramLimitExceeded
from test_saver import DSN, alike, config, put, saver, sql, superuser
from test_threads import error_of

# More than fits in one value of jsonb, which has at most 256 MB.
PARTS, LARGE = 5, 54_000_000


def test_writes_of_any_size_together_are_read():
    with saver() as one:
        at = put(one, config(str(uuid4())), {"v": 1})
        thread, name = (at["configurable"][key] for key in ("thread_id", "checkpoint_id"))
        for part in range(PARTS):
            sql("SELECT wf_record_task(%s, %s, %s, ARRAY[to_jsonb(repeat(%s, %s))], '{v}')", thread, name, f"task {part}",
                str(part), LARGE)
        found = one.get_tuple(config(thread))
        assert found.config == at and found.checkpoint["channel_values"] == {"v": 1}
        assert [(task, channel, value[0], len(value)) for task, channel, value in found.pending_writes] == [
            (f"task {part}", "v", str(part), LARGE) for part in range(PARTS)]
        one.delete_thread(thread)


def test_each_checkpoint_has_its_own_writes():
    with saver() as one:
        thread, states, made = str(uuid4()), [], []
        for step in range(3):
            states.append(put(one, states[-1] if states else config(thread), {"v": step}))
            made.append([(f"task {task}", channel, [step, task]) for task in range(step) for channel in ("b", "a")])
            for task in range(step):
                one.put_writes(states[-1], [("b", [step, task]), ("a", [step, task])], f"task {task}")
        with saver() as other:
            for reader in (one, other):
                found = [reader.get_tuple(at) for at in states]
                assert [(one.config, one.pending_writes) for one in found] == list(zip(states, made))
                assert reader.get_tuple(config(thread)) == found[2]
                assert list(reader.list(config(thread))) == found[::-1]
                assert list(reader.list({"configurable": {"thread_id": thread}})) == found[::-1]


async def error_of_async(call):
    try:
        await call
    except Exception as error:
        return error


def values(one, at):
    return [(channel, value) for _, channel, value in one.get_tuple(at).pending_writes]


def test_a_task_gives_more_than_one_call_may_have():
    # 16 MB of text are more than 64 MB of jsonb.
    numbers = [1] * 4_000_000
    with saver() as one:
        at = put(one, config(str(uuid4())), {})
        writes = [("a", numbers), ("b", numbers)]
        one.put_writes(at, writes, "task")
        assert values(one, at) == writes
        one.delete_thread(at["configurable"]["thread_id"])


def test_what_a_task_gives_in_several_calls_is_recorded_whole_or_not_at_all():
    before = base.RECORDED, base.PARTS
    with superuser() as admin:
        admin.execute("ALTER ROLE wf_saver SET wfstate.max_state_size = '1MB'")
        base.RECORDED, base.PARTS = (2000, 600), 4
        try:
            with saver() as one, saver(pipeline=True) as piped:
                for saves in (one, piped):
                    at = put(one, config(str(uuid4())), {})
                    # One part alone may be larger than that.
                    writes = [*((f"c{number}", "ä" * 400) for number in range(9)), ("c9", "x" * 5000)]
                    saves.put_writes(at, writes, "task")
                    assert values(saves, at) == writes
                    # None is kept beside one that cannot be.
                    error = error_of(saves.put_writes, at, [*writes, ("last", "x" * 2_000_000)], "other")
                    assert isinstance(error, ProgramLimitExceeded), error
                    assert values(saves, at) == writes
        finally:
            base.RECORDED, base.PARTS = before
            admin.execute("ALTER ROLE wf_saver RESET wfstate.max_state_size")


async def test_the_async_saver_records_in_several_calls_too():
    before, base.RECORDED = base.RECORDED, (2000, 600)
    try:
        async with AsyncWfstateSaver.from_conn_string(DSN) as one:
            with saver() as other:
                at = put(other, config(str(uuid4())), {})
                writes = [(f"c{number}", "ä" * 400) for number in range(9)]
                await one.aput_writes(at, writes, "task")
                error = await error_of_async(one.aput_writes(at, [*writes, ("c9", "x" * 70_000_000)], "other"))
                assert isinstance(error, ProgramLimitExceeded), error
                assert values(other, at) == writes
                assert [each.pending_writes async for each in one.alist(at)] == [other.get_tuple(at).pending_writes]
    finally:
        base.RECORDED = before


def test_a_write_of_nothing_is_read():
    with saver() as one:
        at = put(one, config(str(uuid4())), {"v": 1})
        thread, name = (at["configurable"][key] for key in ("thread_id", "checkpoint_id"))
        sql("SELECT wf_record_task(%s, %s, 'task', ARRAY[NULL::jsonb], '{v}')", thread, name)
        for found in (one.get_tuple(at), one.get_tuple(config(thread)), *one.list(config(thread)), *one.list(at)):
            assert found.pending_writes == [("task", "v", None)]


def test_portions_have_so_many_bytes_and_parts():
    parts = [(number, None, "ä" * 10) for number in range(5)]
    assert base._portions(parts, 100) == [parts]
    assert base._portions(parts, 40) == [parts[:2], parts[2:4], parts[4:]]
    assert base._portions(parts, 39) == base._portions(parts, 1) == [[part] for part in parts]
    assert base._portions([], 1) == []
    assert [len(portion) for portion in base._portions([(number, None, "1") for number in range(2500)], 10**6)] == [
        1000, 1000, 500]


def changes():
    """Values of which much changes: what is before, what is after."""
    numbers = list(range(20_000))
    yield "reversed", numbers, numbers[::-1]
    yield "shifted", numbers, [-1, *numbers[:-1]]
    yield "in a list", [0, [numbers, 1]], [0, [numbers[::-1], 1]]
    yield "without every other", numbers, numbers[::2]
    yield "a map", {str(number): number for number in numbers}, {str(number): -number for number in numbers}
    yield "a map of other keys", {str(number): number for number in numbers}, {str(-number - 1): 1 for number in numbers}
    yield "many maps", [{"a": number} for number in numbers], [{"a": number + 1} for number in numbers]
    yield "a map of lists", {str(number): [number] for number in numbers}, {str(number): [number, 1] for number in numbers}


def test_a_patch_is_no_larger_than_what_it_makes():
    for name, old, new in changes():
        for before, after, path in ((old, new, ()), ({"v": old, "w": 1}, {"v": new, "w": 1}, ("at",))):
            patch = []
            difference(before, after, path, patch)
            assert len(text(patch)) < len(text(after)) + 5000, (name, len(text(patch)), len(text(after)))
    # What changes little in much is a patch still.
    numbers = list(range(20_000))
    for index in range(0, len(numbers), 100):
        numbers[index] = -1
    patch = []
    difference(list(range(20_000)), numbers, (), patch)
    assert len(patch) == 200 and len(text(patch)) < 12_000, len(text(patch))


def test_what_changed_much_is_read_again():
    with saver() as one, saver() as other:
        for name, old, new in changes():
            at = put(one, config(str(uuid4())), {"v": old, "w": 1})
            sent = []
            one._put_patch, before = lambda *given: sent.append(given[3]) or before(*given), one._put_patch
            after = put(one, at, {"v": new, "w": 1}, changed={"v": 2})
            del one._put_patch
            assert len(sent) == 1 and len(sent[0]) < len(text(new)) + 6000, (name, len(sent), len(sent[0]))
            last = put(one, after, {"v": old, "w": 1}, changed={"v": 3})
            for at, value in ((at, old), (after, new), (last, old)):
                assert alike(other.get_tuple(at).checkpoint["channel_values"], {"v": value, "w": 1}), name
            found = [each.checkpoint["channel_values"]["v"] for each in other.list(config(at["configurable"]["thread_id"]))]
            assert found == [old, new, old], name


def looked_at(connection):
    """Rows of the table of checkpoints that this transaction has looked at, until now."""
    [(rows,)] = connection.execute("""SELECT coalesce(idx_tup_fetch, 0) + seq_tup_read FROM pg_stat_xact_user_tables
        WHERE schemaname = 'wfstate' AND relname = 'checkpoints'""").fetchall()
    return rows


def test_a_checkpoint_is_found_by_its_name():
    with saver() as one, psycopg.connect(DSN) as connection:
        thread = str(uuid4())
        states = [config(thread)]
        for step in range(300):
            states.append(put(one, states[-1], {"v": step}))
        other = WfstateSaver(connection)
        # Twice, as plans are kept for later.
        for at, value in ((states[3], 2), (states[150], 149), (states[3], 2), (states[150], 149)):
            for read in (other.get_tuple, lambda at: next(other.list(at))):
                before = looked_at(connection)
                assert read(at).checkpoint["channel_values"] == {"v": value}
                limit = 10 if read == other.get_tuple else 310
                assert looked_at(connection) - before <= limit, (at, read, looked_at(connection) - before)
        before = looked_at(connection)
        put(other, states[150], {"v": "branch"})
        assert looked_at(connection) - before <= 20, looked_at(connection) - before
        before = looked_at(connection)
        assert len(list(other.list({"configurable": {"thread_id": thread}}))) == 301
        assert looked_at(connection) - before <= 1000, looked_at(connection) - before


def test_pages_have_no_more_than_some_states():
    big, thread, before = "x" * 100_000, str(uuid4()), lists.PAGE_BYTES
    lists.PAGE_BYTES = 1_000_000
    try:
        with saver(workflow="sizes") as one, saver(workflow="sizes") as other:
            # Of 60 large ones, 20 smaller ones and a small one, the newest.
            state = config(thread)
            for step in range(81):
                state = put(one, state, {"v": step, "text": big if step < 60 else big[:20_000] if step < 80 else ""})
            writes = [("v", str(number) + big) for number in range(8)]
            middle = list(other.list(config(thread)))[50].config
            one.put_writes(middle, writes, "task")
            for at in (config(thread), {"configurable": {"thread_id": thread}}, None):
                for limit in (None, 40):
                    pages = []
                    plan = other._list(at, {"step": 0}, None, limit)
                    result = None
                    while (part := other._next(plan, result)) is not None:
                        result = other._run(part) if not isinstance(part, list) else pages.append(part)
                    found = [each for page in pages for each in page]
                    assert [each.checkpoint["channel_values"]["v"] for each in found] == [*range(80, -1, -1)][:limit], at
                    for page in pages:
                        states = [len(each.checkpoint["channel_values"].get("text", "")) for each in page]
                        assert sum(states) <= 1_300_000, (at, limit, states)
                    assert len(pages) <= 14, (at, limit, [len(page) for page in pages])
                    [its] = [each.pending_writes for each in found if each.config == middle] or [None]
                    assert limit or its == [("task", *write) for write in writes]
            one.delete_thread(thread)
    finally:
        lists.PAGE_BYTES = before


def test_what_was_deleted_meanwhile_is_passed_over():
    with saver() as one:
        thread, state = str(uuid4()), None
        for step in range(120):
            state = put(one, state or config(thread), {"v": step})
        found = one.list({"configurable": {"thread_id": thread}})
        assert next(found).checkpoint["channel_values"] == {"v": 119}
        sql("SELECT wf_drop_checkpoints(%s, names => (SELECT array_agg(name) FROM (SELECT name FROM wf_checkpoints(%s, "
            "max_rows => 1000) ORDER BY version LIMIT 110 OFFSET 5) AS c))", thread, thread)
        assert [each.checkpoint["channel_values"]["v"] for each in found][-5:] == [4, 3, 2, 1, 0]
