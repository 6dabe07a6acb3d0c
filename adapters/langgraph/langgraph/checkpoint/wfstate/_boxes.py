"""Values of programs as JSON that jsonb can hold, and back.

Plain JSON stays as it is, so that wf_find, wf_diff and people can read it. What jsonb cannot hold, or would give back
as something else, is boxed: an object of one member whose key begins with `$` (docs/checkpoints.md). An object whose
keys are not in the order of jsonb has one member more, `$order`, and stays as readable as the others.
"""

from __future__ import annotations

import json
import math
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from langchain_core import messages as lc
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.serde.types import _DeltaSnapshot

# Messages are what most agents keep, and are boxed as their members. Subclasses of these are boxed by the serializer.
_MESSAGES: dict[str, type[lc.BaseMessage]] = {
    cls.__name__: cls
    for cls in (
        lc.AIMessage, lc.AIMessageChunk, lc.HumanMessage, lc.HumanMessageChunk, lc.SystemMessage,
        lc.SystemMessageChunk, lc.ToolMessage, lc.ToolMessageChunk, lc.FunctionMessage, lc.ChatMessage,
        lc.RemoveMessage,
    )
}

# Their members that are None, {} or [] unless they are given.
_DEFAULTS: dict[str, dict[str, Any]] = {
    name: {
        key: None if field.default is None else field.default_factory()  # type: ignore[call-arg, misc]
        for key, field in cls.model_fields.items() if field.default is None or field.default_factory in (dict, list)
    }
    for name, cls in _MESSAGES.items()
}


# How deep a value may be nested as JSON: what is saved must be read from any reasonable stack, and on any release of
# Python, some of which count each level of it against their limit of 1000 frames.
LEVELS = 250


class _TooDeep(Exception):
    pass


def _refusal() -> ValueError:
    return ValueError(
        f"a value is nested more than {LEVELS} levels deep, as the JSON that it is saved as, in which a tuple is two "
        "levels: keep it flatter")


def text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def is_plain(serde: SerializerProtocol) -> bool:
    """Whether values may be kept as JSON: a serializer of the user's own, such as an encrypting one, has them whole."""
    return isinstance(serde, JsonPlusSerializer) and type(serde).dumps_typed is JsonPlusSerializer.dumps_typed


class Boxes:
    """Boxing and unboxing with one serializer."""

    def __init__(self, serde: SerializerProtocol) -> None:
        self.serde = serde
        self.plain = is_plain(serde)
        # Set where something was boxed that is not made of plain values.
        self.opaque = False

    def value(self, value: Any, depth: int = 0) -> Any:
        """A value of a channel, or what is so deep in one."""
        try:
            return self._encode(value, True, depth) if self.plain else self._serialized(value)
        except _TooDeep:
            # Without the way there, which is as deep.
            raise _refusal() from None

    def metadata(self, value: Any) -> Any:
        """What the framework itself keeps beside the values. Keys have no order here, and tuples are lists, so that
        filters by containment find them."""
        try:
            return self._encode(value, ordered=False)
        except _TooDeep:
            raise _refusal() from None

    def load(self, document: str | None) -> Any:
        if document is None:
            return None
        # Without a key that begins so there is no box, and the parser need not ask at each object.
        return json.loads(document, object_hook=self._unbox if '"$' in document else None)

    def unbox(self, value: Any) -> Any:
        """What JSON that was read without boxes holds, and nothing of it: it may be the JSON of other values, too."""
        kind = type(value)
        if kind is dict:
            if len(value) == 1:
                [(key, inner)] = value.items()
                return self._unbox({key: self.unbox(inner)})
            if "$order" in value:
                return {key: self.unbox(value[key]) for key in value["$order"]}
            return {key: item if type(item) in ATOMS else self.unbox(item) for key, item in value.items()}
        if kind is list:
            return [item if type(item) in ATOMS else self.unbox(item) for item in value]
        return value

    def _serialized(self, value: Any) -> Any:
        self.opaque = True
        kind, data = self.serde.dumps_typed(value)
        return {"$serde": [kind, b64encode(data).decode()]}

    def _encode(self, value: Any, ordered: bool = True, depth: int = 0) -> Any:
        # By exact type: a subclass, such as an enum of integers, would come back as its base.
        kind = type(value)
        if value is None or kind is bool or kind is int:
            return value
        if kind is str:
            return _encode_text(value)
        if kind is float:
            return _encode_float(value)
        if depth >= LEVELS:
            raise _TooDeep
        if kind is list or kind is tuple and not ordered:
            depth += 1
            return [self._encode(item, ordered, depth) for item in value]
        if kind is dict:
            return self._encode_dict(value, ordered, depth)
        if kind is tuple:
            depth += 2
            return {"$tuple": [self._encode(item, ordered, depth) for item in value]}
        if kind is bytes:
            self.opaque = True
            return {"$bytes": b64encode(value).decode()}
        if kind is _DeltaSnapshot:
            return {"$snapshot": self._encode(value.value, ordered, depth + 1)}
        if is_message(kind):
            return {"$message": [kind.__name__, self._encode_message(value, depth + 3)]}
        return self._serialized(value)

    def _encode_message(self, message: lc.BaseMessage, depth: int) -> dict[str, Any]:
        """Its members, without those that are as they are when they are not given."""
        omitted = _DEFAULTS[type(message).__name__]
        members = {
            key: self._encode(item, True, depth) for key, item in message.__dict__.items()
            if item or key not in omitted or item != omitted[key]
        }
        for key, item in (message.__pydantic_extra__ or {}).items():
            members[key] = self._encode(item, True, depth)
        return members

    def _encode_dict(self, value: dict[Any, Any], ordered: bool, depth: int) -> Any:
        if not value:
            return {}
        stand = as_they_stand(value)
        if stand is None:
            depth += 3
            return {"$pairs": [
                [self._encode(k, ordered, depth), self._encode(v, ordered, depth)] for k, v in value.items()]}
        depth += 1
        encoded = {key: self._encode(item, ordered, depth) for key, item in value.items()}
        if ordered and not stand:
            encoded["$order"] = list(value)
        return encoded

    def _unbox(self, found: dict[str, Any]) -> Any:
        if len(found) == 1:
            [(key, inner)] = found.items()
            if (unbox := _UNBOX.get(key)) is not None:
                return unbox(inner)
            if key == "$serde":
                return self.serde.loads_typed((inner[0], b64decode(inner[1])))
        elif "$order" in found:
            return {key: found[key] for key in found["$order"]}
        return found


