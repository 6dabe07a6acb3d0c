"""What both savers have in common: the calls of each method, without a connection."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP, ChannelVersions, Checkpoint, CheckpointMetadata, get_checkpoint_id,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from psycopg.errors import DatabaseError
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from langgraph.checkpoint.wfstate import _calls as calls
from langgraph.checkpoint.wfstate._boxes import text
from langgraph.checkpoint.wfstate._changes import Kept, difference
from langgraph.checkpoint.wfstate._documents import _Known, gathered, size_of
from langgraph.checkpoint.wfstate._lists import Lists
from langgraph.checkpoint.wfstate._names import Target, is_name, name_of, target
from langgraph.checkpoint.wfstate._threads import Plan, thread_ids_of

# A state of which nothing is known: it may be large.
UNKNOWN = 1 << 30
# To see what changed in a state takes this part of reading it.
COMPARED = 16
# Parts of what a task has given in one call, and their bytes as JSON: these are no more than 64 MB as jsonb, in which text
# takes what it takes here, and numbers up to six times as much.
PARTS, RECORDED = 1000, (60_000_000, 10_000_000)
# Each time that a save comes too late, another has come in between.
ATTEMPTS = 100
# What stands where there is no thread: no newest checkpoint.
NOTHING: tuple[str | None, int, int | None, int, str | None] = (None, 0, None, 0, None)


C = TypeVar("C")
P = TypeVar("P")
# What the savers' own connections are made with.
CONNECT: dict[str, Any] = {"autocommit": True, "prepare_threshold": 0}


def _tags(of: Target, tags: str | None) -> str | None:
    """Those that it is to have, with what others have tagged it with; None where it has them. A fork has its source's."""
    found = json.loads(tags) if tags else {}
    own = {"thread_id": of.thread, "checkpoint_ns": of.namespace}
    return None if found.items() >= own.items() else text(found | own)


# A part of what a task has given: its number, what it is of, and its JSON.
_Part = tuple[int, str | None, str]


def _portions(parts: list[_Part], most: int) -> list[list[_Part]]:
    """Parts for a call each, of so many bytes together, or one alone."""
    portions: list[list[_Part]] = []
    size = 0
    for part in parts:
        its = len(part[2]) if part[2].isascii() else len(part[2].encode())
        if not portions or size + its > most or len(portions[-1]) == PARTS:
            portions.append([])
            size = 0
        portions[-1].append(part)
        size += its
    return portions


