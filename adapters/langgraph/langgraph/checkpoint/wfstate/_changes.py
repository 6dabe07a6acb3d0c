"""What changed from one checkpoint to the next.

A save costs what changed, so what has not must be told from the rest quickly, and surely: a program may have changed
what is inside of a value, so that the same object is no sign of the same content. Of each item of a value a print is
kept, its content as the interpreter itself writes it, and an item with the same print keeps the JSON that it had.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from itertools import repeat
from typing import Any, NamedTuple

from langgraph.checkpoint.wfstate._boxes import ATOMS, Boxes, as_they_stand, is_message, jsonb_order, text


class Kept(NamedTuple):
    """A value of a channel as JSON, with the prints of its items, None for those that have no sure one."""

    encoded: Any
    prints: list[bytes | None] | dict[str, bytes | None] | None = None


def keep(boxes: Boxes, value: Any, before: Kept | None) -> Kept:
    """A value as JSON. Its items are those of before wherever they are as they were."""
    if boxes.plain and type(value) is list:
        return _keep_list(boxes, value, before)
    if boxes.plain and type(value) is dict and (stand := as_they_stand(value)) is not None:
        return _keep_dict(boxes, value, stand, before)
    return Kept(boxes.value(value))


def _keep_list(boxes: Boxes, value: list[Any], before: Kept | None) -> Kept:
    prints = _prints(value)
    known: list[bytes | None] = before.prints if before and type(before.prints) is list else []
    old = before.encoded if before and known else []
    # Most lists grow at their end.
    if known == prints[: len(known)] and None not in known:
        start, end = len(known), 0
    else:
        shorter = min(len(known), len(prints))
        start = end = 0
        while start < shorter and known[start] == prints[start] is not None:
            start += 1
        while end < shorter - start and known[-1 - end] == prints[-1 - end] is not None:
            end += 1
    encoded = old[:start]
    for index in range(start, len(value) - end):
        item, prints[index] = _item(boxes, value[index], prints[index])
        encoded.append(item)
    encoded += old[len(old) - end :]
    return Kept(encoded, prints)


def _keep_dict(boxes: Boxes, value: dict[str, Any], stand: bool, before: Kept | None) -> Kept:
    prints = dict(zip(value, _prints(value.values())))
    known: dict[str, bytes | None] = before.prints if before and type(before.prints) is dict else {}
    encoded = {}
    for key, item in value.items():
        if (its := prints[key]) is not None and its == known.get(key):
            assert before is not None
            encoded[key] = before.encoded[key]
        else:
            encoded[key], prints[key] = _item(boxes, item, its)
    if not stand:
        encoded["$order"] = list(value)
    return Kept(encoded, prints)


def _item(boxes: Boxes, value: Any, its_print: bytes | None) -> tuple[Any, bytes | None]:
    """An item as JSON, and its print where that is sure: what gives a buffer is printed as its bytes, whatever it is."""
    boxes.opaque = False
    encoded = boxes.value(value, 1)
    return encoded, None if boxes.opaque else its_print


def _prints(values: Iterable[Any]) -> list[bytes | None]:
    # Ellipsis begins no other tuple that has a print.
    shapes = [
        (..., kind.__name__, item.__dict__, item.__pydantic_extra__) if is_message(kind := type(item)) else item
        for item in values
    ]
    try:
        # Of the formats, 2 is the last that writes equal values equally.
        return list(map(marshal.dumps, shapes, repeat(2)))
    except ValueError:
        return [_print(shape) for shape in shapes]


def _print(shape: Any) -> bytes | None:
    try:
        return marshal.dumps(shape, 2)
    except ValueError:
        return None


def same(one: Any, other: Any) -> bool:
    """Whether two boxed values are the same JSON: in Python, 1 == 1.0 == True; an order of keys that differs
    only makes the comparison look closer."""
    return one is other or type(one) is type(other) and marshal.dumps(one, 2) == marshal.dumps(other, 2)


def pointer(path: tuple[str, ...]) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


# After so many operations it is asked what they take.
MANY = 64


class _Cost:
    """What the operations take that make a list or a map, from the one that comes next on."""

    def __init__(self, made: list[Any] | dict[str, Any], patch: list[dict[str, Any]]) -> None:
        self.made, self.patch = made, patch
        self.first = self.counted = len(patch)
        self.bytes = 0
        self.whole: int | None = None

    def is_over(self) -> bool:
        """Whether they take more than the whole; asked of all that there are by now, or of each MANY more."""
        if len(self.patch) - self.counted < MANY:
            return False
        self.bytes += len(text(self.patch[self.counted :]))
        self.counted = len(self.patch)
        # Each of its items takes two bytes at the least, so that most need not be written for this.
        if self.whole is None and self.bytes > 2 * len(self.made):
            self.whole = len(text(self.made))
        return self.whole is not None and self.bytes > self.whole

    def give_up(self, path: tuple[str, ...]) -> None:
        self.patch[self.first :] = [{"op": "replace", "path": pointer(path), "value": self.made}]


def difference(old: Any, new: Any, path: tuple[str, ...], patch: list[dict[str, Any]]) -> None:
    """Adds to a JSON Patch what makes new of old, which is new as a whole where that takes less. What both share is not
    looked into."""
    if old is new:
        return
    if type(old) is dict and type(new) is dict:
        _difference_of_maps(old, new, path, patch)
    elif type(old) is list and type(new) is list:
        _difference_of_lists(old, new, path, patch)
    elif not same(old, new):
        patch.append({"op": "replace", "path": pointer(path), "value": new})


def _difference_of_maps(
    old: dict[str, Any], new: dict[str, Any], path: tuple[str, ...], patch: list[dict[str, Any]]
) -> None:
    cost = _Cost(new, patch)
    for key in old:
        if key not in new:
            patch.append({"op": "remove", "path": pointer((*path, key))})
            if cost.is_over():
                return cost.give_up(path)
    for key, value in new.items():
        if key in old:
            difference(old[key], value, (*path, key), patch)
        else:
            patch.append({"op": "add", "path": pointer((*path, key)), "value": value})
        if cost.is_over():
            return cost.give_up(path)
    # Of a small map, such as that of versions, all may be less than what changed with a path to each.
    count = len(patch) - cost.first
    if 1 < count and len(new) < 4 * count and ATOMS.issuperset(map(type, new.values())):
        whole = {"op": "replace", "path": pointer(path), "value": new}
        if len(text(whole)) < len(text(patch[cost.first :])):
            cost.give_up(path)


def patched(document: Any, patch: list[dict[str, Any]]) -> Any:
    """What a JSON Patch of wfstate makes of a document, which stays as it is: the new one has the rest of it in common.
    Keys are in the order of jsonb, as they are in what the database writes."""
    root = [document]
    own = {}
    for operation in patch:
        at: Any = root
        key: Any = 0
        for part in operation["path"].split("/")[1:]:
            child = at[key]
            if id(child) not in own:
                child = at[key] = child.copy()
                own[id(child)] = child
            at = child
            key = int(part) if type(at) is list else part.replace("~1", "/").replace("~0", "~")
        if operation["op"] == "remove":
            del at[key]
        elif type(at) is list and operation["op"] == "add" and at is not root:
            at.insert(key, operation["value"])
        elif type(at) is dict and key not in at:
            members = sorted([*at.items(), (key, operation["value"])], key=lambda member: jsonb_order(member[0]))
            at.clear()
            at.update(members)
        else:
            at[key] = operation["value"]
    return root[0]


def _difference_of_lists(old: list[Any], new: list[Any], path: tuple[str, ...], patch: list[dict[str, Any]]) -> None:
    shorter = min(len(old), len(new))
    start = 0
    while start < shorter and same(old[start], new[start]):
        start += 1
    end = 0
    while end < shorter - start and same(old[-1 - end], new[-1 - end]):
        end += 1
    gone, come = old[start : len(old) - end], new[start : len(new) - end]
    both = min(len(gone), len(come))
    cost = _Cost(new, patch)
    for index in range(both):
        difference(gone[index], come[index], (*path, str(start + index)), patch)
        if cost.is_over():
            return cost.give_up(path)
    for _ in gone[both:]:
        patch.append({"op": "remove", "path": pointer((*path, str(start + both)))})
        if cost.is_over():
            return cost.give_up(path)
    for index, value in enumerate(come[both:], start + both):
        patch.append({"op": "add", "path": pointer((*path, str(index) if end else "-")), "value": value})
        if cost.is_over():
            return cost.give_up(path)