class OfChannel(NamedTuple):
    """What was written to a channel that no part of a result can be named after."""

    channel: str
    value: Any


def is_message(kind: type) -> bool:
    return _MESSAGES.get(kind.__name__) is kind


def as_they_stand(value: dict[Any, Any]) -> bool | None:
    """Whether jsonb keeps the keys in their order; None where it cannot have one of them, or it could be a box."""
    keys = tuple(value)
    return _as_they_stand(keys) if set(map(type, keys)) <= {str} else None


@lru_cache(4096)
def _as_they_stand(keys: tuple[str, ...]) -> bool | None:
    if any(key[:1] == "$" or _encode_text(key) is not key for key in keys):
        return None
    return list(keys) == sorted(keys, key=jsonb_order)


def jsonb_order(key: str) -> tuple[int, bytes]:
    return len(key.encode()), key.encode()


def _encode_text(value: str) -> Any:
    if "\0" not in value:
        if value.isascii():
            return value
        try:
            value.encode()
            return value
        except UnicodeEncodeError:
            pass
    return {"$text": b64encode(value.encode("utf-8", "surrogatepass")).decode()}


def _encode_float(value: float) -> Any:
    written = repr(value)
    if not math.isfinite(value) or "e+" in written or written == "-0.0":
        return {"$float": written}
    return value


def _message(box: list[Any]) -> Any:
    name, members = box
    cls = _MESSAGES[name]
    try:
        return cls(**members)
    except Exception:
        # As the framework's own serializer: what a newer version refuses is given back without its checks.
        return cls.model_construct(**members)


# What JSON has besides objects and arrays.
ATOMS = frozenset((str, int, float, bool, type(None)))
_UNBOX: dict[str, Callable[[Any], Any]] = {
    "$tuple": tuple,
    "$bytes": b64decode,
    "$text": lambda inner: b64decode(inner).decode("utf-8", "surrogatepass"),
    "$float": float,
    "$pairs": lambda inner: {key: value for key, value in inner},
    "$snapshot": _DeltaSnapshot,
    "$message": _message,
    "$channel": OfChannel._make,
}


def escape(key: str) -> str:
    """A name as a key of the framework's own maps: none is taken for a box."""
    return "$" + key if key[:1] == "$" else key


def unescape(members: Mapping[str, Any]) -> dict[str, Any]:
    return {key[1:] if key[:1] == "$" else key: value for key, value in members.items()}
