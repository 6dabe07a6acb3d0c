"""The calls about whole threads, and the history of delta channels."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import DeltaChannelHistory, PendingWrite, get_checkpoint_id
from psycopg.errors import DatabaseError

from langgraph.checkpoint.wfstate import _calls as calls
from langgraph.checkpoint.wfstate._boxes import escape, text, unescape
from langgraph.checkpoint.wfstate._documents import Documents, write_of
from langgraph.checkpoint.wfstate._names import execution_id, is_name, target, thread_of


# Calls, each with whether it is one transaction, and work; what it returns is sent, and an error of the database thrown.
Plan = Generator[tuple[calls.Call, bool] | calls.Work, Any, Any]


class Threads(Documents):
    # --- history of delta channels -----------------------------------------------------------
    def _history(self, config: RunnableConfig, channels: Sequence[str]) -> calls.Call:
        """What the framework's own walk by get_tuple finds, in pages of one pass each."""
        of = target(config)
        name = get_checkpoint_id(config)
        empty = {channel: DeltaChannelHistory(writes=[]) for channel in channels}
        if name and not is_name(name):
            return empty
        try:
            rows = yield calls.NAMED if name else calls.NEWEST, {
                "execution": of.execution, "workflow": self.workflow, "name": name, "known": None, "version": None}
        except DatabaseError as error:
            if calls.code(error) != calls.NOT_FOUND:
                raise
            return empty
        if not rows:
            yield from calls.refuse_foreign(of.execution, self.workflow)
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
                                        "names": [channel for channel in channels if is_name(channel)]}
            for step, *write in rows:
                writes.setdefault(step, []).append(tuple(write))
        result: dict[str, DeltaChannelHistory] = {}
        for channel in channels:
            its_own = chain[: lengths.get(channel, len(chain))]
            collected: list[PendingWrite] = [
                write for step in reversed(its_own) for w in sorted(writes.get(step, ()), key=lambda w: w[:3])
                if w[3] in (channel, None)
                and (write := write_of(w[1], w[3], self.boxes.load(w[4])))[1] == channel
            ]
            result[channel] = DeltaChannelHistory(writes=collected)
            if channel in seeds:
                result[channel]["seed"] = seeds[channel]
        return result

    # --- threads -----------------------------------------------------------------------------
    def _delete_threads(self, thread_ids: Sequence[str]) -> calls.Call:
        """In one statement. Returns whether that was possible."""
        if not thread_ids:
            return True
        own = [execution_id(thread, "") for thread in thread_ids]
        rows = yield calls.DELETE_THREADS, {"own": calls.array(own), "workflow": self.workflow}
        for ids, _ in rows:
            for execution in ids:
                self._keep(execution, None)
        return bool(rows)

    def _delete_large(self, thread_ids: Sequence[str]) -> calls.Call:
        # A thread's own execution always: tasks may have recorded something before there was a checkpoint.
        gone = [execution_id(thread, "") for thread in thread_ids]
        for thread in thread_ids:
            gone += yield from calls.spaces(thread, self.workflow)
        yield from calls.delete(gone)
        for execution in gone:
            self._keep(execution, None)

    def _delete(self, thread_ids: Sequence[str]) -> Plan:
        if not (yield self._delete_threads(thread_ids), False):
            yield self._delete_large(thread_ids), True

    def _delete_runs(self, run_ids: Sequence[str]) -> calls.Call:
        gone: dict[str, list[str]] = {}
        for run in run_ids:
            found = yield from calls.across(self.workflow, self._containment({"run_id": run}))
            for execution, (_, names) in found.items():
                gone.setdefault(execution, []).extend(names)
        # In one order, so that two of these do not wait for each other.
        for execution in sorted(gone):
            yield from calls.drop(execution, gone[execution])

    def _copy(self, source: str, to: str) -> calls.Call:
        sources = yield from calls.spaces(source, self.workflow)
        targets = []
        for execution, of in sources.items():
            if of is None:
                raise ValueError(f'which namespace the execution "{execution}" is cannot be told: its tags were replaced')
            targets.append((execution_id(to, of.namespace), {"thread_id": to, "checkpoint_ns": of.namespace}))
        if targets:
            yield calls.COPY, {
                "sources": list(sources), "targets": [execution for execution, _ in targets],
                "tags": [text(tags) for _, tags in targets]}

    def _prune_all(self, thread_ids: Sequence[str], strategy: str) -> Plan:
        if strategy == "delete":
            yield from self._delete(thread_ids)
        else:
            yield self._prune(thread_ids), True

    def _prune(self, thread_ids: Sequence[str]) -> calls.Call:
        found: dict[str, str] = {}
        for thread in thread_ids:
            found.update(dict.fromkeys((yield from calls.spaces(thread, self.workflow)), thread))
        kept: dict[str, list[Any]] = {}
        for execution in sorted(found):
            kept[execution] = yield from calls.names(execution)
            for _, _, metadata in kept[execution]:
                if "counters_since_delta_snapshot" in (self.boxes.load(metadata) or {}):
                    raise NotImplementedError(
                        f"keep_latest can't prune threads that use a DeltaChannel: {found[execution]}")
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
    return [thread_of(thread) for thread in thread_ids]
