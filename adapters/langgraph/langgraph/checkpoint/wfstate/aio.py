"""The saver for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple, DeltaChannelHistory,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from psycopg import AsyncConnection, AsyncCursor, AsyncPipeline
from psycopg.errors import DatabaseError
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool

from langgraph.checkpoint.wfstate import _calls as calls
from langgraph.checkpoint.wfstate._base import CONNECT, BaseWfstateSaver, Plan, thread_ids_of
from langgraph.checkpoint.wfstate._names import ForeignThreadError, thread_of
from langgraph.checkpoint.wfstate._setup import SetupError, check

Conn = AsyncConnection[Any] | AsyncConnectionPool[AsyncConnection[Any]]
# Bytes of JSON that take a thread rather than the loop. Below it there is nothing to win: both want the interpreter, which
# changes hands every 5 ms.
LARGE = 1 << 18


class AsyncWfstateSaver(BaseWfstateSaver[Conn, AsyncPipeline]):
    """Saver of checkpoints over an async connection or a pool. Its other methods are for threads other than the loop's."""

    def _begin(self) -> None:
        if not isinstance(self.conn, (AsyncConnection, AsyncConnectionPool)):
            raise TypeError(
                f"AsyncWfstateSaver takes an AsyncConnection or AsyncConnectionPool, not {type(self.conn).__name__}: "
                "from_conn_string takes a connection string, and WfstateSaver takes others")
        self.lock = asyncio.Lock()
        self.loop = asyncio.get_running_loop()

    @classmethod
    @asynccontextmanager
    async def from_conn_string(
        cls, conn_string: str, *, pipeline: bool = False, serde: SerializerProtocol | None = None,
        workflow: str = "langgraph",
    ) -> AsyncIterator[AsyncWfstateSaver]:
        """A saver with a connection of its own, which ends with the block."""
        async with await AsyncConnection.connect(conn_string, **CONNECT) as conn:
            if pipeline:
                async with conn.pipeline() as pipe:
                    yield cls(conn, pipe, serde, workflow=workflow)
            else:
                yield cls(conn, serde=serde, workflow=workflow)

    async def setup(self) -> None:
        """Raises SetupError when something is missing: the extension, a newer version of it, rights, or a tenant.
        There is nothing to be made: wfstate has its tables."""
        await self._run(check())

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        if isinstance(self.conn, AsyncConnectionPool):
            async with self.conn.connection() as conn:
                yield conn
        else:
            async with self.lock:
                yield self.conn

    async def _run(self, call: calls.Call, *, atomic: bool = False) -> Any:
        async with self._connection() as conn:
            # Where the caller's connection has transactions, an error that is expected must not end one.
            if atomic or not conn.autocommit:
                async with conn.transaction():
                    result = await self._send(conn, call)
            else:
                result = await self._send(conn, call)
            if self.pipe is not None:
                # Else an error of the next call would take back what this one has done.
                await self.pipe.sync()
            return result

    async def _send(self, conn: AsyncConnection[Any], call: calls.Call) -> Any:
        async with AsyncCursor(conn, row_factory=tuple_row) as cursor:
            try:
                statement = next(call)
                while True:
                    if isinstance(statement, calls.Work):
                        statement = call.send(await self._do(statement))
                        continue
                    try:
                        await cursor.execute(statement[0], statement[1])
                        rows = await cursor.fetchall()
                    except DatabaseError as error:
                        if self.pipe is not None:
                            await self.pipe.sync()
                        statement = call.throw(error)
                    else:
                        statement = call.send(rows)
            except StopIteration as done:
                return done.value

    async def _do(self, work: calls.Work) -> Any:
        return await asyncio.to_thread(work.do) if work.size > LARGE else work.do()

    async def _follow(self, plan: Plan) -> Any:
        result: Any = None
        error: DatabaseError | None = None
        try:
            while True:
                part = plan.throw(error) if error else plan.send(result)
                result, error = None, None
                if isinstance(part, calls.Work):
                    result = await self._do(part)
                    continue
                call, atomic = part
                try:
                    result = await self._run(call, atomic=atomic)
                except DatabaseError as caught:
                    error = caught
        except StopIteration as done:
            return done.value

    async def aput(
        self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Saves a checkpoint as a named version. The same again changes nothing; another of the same id takes its
        place."""
        found: RunnableConfig = await self._follow(self._put(config, checkpoint, metadata, new_versions))
        return found

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Records what a task has given, so that it is not run again when the step is."""
        await self._follow(self._record(config, writes, task_id, task_path))

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The checkpoint of the id, or the newest of the thread's namespace."""
        found: CheckpointTuple | None = await self._run(self._get(config))
        return found

    async def alist(
        self, config: RunnableConfig | None, *, filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None, limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Checkpoints, newest first. filter: those whose metadata contain it. Without a thread, or without a
        namespace, those of all are looked through."""
        plan = self._list(config, filter, before, limit)
        result = None
        while (part := self._next(plan, result)) is not None:
            if isinstance(part, list):
                for item in part:
                    yield item
                result = None
            else:
                result = await self._run(part)

    async def adelete_thread(self, thread_id: str) -> None:
        """Deletes all of a thread, in all namespaces."""
        await self._follow(self._delete([thread_of(thread_id)]))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Deletes the checkpoints of runs. All threads are looked through."""
        await self._run(self._delete_runs(run_ids), atomic=True)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copies a thread with all its history to a new one, within the server."""
        await self._run(self._copy(thread_of(source_thread_id), thread_of(target_thread_id)), atomic=True)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """keep_latest: of each namespace, only the newest checkpoint is kept; delete: nothing is."""
        threads = thread_ids_of(thread_ids, strategy)
        await self._follow(self._prune_all(threads, strategy))

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        found: Mapping[str, DeltaChannelHistory] = await self._run(self._history(config, channels)) if channels else {}
        return found

    # --- the same, for threads other than the loop's ---------------------------------------------
    def _bridge(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        try:
            same = asyncio.get_running_loop() is self.loop
        except RuntimeError:
            same = False
        if same:
            coroutine.close()
            raise asyncio.InvalidStateError(
                "Synchronous calls to AsyncWfstateSaver are only allowed from a different thread. From the main "
                "thread, use the async interface, such as `await checkpointer.aget_tuple(...)` or `await "
                "graph.ainvoke(...)`.")
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        found: CheckpointTuple | None = self._bridge(self.aget_tuple(config))
        return found

    def list(
        self, config: RunnableConfig | None, *, filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None, limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        found = self.alist(config, filter=filter, before=before, limit=limit)

        async def following() -> CheckpointTuple | None:
            return await anext(found, None)

        while (item := self._bridge(following())) is not None:
            yield item

    def put(
        self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        found: RunnableConfig = self._bridge(self.aput(config, checkpoint, metadata, new_versions))
        return found

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        self._bridge(self.aput_writes(config, writes, task_id, task_path))

    def delete_thread(self, thread_id: str) -> None:
        self._bridge(self.adelete_thread(thread_id))

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        self._bridge(self.adelete_for_runs(run_ids))

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        self._bridge(self.acopy_thread(source_thread_id, target_thread_id))

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        self._bridge(self.aprune(thread_ids, strategy=strategy))

    def get_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        found: Mapping[str, DeltaChannelHistory] = self._bridge(
            self.aget_delta_channel_history(config=config, channels=channels))
        return found


__all__ = ["AsyncWfstateSaver", "Conn", "ForeignThreadError", "SetupError"]
