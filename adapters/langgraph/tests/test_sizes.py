"""Many, large, or much changed at once: what was saved is read again, by steps that grow with what is wanted."""

from uuid import uuid4

from langgraph.checkpoint.wfstate import _base as base
from psycopg.errors import ProgramLimitExceeded
from test_saver import config, put, saver, sql, superuser
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


def test_portions_have_so_many_bytes_and_parts():
    parts = [(number, None, "ä" * 10) for number in range(5)]
    assert base._portions(parts, 100) == [parts]
    assert base._portions(parts, 40) == [parts[:2], parts[2:4], parts[4:]]
    assert base._portions(parts, 39) == base._portions(parts, 1) == [[part] for part in parts]
    assert base._portions([], 1) == []
    assert [len(portion) for portion in base._portions([(number, None, "1") for number in range(2500)], 10**6)] == [
        1000, 1000, 500]
