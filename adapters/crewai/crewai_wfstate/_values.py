"""Values of flows as JSON that jsonb can hold, and back (docs/checkpoints.md of wfstate has the boxes)."""

import json
import math
import re
from base64 import b64decode, b64encode
from datetime import date
from typing import Any

from pydantic import BaseModel

# No text of PostgreSQL has a zero, nor half of a surrogate pair.
_UNFIT = re.compile("[\0\ud800-\udfff]")


def members(value: Any) -> Any:
    """What CrewAI's own store writes for a value that is no JSON."""
    if isinstance(value, BaseModel):
        try:
            return value.model_dump(mode="json")
        except Exception:
            return value.model_dump(mode="python")
    listed = isinstance(value, (set, tuple))
    return list(value) if listed else value.isoformat() if isinstance(value, date) else str(value)


def text(value: Any, *, ordered: bool) -> str:
    """ordered: whether the order of its own keys matters, as that of all dicts inside does; a model's has none."""
    boxed = _box(json.loads(json.dumps(value, default=members)))
    if not ordered:
        boxed.pop("$order", None)
    return json.dumps(boxed, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def load(document: str) -> Any:
    # Without a key that begins so there is no box, and the parser need not ask at each object.
    return json.loads(document, object_hook=_unbox if '"$' in document else None)


def _box(value: Any) -> Any:
    if isinstance(value, str) and _UNFIT.search(value):
        return {"$text": b64encode(value.encode("utf-8", "surrogatepass")).decode()}
    if isinstance(value, float) and (not math.isfinite(value) or "e+" in repr(value) or repr(value) == "-0.0"):
        return {"$float": repr(value)}
    if isinstance(value, list):
        return [_box(item) for item in value]
    if not isinstance(value, dict):
        return value
    if any(key[:1] == "$" or _UNFIT.search(key) for key in value):
        return {"$pairs": [[_box(key), _box(item)] for key, item in value.items()]}
    in_jsonb = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
    return {key: _box(value[key]) for key in value} | ({} if in_jsonb == list(value) else {"$order": list(value)})


_UNBOX: Any = {"$float": float, "$pairs": dict, "$text": lambda box: str(b64decode(box), "utf-8", "surrogatepass")}


def _unbox(found: dict[str, Any]) -> Any:
    if "$order" in found:
        # What SQL has added since stands at the end, and what it has removed stays away.
        return {key: found[key] for key in [*found["$order"], *found] if key in found and key != "$order"}
    return _UNBOX[key](found[key]) if len(found) == 1 and (key := next(iter(found))) in _UNBOX else found
