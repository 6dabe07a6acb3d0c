"""What cannot be saved is refused when it is saved, and said."""

from uuid import uuid4

from langchain_core.messages import HumanMessage
from test_saver import alike, config, put, saver
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
