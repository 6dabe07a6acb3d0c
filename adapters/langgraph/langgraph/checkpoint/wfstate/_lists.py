"""Lists of checkpoints, by pages of about one size."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from functools import partial
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple, get_checkpoint_id
from psycopg.errors import DatabaseError

from langgraph.checkpoint.wfstate import _calls as calls
from langgraph.checkpoint.wfstate._documents import gathered, size_of
from langgraph.checkpoint.wfstate._names import ForeignThreadError, Target, is_name, target
from langgraph.checkpoint.wfstate._threads import Threads

# Checkpoints that are read at once, and bytes of their states and writes.
PAGE, PAGE_BYTES = 50, 16_000_000


def _grown(rows: int, size: int) -> int:
    """Rows of the next page, after so many took so much."""
    return max(1, min(PAGE, rows * PAGE_BYTES // max(1, size)))


class Lists(Threads):
    def _standing(self, of: Target, name: str) -> calls.Call:
        """The newest checkpoint with its version, the version of a name, and that of the head, and the tags; None where
        the thread is not there."""
        try:
            rows = yield calls.STANDING, {"execution": of.execution, "parent": name}
        except DatabaseError as error:
            if calls.code(error) != calls.NOT_FOUND:
                raise
            return None
        if rows and rows[0][5] != self.workflow:
            raise ForeignThreadError(of.execution, rows[0][5], self.workflow)
        return rows[0][:5] if rows else None

    def _page(self, of: Target, filter: str | None, before: str | None, after: str | None, rows: int) -> calls.Call:
        """Checkpoints, how many the next page may have, and whether there may be one."""
        try:
            found = yield calls.PAGE, {"execution": of.execution, "workflow": self.workflow, "filter": filter,
                                       "before": before, "after": after, "rows": rows, "bytes": PAGE_BYTES}
        except DatabaseError as error:
            if calls.code(error) != calls.NOT_FOUND:
                raise
            return [], 1, False
        if not found:
            yield from calls.refuse_foreign(of.execution, self.workflow)
            return [], 1, False
        page = gathered(found, 2)
        size = len(page) * len(page[0][3]) + sum(size_of(row[5]) for row in page)
        tuples = yield calls.Work(size, partial(self._tuples, of, [(row[0], *row[2:]) for row in page]))
        return tuples, _grown(len(page), size), len(page) == page[0][1]

    def _matches(
        self, config: RunnableConfig | None, filter: Mapping[str, Any] | None, before: str | None, limit: int | None
    ) -> calls.Call:
        """Over several namespaces or threads: targets and names, newest first."""
        wanted = get_checkpoint_id(config) if config else None
        if config:
            thread, namespace = target(config).thread, config["configurable"].get("checkpoint_ns")
            found = yield from calls.within(thread, self.workflow, self._containment(filter), namespace)
        else:
            found = yield from calls.across(self.workflow, self._containment(filter))
        matches = [
            (name, of) for of, names in found.values() for name in names
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
            first, size = 0, PAGE
            while first < len(matches):
                page, passed, size = yield self._states(matches[first : first + size])
                yield page
                first += passed
            return
        of, containment, after, size, more = target(config), self._containment(filter), None, PAGE, True
        while more and (limit is None or limit > 0):
            page, size, more = yield self._page(of, containment, start, after, size if limit is None else min(size, limit))
            yield page
            if page:
                after = get_checkpoint_id(page[-1].config)
            limit = limit if limit is None else limit - len(page)

    @staticmethod
    def _next(plan: Generator[Any, Any, None], result: Any) -> Any:
        try:
            return plan.send(result)
        except StopIteration:
            return None

    def _named(self, of: Target, name: str) -> calls.Call:
        """The version of a name, NULL where there is none."""
        row = (yield from self._standing(of, name)) if is_name(name) else None
        return row and row[2]

    def _states(self, matches: Sequence[tuple[str, Target]]) -> calls.Call:
        """Checkpoints of the first of these, of how many these are all that there are, and how many the next page may
        have."""
        rows = yield calls.STATES, {"executions": [of.execution for _, of in matches],
                                    "names": [name for name, _ in matches], "bytes": PAGE_BYTES}
        if not rows:
            # Those that were deleted meanwhile are passed over.
            return [], len(matches), PAGE
        targets = {of.execution: of for _, of in matches}
        page = gathered(rows, 3)
        size = sum(len(row[4]) + size_of(row[5]) for row in page)
        tuples = yield calls.Work(size, lambda: [self._tuple(targets[row[0]], (row[1], *row[3:])) for row in page])
        return tuples, page[-1][2], _grown(len(page), size)
