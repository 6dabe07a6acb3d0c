"""Checkpoints as states, and back."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver, ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple, PendingWrite,
    get_checkpoint_id, get_serializable_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from langgraph.checkpoint.wfstate._boxes import Boxes, escape, text, unescape
from langgraph.checkpoint.wfstate._calls import Rows
from langgraph.checkpoint.wfstate._changes import Kept, keep, patched
from langgraph.checkpoint.wfstate._names import Target, text_of

# Maps of the framework whose keys are names of channels and nodes.
_MAPS = ("channel_values", "channel_versions", "versions_seen")


class _Known(NamedTuple):
    """The checkpoint that this saver put last in a namespace of a thread."""

    name: str
    version: int
    document: dict[str, Any]
    values: dict[str, Kept]
    versions: ChannelVersions
    # About the bytes of the document's text.
    size: int


# The path, id, part and name of a write, and its JSON.
Write = tuple[Any, ...]


def gathered(rows: Rows, key: int = 1) -> Rows:
    """A row for each checkpoint, which the first columns tell, with the writes of its rows as the last column."""
    found: dict[tuple[Any, ...], tuple[tuple[Any, ...], list[Write]]] = {}
    for row in rows:
        own, write = row[:-5], row[-5:]
        before, writes = found.get(row[:key], (own, []))
        found[row[:key]] = own if any(own[key:]) else before, writes
        if write[1] is not None:
            writes.append(write)
    return [(*own, writes) for own, writes in found.values()]


def size_of(writes: Iterable[Write]) -> int:
    return sum(len(write[4] or "") for write in writes)


def write_of(task_id: str, channel: str | None, value: Any) -> PendingWrite:
    return (task_id, *value) if channel is None else (task_id, channel, value)


class Documents(BaseCheckpointSaver[Any]):
    """Each namespace of a thread is an execution, each checkpoint a named version of its state, and pending writes are
    results of tasks. `workflow` is that of the executions; `remember` is of how many threads the last checkpoint is
    kept in memory, so that only what changed is sent."""

    def __init__(
        self, *, serde: SerializerProtocol | None = None, workflow: str = "langgraph", remember: int = 64
    ) -> None:
        super().__init__(serde=serde)
        self.workflow = workflow
        self.remember = remember
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._known_lock = threading.Lock()

    @property
    def boxes(self) -> Boxes:
        # Made anew: with_allowlist gives a copy of the saver another serializer.
        return Boxes(self.serde)

    def get_next_version(self, current: Any, channel: None) -> Any:
        # Values are kept by checkpoint and not by version, so that a number tells enough. A thread that was begun
        # with another saver may have texts.
        if current is None:
            return 1
        if isinstance(current, str):
            return f"{int(current.split('.')[0]) + 1:032}"
        return int(current) + 1

    # --- checkpoints as states ---------------------------------------------------------------
    def _document(
        self, checkpoint: Checkpoint, known: _Known | None, new_versions: ChannelVersions
    ) -> tuple[dict[str, Any], dict[str, Kept]]:
        """As JSON, and its values as they are kept for the next one."""
        boxes = self.boxes
        old = known.values if known else {}
        versions = checkpoint["channel_versions"]
        values: dict[str, Kept] = {}
        for channel, value in checkpoint["channel_values"].items():
            key = escape(channel)
            unchanged = (
                known is not None and key in old and channel not in new_versions and channel in versions
                and versions[channel] == known.versions.get(channel)
            )
            values[key] = old[key] if unchanged else keep(boxes, value, old.get(key))
        document = {key: boxes.metadata(value) for key, value in checkpoint.items() if key not in _MAPS}
        document["channel_values"] = {key: kept.encoded for key, kept in values.items()}
        document["channel_versions"] = {escape(k): boxes.metadata(v) for k, v in versions.items()}
        document["versions_seen"] = {
            escape(node): {escape(k): boxes.metadata(v) for k, v in seen.items()}
            for node, seen in checkpoint["versions_seen"].items()
        }
        return document, values

    def _metadata(self, config: RunnableConfig, metadata: CheckpointMetadata) -> str:
        kept = get_serializable_checkpoint_metadata(config, metadata)
        found = self._members(kept)
        if parent := get_checkpoint_id(config):
            found["$parent"] = parent
        return text(found)

    def _members(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        return {
            escape(text_of("a key of metadata", key)): self.boxes.metadata(value) for key, value in metadata.items()}

    def _containment(self, filter: Mapping[str, Any] | None) -> str | None:
        if not filter:
            return None
        return text(self._members(filter))

    def _tuple(self, of: Target, row: tuple[Any, ...], known: _Known | None = None) -> CheckpointTuple:
        """That of a row, whose state is the known one where it has none."""
        name, metadata, state, writes = row
        if known and state is None:
            checkpoint = self.boxes.unbox(known.document)
        else:
            checkpoint = self.boxes.load(state)
        return self._of_checkpoint(of, name, metadata, checkpoint, writes)

    def _tuples(self, of: Target, rows: Sequence[tuple[Any, ...]]) -> list[CheckpointTuple]:
        """Those of a page, of which the first has its state and each other one what makes it of the one before."""
        boxes, document, found = self.boxes, None, []
        for name, metadata, state, changes, writes in rows:
            document = patched(document, json.loads(changes)) if state is None else json.loads(state)
            found.append(self._of_checkpoint(of, name, metadata, boxes.unbox(document), writes))
        return found

    def _of_checkpoint(
        self, of: Target, name: str, metadata: str | None, checkpoint: dict[str, Any], writes: Sequence[Write]
    ) -> CheckpointTuple:
        boxes = self.boxes
        for key in _MAPS:
            checkpoint[key] = unescape(checkpoint[key])
        checkpoint["versions_seen"] = {k: unescape(v) for k, v in checkpoint["versions_seen"].items()}
        kept = boxes.load(metadata) or {}
        parent = kept.pop("$parent", None)
        return CheckpointTuple(
            of.config(name), cast(Checkpoint, checkpoint), cast(CheckpointMetadata, unescape(kept)),
            of.config(parent) if parent else None,
            [write_of(w[1], w[3], boxes.load(w[4])) for w in sorted(writes, key=lambda w: w[:3])],
        )

    # --- the checkpoint put last ----------------------------------------------------------------
    def _recall(self, execution: str) -> _Known | None:
        with self._known_lock:
            return self._known.get(execution)

    def _keep(self, execution: str, known: _Known | None) -> None:
        with self._known_lock:
            self._known.pop(execution, None)
            if known is not None and self.remember > 0:
                self._known[execution] = known
                while len(self._known) > self.remember:
                    self._known.popitem(last=False)
