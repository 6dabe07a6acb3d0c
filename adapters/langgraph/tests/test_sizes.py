"""Many, large, or much changed at once: what was saved is read again, by steps that grow with what is wanted."""

from uuid import uuid4

from test_saver import config, put, saver, sql

# More than fits in one value of jsonb, which has at most 256 MB.
PARTS, LARGE = 5, 54_000_000


def test_writes_of_any_size_together_are_read():
    with saver() as one:
        at = put(one, config(str(uuid4())), {"v": 1})
        thread, name = (at["configurable"][key] for key in ("thread_id", "checkpoint_id"))
        for part in range(PARTS):
            sql("SELECT wf_record_task(%s, %s, %s, ARRAY[to_jsonb(repeat(%s, %s))], '{v}')", thread, name, f"task {part}",
                str(part), LARGE)
        for read in (lambda: one.get_tuple(config(thread)), lambda: next(one.list(config(thread)))):
            found = read()
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