class BaseWfstateSaver(Lists, Generic[C, P]):
    def __init__(
        self, conn: C, pipe: P | None = None, serde: SerializerProtocol | None = None, *, workflow: str = "langgraph",
        remember: int = 64,
    ) -> None:
        super().__init__(serde=serde, workflow=workflow, remember=remember)
        if pipe is not None and isinstance(conn, (ConnectionPool, AsyncConnectionPool)):
            raise ValueError("Pipeline should be used only with a single Connection, not with a pool.")
        self.conn = conn
        self.pipe = pipe
        self._begin()

    def _begin(self) -> None:
        """What a saver needs besides to begin with."""

    # --- put ---------------------------------------------------------------------------------
    def _put_patch(self, of: Target, known: _Known, name: str, patch: str, metadata: str) -> calls.Call:
        arguments = {"execution": of.execution, "patch": patch, "version": known.version, "name": name,
                     "metadata": metadata}
        [(version,)] = yield calls.PATCH, arguments
        return version

    def _patch(
        self, checkpoint: Checkpoint, known: _Known, new_versions: ChannelVersions
    ) -> tuple[dict[str, Any], dict[str, Kept], str]:
        document, values = self._document(checkpoint, known, new_versions)
        # That the version is the one that was put is sure by its number, except for a thread that was deleted and
        # made anew since: its checkpoint has another id.
        patch: list[dict[str, Any]] = [{"op": "test", "path": "/id", "value": known.name}]
        difference(known.document, document, (), patch)
        return document, values, text(patch)

    def _whole(
        self, checkpoint: Checkpoint, new_versions: ChannelVersions
    ) -> tuple[dict[str, Any], dict[str, Kept], str]:
        document, values = self._document(checkpoint, None, new_versions)
        return document, values, text(document)

    def _put_named(self, arguments: dict[str, Any]) -> calls.Call:
        [(version,)] = yield calls.SAVE, arguments
        return version

    def _put(
        self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata, new_versions: ChannelVersions
    ) -> Plan:
        of, parent = target(config), get_checkpoint_id(config)
        name, kept = name_of("checkpoint_id", checkpoint["id"]), self._metadata(config, metadata)
        if parent:
            name_of("checkpoint_id", parent)
        known = self._recall(of.execution)
        known = known if known and known.name == parent else None
        version = None
        if known is not None and name > known.name:
            work = partial(self._patch, checkpoint, known, new_versions)
            document, values, patch = yield calls.Work(known.size // COMPARED, work)
            size = known.size + len(patch)
            try:
                version = yield self._put_patch(of, known, name, patch, kept), False
            except DatabaseError as error:
                if calls.code(error) not in (calls.CONFLICT, calls.NOT_FOUND, calls.EXISTS, calls.LIMIT):
                    raise
                # What was taken from the known one may be another's.
        if version is None:
            work = partial(self._whole, checkpoint, new_versions)
            document, values, state = yield calls.Work(known.size if known else UNKNOWN, work)
            size = len(state)
            version = yield from self._put_whole(of, name, parent, state, kept)
        versions = checkpoint["channel_versions"].copy()
        remembered = _Known(name, version, document, values, versions, size) if version else None
        self._keep(of.execution, remembered)
        return of.config(name)

    def _put_whole(self, of: Target, name: str, parent: str | None, state: str, metadata: str) -> Plan:
        """Returns the version where it is the newest now."""
        for attempt in range(1, ATTEMPTS + 1):
            row = yield self._standing(of, parent or name), False
            newest, last, base, head, tags = row or NOTHING
            arguments = {
                "execution": of.execution, "state": state, "name": name, "metadata": metadata, "head": head,
                "tags": _tags(of, tags),
                "workflow": None if row else self.workflow, "base": base if parent else None}
            try:
                try:
                    if newest is not None and newest > name:
                        yield calls.insert(of.execution, name, arguments, last), True
                        return None
                    version = yield self._put_named(arguments), False
                    # Or it was there, the same.
                    return version if version > last else None
                except DatabaseError as error:
                    if calls.code(error) != calls.EXISTS or not row:
                        raise
                yield calls.replace(of.execution, name, arguments), True
                return None
            except DatabaseError as error:
                # What stood there is so no more.
                changed = (calls.CONFLICT, calls.NOT_FOUND) if row else (calls.EXISTS,)
                if calls.code(error) not in changed or attempt == ATTEMPTS:
                    raise

    # --- put_writes --------------------------------------------------------------------------
    def _record(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
    ) -> Plan:
        of, boxes = target(config), self.boxes
        step = name_of("checkpoint_id", config["configurable"]["checkpoint_id"])
        name_of("task_id", task_id)
        replace = all(channel in WRITES_IDX_MAP for channel, _ in writes)
        parts: dict[int, _Part] = {}
        for index, (channel, value) in enumerate(writes):
            part = WRITES_IDX_MAP.get(channel, index)
            if replace or part not in parts:
                if is_name(channel):
                    parts[part] = part, channel, text(boxes.value(value))
                else:
                    parts[part] = part, None, text({"$channel": [boxes.metadata(channel), boxes.value(value, 2)]})
        arguments = {"execution": of.execution, "workflow": self.workflow, "step": step, "task": task_id,
                     "path": task_path, "replace": replace}
        # All or none, since a task of which something is recorded is not run again.
        portions, smaller = (_portions(list(parts.values()), most) for most in RECORDED)
        try:
            yield self._recorded(portions, arguments), len(portions) > 1
        except DatabaseError as error:
            if calls.code(error) != calls.LIMIT or len(smaller) == len(portions):
                raise
            yield self._recorded(smaller, arguments), True

    def _recorded(self, portions: list[list[_Part]], arguments: dict[str, Any]) -> calls.Call:
        execution = arguments["execution"]
        for some in portions:
            rows = yield calls.RECORD if execution in self._known else calls.RECORD_OURS, {
                **arguments, "outputs": calls.array(part[2] for part in some),
                "names": calls.array(part[1] for part in some), "parts": calls.array(str(part[0]) for part in some)}
            if not rows:
                yield from calls.refuse_foreign(execution, self.workflow)

    # --- get ---------------------------------------------------------------------------------
    def _get(self, config: RunnableConfig) -> calls.Call:
        of = target(config)
        name = get_checkpoint_id(config)
        if name and not is_name(name):
            return None
        known = None if name else self._recall(of.execution)
        arguments = {"execution": of.execution, "workflow": self.workflow, "name": name,
                     "known": known and known.name, "version": known and known.version}
        try:
            rows = yield calls.NAMED if name else calls.NEWEST, arguments
        except DatabaseError as error:
            if calls.code(error) != calls.NOT_FOUND:
                raise
            self._keep(of.execution, None)
            return None
        if not rows:
            yield from calls.refuse_foreign(of.execution, self.workflow)
            return None
        [row] = gathered(rows)
        size = (known.size if known and row[2] is None else len(row[2])) + size_of(row[3])
        return (yield calls.Work(size, partial(self._tuple, of, row, known)))


__all__ = ["BaseWfstateSaver", "Plan", "thread_ids_of"]
