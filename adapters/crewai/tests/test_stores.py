"""What a flow asks of its store: CrewAI's own and ours must answer the same."""

import math
from datetime import date, datetime, timedelta, timezone
from enum import Enum
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict
from stores import NEWEST, alike, context_of, stores


class Colour(str, Enum):
    red = "red"


class Line(BaseModel):
    text: str
    price: float = 1.5


class State(BaseModel):
    id: str
    zone: str = "eu"
    a: int = 0
    lines: list[Line] = []


class Odd(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    id: str
    thing: object = None


PLAIN = {
    "nothing": None, "truth": True, "one": 1, "large": 2**70, "float": 1.5, "whole": 1.0, "zero": -0.0,
    "infinite": [math.inf, -math.inf], "nan": math.nan, "exponent": [1e22, 1e16, 1e-7, 1.7976931348623157e308, 5e-324],
    "text": "ä\U0001f600", "nul": "a\0b", "half": "\ud800x", "nul\0key": 1, "pair": "\ud83d\ude00", "tuple": (1, (2, [3])),
    "order": {"zz": 1, "a": {"y": 1, "x": [{"c": 1, "b": 2}]}}, "keys": {1: "a", 1.5: "b", None: "c", True: "d", "1": "e"},
    "box": {"$float": "mine"}, "boxes": {"$order": ["x"], "plain": {"$": 1}, "$text": "t", "$pairs": [["a", 1]]},
    "empty": [{}, [], "", ()], "colour": Colour.red, "$": 1, "": {"": ""}, "deep": [[[[[{"b": [{"aa": 1, "b": 2}]}]]]]],
}
OTHER = {
    "set": {7}, "frozen": frozenset([7]), "bytes": b"\0\xff", "date": date(2026, 1, 2), "uuid": UUID(int=5),
    "time": datetime(2026, 1, 2, 3, 4, 5, 6, timezone(timedelta(hours=2))), "complex": 1j, "type": int,
    "model": Line(text="ä"), "models": [Line(text="b"), (Line(text="c"),)], "odd": Odd(id="x", thing=int),
}


def each(test):
    """Runs a test on both stores, and holds what they answer against each other."""
    def both():
        found = {}
        with stores() as made:
            for name, store in made.items():
                found[name] = test(store, f"{test.__name__}-{uuid4()}")
        answers = list(found.values())
        assert all(alike(answers[0], answer) for answer in answers), found
    return both


@each
def test_a_state_is_loaded_as_it_was_saved(store, flow):
    assert store.load_state(flow) is None
    store.save_state(flow, "begin", {"id": "x", "n": 1})
    assert store.load_state(flow) == {"id": "x", "n": 1}
    store.save_state(flow_uuid=flow, method_name="go on", state_data={"other": [1, 2]})
    store.save_state(flow + "/2", "begin", {"n": 2})
    assert store.load_state(flow) == {"other": [1, 2]}
    assert store.load_state(flow_uuid=flow + "/2") == {"n": 2}
    store.save_state(flow, "empty", {})
    return store.load_state(flow), store.load_state(flow + "/3")


@each
def test_a_model_is_saved_by_its_fields(store, flow):
    store.save_state(flow, "begin", State(id="x", a=3))
    assert State(**store.load_state(flow)) == State(id="x", a=3)
    return sorted(store.load_state(flow).items())


@each
def test_values_that_json_has(store, flow):
    store.save_state(flow, "begin", PLAIN)
    found = store.load_state(flow)
    assert found["nul"] == "a\0b" and repr(found["zero"]) == "-0.0" and list(found["order"]) == ["zz", "a"], found
    return found


@each
def test_values_that_json_lacks(store, flow):
    found = {}
    for name, value in OTHER.items():
        # The oldest knows none of them.
        if NEWEST:
            store.save_state(flow, name, {name: value})
            found[name] = store.load_state(flow)
    if NEWEST:
        store.save_state(flow, "model", Odd(id="x", thing=[int, {1}, Line(text="d")]))
    return found, store.load_state(flow)


@each
def test_what_is_no_state_is_refused(store, flow):
    circle = {}
    circle["circle"] = circle
    refusals = []
    for state in ([1], "text", None, {(1, 2): 3}, circle):
        try:
            store.save_state(flow, "begin", state)
        except Exception as error:
            refusals.append(type(error).__name__)
        else:
            refusals.append(None)
    assert store.load_state(flow) is None
    return refusals


if NEWEST:
    @each
    def test_a_question_stands_with_its_state(store, flow):
        assert store.load_pending_feedback(flow) is None
        store.clear_pending_feedback(flow)
        asked = context_of(flow, metadata={"zz": 1, "a": [math.inf, "\0"]}, emit=["yes", "no"], trace_context=(1, 2**64))
        store.save_pending_feedback(flow, asked, {"id": flow, "text": "draft"})
        state, found = store.load_pending_feedback(flow)
        assert (state, found) == ({"id": flow, "text": "draft"}, asked) and list(found.metadata) == ["zz", "a"]
        assert store.load_state(flow) == state
        # What is saved meanwhile is not what was asked about.
        store.save_state(flow, "meanwhile", {"id": flow, "text": "later"})
        assert store.load_pending_feedback(flow) == (state, asked)
        assert store.load_state(flow)["text"] == "later"
        store.clear_pending_feedback(flow)
        store.clear_pending_feedback(flow)
        assert store.load_state(flow)["text"] == "later"
        return store.load_pending_feedback(flow)

    @each
    def test_the_last_question_counts(store, flow):
        sizes = [10, 200_000, 300_000, 20, 65_000, 66_000]
        for size in sizes:
            asked = context_of(flow, method_output="x" * size, message=f"{size}?")
            store.save_pending_feedback(flow, asked, State(id="s", a=size))
            state, found = store.load_pending_feedback(flow)
            assert found == asked and State(**state).a == size
        store.save_pending_feedback(flow + "/2", context_of(flow + "/2"), {"other": 1})
        store.clear_pending_feedback(flow)
        assert store.load_pending_feedback(flow) is None
        store.save_pending_feedback(flow, context_of(flow, message="again"), {"n": 1})
        return store.load_pending_feedback(flow)[1].message, store.load_pending_feedback(flow + "/2")[0]

    @each
    def test_a_question_of_any_output(store, flow):
        found = []
        for value in (PLAIN, {k: v for k, v in OTHER.items() if k != "odd"}, [Line(text="a"), {"b": Line(text="c")}], 1.5, "\0", None):
            store.save_pending_feedback(flow, context_of(flow, method_output=value), {"id": flow})
            found.append(store.load_pending_feedback(flow)[1].method_output)
        return found
