"""What both savers have in common: checkpoints as states and back, and the calls of each method."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Generator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP, BaseCheckpointSaver, ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple,
    DeltaChannelHistory, PendingWrite, get_checkpoint_id, get_serializable_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from psycopg.errors import DatabaseError

from langgraph.checkpoint.wfstate import _calls as calls
from langgraph.checkpoint.wfstate._boxes import Boxes, difference, escape, text, unescape

PAGE = 50
# Maps of the framework whose keys are names of channels and nodes.
_MAPS = ("channel_values", "channel_versions", "versions_seen")


# Calls, each with whether it is one transaction; what it returns is sent, and an error of the database thrown.
Plan = Generator[tuple[calls.Call, bool], Any, Any]


class _Known(NamedTuple):
    """The checkpoint that this saver put last in a namespace of a thread."""

    name: str
    version: int
    document: dict[str, Any]
    versions: ChannelVersions


class Target(NamedTuple):
    thread: str
    namespace: str
    execution: str

    def config(self, checkpoint_id: str) -> RunnableConfig:
        return {"configurable": {
            "thread_id": self.thread, "checkpoint_ns": self.namespace, "checkpoint_id": checkpoint_id}}


def target(config: RunnableConfig) -> Target:
    configurable = config["configurable"]
    thread, namespace = str(configurable["thread_id"]), configurable.get("checkpoint_ns") or ""
    return Target(thread, namespace, calls.execution_id(thread, namespace))


class BaseWfstateSaver(BaseCheckpointSaver[Any]):
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
    def _document(self, checkpoint: Checkpoint, known: _Known | None, new_versions: ChannelVersions) -> dict[str, Any]:
        boxes = self.boxes
        old = known.document["channel_values"] if known else {}
        versions = checkpoint["channel_versions"]
        values = {}
        for channel, value in checkpoint["channel_values"].items():
            key = escape(channel)
            unchanged = (
                known is not None and key in old and channel not in new_versions and channel in versions
                and versions[channel] == known.versions.get(channel)
            )
            values[key] = old[key] if unchanged else boxes.value(value)
        document = {key: boxes.metadata(value) for key, value in checkpoint.items() if key not in _MAPS}
        document["channel_values"] = values
        document["channel_versions"] = {escape(k): boxes.metadata(v) for k, v in versions.items()}
        document["versions_seen"] = {
            escape(node): {escape(k): boxes.metadata(v) for k, v in seen.items()}
            for node, seen in checkpoint["versions_seen"].items()
        }
        return document

    def _metadata(self, config: RunnableConfig, metadata: CheckpointMetadata) -> str:
        kept = get_serializable_checkpoint_metadata(config, metadata)
        found = {escape(key): self.boxes.metadata(value) for key, value in kept.items()}
        if parent := get_checkpoint_id(config):
            found["$parent"] = parent
        return text(found)

    def _containment(self, filter: Mapping[str, Any] | None) -> str | None:
        if not filter:
            return None
        return text({escape(key): self.boxes.metadata(value) for key, value in filter.items()})

    def _tuple(self, of: Target, row: tuple[Any, ...]) -> CheckpointTuple:
        boxes = self.boxes
        name, metadata, state, writes = row
        checkpoint = boxes.load(state)
        for key in _MAPS:
            checkpoint[key] = unescape(checkpoint[key])
        checkpoint["versions_seen"] = {k: unescape(v) for k, v in checkpoint["versions_seen"].items()}
        kept = boxes.load(metadata) or {}
        parent = kept.pop("$parent", None)
        return CheckpointTuple(
            of.config(name), cast(Checkpoint, checkpoint), cast(CheckpointMetadata, unescape(kept)),
            of.config(parent) if parent else None,
            [(w[1], w[3], w[4]) for w in sorted(boxes.load(writes) or [], key=lambda w: w[:3])],
        )

    # --- put ---------------------------------------------------------------------------------
    def _recall(self, execution: str, parent: str | None) -> _Known | None:
        with self._known_lock:
            known = self._known.get(execution)
        return known if known is not None and known.name == parent else None

    def _keep(self, execution: str, known: _Known | None) -> None:
        with self._known_lock:
            self._known.pop(execution, None)
            if known is not None and self.remember > 0:
                self._known[execution] = known
                while len(self._known) > self.remember:
                    self._known.popitem(last=False)

    def _put_patch(self, of: Target, checkpoint: Checkpoint, known: _Known, document: Any, metadata: str) -> calls.Call:
        # That the version is the one that was put is sure by its number, except for a thread that was deleted and
        # made anew since: its checkpoint has another id.
        patch: list[dict[str, Any]] = [{"op": "test", "path": "/id", "value": known.name}]
        difference(known.document, document, (), patch)
        arguments = {"execution": of.execution, "patch": text(patch), "version": known.version,
                     "name": checkpoint["id"], "metadata": metadata}
        [(version,)] = yield calls.PATCH, arguments
        return version

    def _put_whole(self, of: Target, checkpoint: Checkpoint, parent: str | None, document: Any, metadata: str) -> calls.Call:
        tags: str | None = None
        newest = base = last = None
        try:
            [(newest, last, base)] = yield calls.STANDING, {"execution": of.execution, "parent": parent or checkpoint["id"]}
        except DatabaseError as error:
            if calls.code(error) != calls.NOT_FOUND:
                raise
            tags = text({"thread_id": of.thread, "checkpoint_ns": of.namespace})
        arguments = {
            "execution": of.execution, "state": text(document), "tags": tags, "name": checkpoint["id"],
            "workflow": self.workflow if tags else None, "base": base if parent else None, "metadata": metadata}
        return arguments, newest, last

    def _put_named(self, arguments: dict[str, Any]) -> calls.Call:
        [(version,)] = yield calls.SAVE, arguments
        return version

    def _put(
        self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata, new_versions: ChannelVersions
    ) -> Plan:
        of, parent = target(config), get_checkpoint_id(config)
        name, kept = checkpoint["id"], self._metadata(config, metadata)
        known = self._recall(of.execution, parent)
        document = self._document(checkpoint, known, new_versions)
        version = None
        if known is not None and name > known.name:
            try:
                version = yield self._put_patch(of, checkpoint, known, document, kept), False
            except DatabaseError as error:
                if calls.code(error) not in (calls.CONFLICT, calls.NOT_FOUND, calls.EXISTS):
                    raise
                # What was taken from the known one may be another's.
                document = self._document(checkpoint, None, new_versions)
        if version is None:
            arguments, newest, last = yield self._put_whole(of, checkpoint, parent, document, kept), False
            try:
                version = yield self._put_named(arguments), False
            except DatabaseError as error:
                if calls.code(error) != calls.EXISTS:
                    raise
                yield calls.replace(of.execution, name, arguments), True
            else:
                if last is not None and version <= last:
                    # It was there, the same.
                    version = None
                elif newest is not None and newest > name:
                    yield calls.reorder(of.execution, name), True
                    version = None
        versions = checkpoint["channel_versions"].copy()
        self._keep(of.execution, _Known(name, version, document, versions) if version else None)
        return of.config(name)

    # --- put_writes --------------------------------------------------------------------------
    def _record(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
    ) -> calls.Call:
        of, boxes = target(config), self.boxes
        replace = all(channel in WRITES_IDX_MAP for channel, _ in writes)
        parts: dict[int, tuple[str, str]] = {}
        for index, (channel, value) in enumerate(writes):
            part = WRITES_IDX_MAP.get(channel, index)
            if replace or part not in parts:
                parts[part] = channel, text(boxes.value(value))
        found = list(parts.items())
        for first in range(0, len(found), 1000):
            some = found[first : first + 1000]
            yield calls.RECORD, {
                "execution": of.execution, "step": config["configurable"]["checkpoint_id"], "task": task_id,
                "outputs": [what[1] for _, what in some], "names": [what[0] for _, what in some],
                "parts": [part for part, _ in some], "path": task_path, "replace": replace}

    # --- get and list ------------------------------------------------------------------------
    def _get(self, config: RunnableConfig) -> calls.Call:
        of = target(config)
        name = get_checkpoint_id(config)
        try:
            rows = yield calls.NAMED if name else calls.NEWEST, {"execution": of.execution, "name": name}
        except DatabaseError as error:
            if calls.code(error) != calls.NOT_FOUND:
                raise
            return None
        return self._tuple(of, rows[0]) if rows else None

    def _page(self, of: Target, filter: str | None, before: str | None, after: str | None, rows: int) -> calls.Call:
        try:
            return (yield calls.PAGE, {"execution": of.execution, "filter": filter, "before": before, "after": after,
                                       "rows": rows})
        except DatabaseError as error:
            if calls.code(error) != calls.NOT_FOUND:
                raise
            return []

    def _matches(
        self, config: RunnableConfig | None, filter: Mapping[str, Any] | None, before: str | None, limit: int | None
    ) -> calls.Call:
        """Over several namespaces or threads: targets and names, newest first."""
        wanted = get_checkpoint_id(config) if config else None
        tags = {"thread_id": str(config["configurable"]["thread_id"])} if config else {}
        if config and config["configurable"].get("checkpoint_ns") is not None:
            tags["checkpoint_ns"] = config["configurable"]["checkpoint_ns"]
        found = yield from calls.across(self.workflow, text(tags), self._containment(filter))
        matches = [
            (name, Target(thread, namespace, execution))
            for execution, (thread, namespace, names) in found.items() for name in names
            if (not wanted or name == wanted) and (not before or name < before)
        ]
        matches.sort(key=lambda match: (match[0], match[1].execution), reverse=True)
        return matches if limit is None else matches[:limit]

    def _list(
        self, config: RunnableConfig | None, filter: Mapping[str, Any] | None, before: RunnableConfig | None,
        limit: int | None,
    ) -> Generator[calls.Call | list[CheckpointTuple], Any, None]:
        """Calls to make, whose results are sent, and pages of checkpoints."""
        start = get_checkpoint_id(before) if before else None
        if (config is None or get_checkpoint_id(config) or config["configurable"].get("checkpoint_ns") is None
                or start and (yield self._named(target(config), start)) is None):
            # Over several executions, or before an id that is no checkpoint: by comparison.
            matches = yield self._matches(config, filter, start, limit)
            for first in range(0, len(matches), PAGE):
                yield (yield self._states(matches[first : first + PAGE]))
            return
        of, containment, after = target(config), self._containment(filter), None
        while limit is None or limit > 0:
            size = PAGE if limit is None else min(PAGE, limit)
            rows = yield self._page(of, containment, start, after, size)
            yield [self._tuple(of, row) for row in rows]
            if len(rows) < size:
                return
            after, limit = rows[-1][0], limit if limit is None else limit - size

    @staticmethod
    def _next(plan: Generator[Any, Any, None], result: Any) -> Any:
        try:
            return plan.send(result)
        except StopIteration:
            return None

    def _named(self, of: Target, name: str) -> calls.Call:
        """The version of a name, NULL where there is none."""
        try:
            [(_, _, version)] = yield calls.STANDING, {"execution": of.execution, "parent": name}
        except DatabaseError as error:
            if calls.code(error) != calls.NOT_FOUND:
                raise
            return None
        return version

    def _states(self, matches: Sequence[tuple[str, Target]]) -> calls.Call:
        rows = yield calls.STATES, {"executions": [of.execution for _, of in matches],
                                    "names": [name for name, _ in matches]}
        # One that was deleted meanwhile is passed over.
        targets = {of.execution: of for _, of in matches}
        return [self._tuple(targets[row[0]], row[1:]) for row in rows]

    # --- history of delta channels -----------------------------------------------------------
    def _history(self, config: RunnableConfig, channels: Sequence[str]) -> calls.Call:
        """What the framework's own walk by get_tuple finds, in pages of one pass each."""
        of = target(config)
        name = get_checkpoint_id(config)
        empty = {channel: DeltaChannelHistory(writes=[]) for channel in channels}
        try:
            rows = yield calls.NAMED if name else calls.NEWEST, {"execution": of.execution, "name": name}
        except DatabaseError as error:
            if calls.code(error) != calls.NOT_FOUND:
                raise
            return empty
        if not rows:
            return empty
        name = rows[0][0]
        parent = (self.boxes.load(rows[0][1]) or {}).get("$parent")
        chain: list[str] = []
        # Of each channel that has none yet: how much of the chain is its own, and the value before.
        lengths: dict[str, int] = {}
        seeds: dict[str, Any] = {}
        before, size = name, 20
        while parent and len(seeds) < len(channels):
            rows = yield calls.HISTORY, {"execution": of.execution, "before": before, "rows": size,
                                         "keys": [escape(channel) for channel in channels if channel not in seeds]}
            for found, its_parent, values in rows:
                if found != parent:
                    continue
                chain.append(found)
                parent = its_parent
                for key, value in (unescape(self.boxes.load(values) or {})).items():
                    if key not in seeds:
                        seeds[key], lengths[key] = value, len(chain)
            if len(rows) < size:
                break
            before, size = rows[-1][0], 200
        writes: dict[str, list[tuple[Any, ...]]] = {}
        for first in range(0, len(chain), 1000):
            rows = yield calls.WRITES, {"execution": of.execution, "steps": chain[first : first + 1000],
                                        "names": list(channels)}
            for step, *write in rows:
                writes.setdefault(step, []).append(tuple(write))
        result: dict[str, DeltaChannelHistory] = {}
        for channel in channels:
            its_own = chain[: lengths.get(channel, len(chain))]
            collected: list[PendingWrite] = [
                (w[1], w[3], self.boxes.load(w[4])) for step in reversed(its_own)
                for w in sorted(writes.get(step, ()), key=lambda w: w[:3]) if w[3] == channel
            ]
            result[channel] = DeltaChannelHistory(writes=collected)
            if channel in seeds:
                result[channel]["seed"] = seeds[channel]
        return result

    # --- threads -----------------------------------------------------------------------------
    def _of_threads(self, thread_ids: Sequence[str]) -> calls.Call:
        """{execution: (thread, namespace, names)} of threads; a thread's own execution always, since tasks may have
        recorded something before there was a checkpoint."""
        found: dict[str, tuple[str, str, list[str]]] = {}
        for thread in thread_ids:
            found[calls.execution_id(thread, "")] = (thread, "", [])
            found.update((yield from calls.across(self.workflow, text({"thread_id": thread}), None)))
        return found

    def _delete_threads(self, thread_ids: Sequence[str]) -> calls.Call:
        found = yield from self._of_threads(thread_ids)
        yield from calls.delete(found)
        for execution in found:
            self._keep(execution, None)

    def _delete_runs(self, run_ids: Sequence[str]) -> calls.Call:
        gone: dict[str, list[str]] = {}
        for run in run_ids:
            found = yield from calls.across(self.workflow, "{}", self._containment({"run_id": run}))
            for execution, (_, _, names) in found.items():
                gone.setdefault(execution, []).extend(names)
        # In one order, so that two of these do not wait for each other.
        for execution in sorted(gone):
            yield from calls.drop(execution, gone[execution])

    def _copy(self, source: str, to: str) -> calls.Call:
        found = yield from calls.across(self.workflow, text({"thread_id": source}), None)
        if found:
            namespaces = [what[1] for what in found.values()]
            yield calls.COPY, {
                "sources": list(found), "targets": [calls.execution_id(to, namespace) for namespace in namespaces],
                "tags": [text({"thread_id": to, "checkpoint_ns": namespace}) for namespace in namespaces]}

    def _prune(self, thread_ids: Sequence[str]) -> calls.Call:
        found: dict[str, tuple[str, str, list[str]]] = {}
        for thread in thread_ids:
            found.update((yield from calls.across(self.workflow, text({"thread_id": thread}), None)))
        kept: dict[str, list[Any]] = {}
        for execution in sorted(found):
            kept[execution] = yield from calls.names(execution)
            for _, _, metadata in kept[execution]:
                if "counters_since_delta_snapshot" in (self.boxes.load(metadata) or {}):
                    raise NotImplementedError(
                        f"keep_latest can't prune threads that use a DeltaChannel: {found[execution][0]}")
        for execution, rows in kept.items():
            yield from calls.drop(execution, [row[0] for row in rows[1:]])
            if len(rows) > 1:
                name, version, metadata = rows[0]
                left = {key: value for key, value in json.loads(metadata).items() if key != "$parent"}
                yield calls.NAME, {"execution": execution, "name": name, "version": version, "metadata": text(left)}


def thread_ids_of(thread_ids: Sequence[str], strategy: str) -> list[str]:
    if isinstance(thread_ids, str):
        raise TypeError("thread_ids must be a sequence of thread IDs, not a str")
    if strategy not in ("keep_latest", "delete"):
        raise ValueError(f"Unknown prune strategy: {strategy!r}")
    return [str(thread) for thread in thread_ids]
