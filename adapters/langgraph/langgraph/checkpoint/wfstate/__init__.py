"""LangGraph checkpoints in wfstate, a PostgreSQL extension for the states of workflows and agents."""

from __future__ import annotations

import asyncio
import builtins
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple, DeltaChannelHistory,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from psycopg import Connection, Cursor, Pipeline
from psycopg.errors import DatabaseError
from psycopg.rows import tuple_row
from psycopg_pool import ConnectionPool

from langgraph.checkpoint.wfstate import _calls as calls
from langgraph.checkpoint.wfstate._base import CONNECT, BaseWfstateSaver, Plan, thread_ids_of
from langgraph.checkpoint.wfstate._names import ForeignThreadError, thread_of
from langgraph.checkpoint.wfstate._setup import SetupError, check

Conn = Connection[Any] | ConnectionPool[Connection[Any]]


class WfstateSaver(BaseWfstateSaver[Conn, Pipeline]):
    """Saver of checkpoints over a connection or a pool. Its async methods run these in a thread."""

    def _begin(self) -> None:
        if not isinstance(self.conn, (Connection, ConnectionPool)):
            raise TypeError(
                f"WfstateSaver takes a Connection or ConnectionPool, not {type(self.conn).__name__}: "
                "from_conn_string takes a connection string, and AsyncWfstateSaver takes async ones")
        self.lock = threading.RLock()

    @classmethod
    @contextmanager
    def from_conn_string(
        cls, conn_string: str, *, pipeline: bool = False, serde: SerializerProtocol | None = None,
        workflow: str = "langgraph",
    ) -> Iterator[WfstateSaver]:
        """A saver with a connection of its own, which ends with the block."""
        with Connection.connect(conn_string, **CONNECT) as conn:
            if pipeline:
                with conn.pipeline() as pipe:
                    yield cls(conn, pipe, serde, workflow=workflow)
            else:
                yield cls(conn, serde=serde, workflow=workflow)

    def setup(self) -> None:
        """Raises SetupError when something is missing: the extension, a newer version of it, rights, or a tenant.
        There is nothing to be made: wfstate has its tables."""
        self._run(check())

    @contextmanager
    def _connection(self) -> Iterator[Connection[Any]]:
        if isinstance(self.conn, ConnectionPool):
            with self.conn.connection() as conn:
                yield conn
        else:
            with self.lock:
                yield self.conn

    def _run(self, call: calls.Call, *, atomic: bool = False) -> Any:
        with self._connection() as conn:
            # Where the caller's connection has transactions, an error that is expected must not end one.
            if atomic or not conn.autocommit:
                with conn.transaction():
                    result = self._send(conn, call)
            else:
                result = self._send(conn, call)
            if self.pipe is not None:
                # Else an error of the next call would take back what this one has done.
                self.pipe.sync()
            return result

    def _send(self, conn: Connection[Any], call: calls.Call) -> Any:
        with Cursor(conn, row_factory=tuple_row) as cursor:
            try:
                statement = next(call)
                while True:
                    if isinstance(statement, calls.Work):
                        statement = call.send(statement.do())
                        continue
                    try:
                        cursor.execute(statement[0], statement[1])
                        rows = cursor.fetchall()
                    except DatabaseError as error:
                        if self.pipe is not None:
                            self.pipe.sync()
                        statement = call.throw(error)
                    else:
                        statement = call.send(rows)
            except StopIteration as done:
                return done.value

    def _follow(self, plan: Plan) -> Any:
        result: Any = None
        error: DatabaseError | None = None
        try:
            while True:
                part = plan.throw(error) if error else plan.send(result)
                result, error = None, None
                if isinstance(part, calls.Work):
                    result = part.do()
                    continue
                call, atomic = part
                try:
                    result = self._run(call, atomic=atomic)
                except DatabaseError as caught:
                    error = caught
        except StopIteration as done:
            return done.value

    def put(
        self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Saves a checkpoint as a named version. The same again changes nothing; another of the same id takes its
        place."""
        found: RunnableConfig = self._follow(self._put(config, checkpoint, metadata, new_versions))
        return found

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Records what a task has given, so that it is not run again when the step is."""
        self._follow(self._record(config, writes, task_id, task_path))

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The checkpoint of the id, or the newest of the thread's namespace."""
        found: CheckpointTuple | None = self._run(self._get(config))
        return found

    def list(
        self, config: RunnableConfig | None, *, filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None, limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Checkpoints, newest first. filter: those whose metadata contain it. Without a thread, or without a
        namespace, those of all are looked through."""
        plan = self._list(config, filter, before, limit)
        result = None
        while (part := self._next(plan, result)) is not None:
            if isinstance(part, builtins.list):
                yield from part
                result = None
            else:
                result = self._run(part)

    def delete_thread(self, thread_id: str) -> None:
        """Deletes all of a thread, in all namespaces."""
        self._follow(self._delete([thread_of(thread_id)]))

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Deletes the checkpoints of runs. All threads are looked through."""
        self._run(self._delete_runs(run_ids), atomic=True)

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copies a thread with all its history to a new one, within the server."""
        self._run(self._copy(thread_of(source_thread_id), thread_of(target_thread_id)), atomic=True)

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """keep_latest: of each namespace, only the newest checkpoint is kept; delete: nothing is."""
        threads = thread_ids_of(thread_ids, strategy)
        self._follow(self._prune_all(threads, strategy))

    def get_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        found: Mapping[str, DeltaChannelHistory] = self._run(self._history(config, channels)) if channels else {}
        return found

    # --- the same, for graphs that run async ---------------------------------------------------
    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        return await asyncio.to_thread(self.get_tuple, config)

    async def alist(
        self, config: RunnableConfig | None, *, filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None, limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        found = self.list(config, filter=filter, before=before, limit=limit)
        while (item := await asyncio.to_thread(next, found, None)) is not None:
            yield item

    async def aput(
        self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        return await asyncio.to_thread(self.put, config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        await asyncio.to_thread(self.put_writes, config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        await asyncio.to_thread(self.delete_thread, thread_id)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        await asyncio.to_thread(self.delete_for_runs, run_ids)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        await asyncio.to_thread(self.copy_thread, source_thread_id, target_thread_id)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        await asyncio.to_thread(lambda: self.prune(thread_ids, strategy=strategy))

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        return await asyncio.to_thread(lambda: self.get_delta_channel_history(config=config, channels=channels))


__all__ = ["Conn", "ForeignThreadError", "SetupError", "WfstateSaver"]
