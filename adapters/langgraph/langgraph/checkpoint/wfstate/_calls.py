"""What the savers ask the database, as generators of statements: each yields a statement with its arguments and is
sent the rows, or thrown the error. They know nothing of connections, so that both savers run the same ones. What may
take long besides is yielded as work, which a saver may do elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, NamedTuple

from psycopg.errors import DatabaseError

Rows = list[tuple[Any, ...]]
Statement = tuple[str, dict[str, Any]]


class Work(NamedTuple):
    """Reading or writing so many bytes of JSON, or what takes as long: what comes out of it is sent."""

    size: int
    do: Callable[[], Any]


Call = Generator[Statement | Work, Any, Any]

CONFLICT, NOT_FOUND, EXISTS, LIMIT = "WF001", "WF005", "WF006", "54000"

# A page of checkpoints, with their states and with what tasks have given since.
_WRITES = """(SELECT jsonb_agg(jsonb_build_array(t.task_path, t.task_id, t.part, t.name, t.output))
    FROM wf_task_results(%(execution)s, ARRAY[c.name]) AS t)::text"""
# Without the state where that is known. wf_state_at has it at hand where the session has saved or read it.
NEWEST = f"""SELECT c.name, c.metadata::text, CASE WHEN c.name = %(known)s AND c.version = %(version)s THEN NULL
        ELSE wf_state_at(%(execution)s, c.version) END::text, {_WRITES}
    FROM wf_checkpoints(%(execution)s, newest_first => true, max_rows => 1) AS c"""
NAMED = f"""SELECT c.name, c.metadata::text, wf_state_at(%(execution)s, checkpoint => c.name)::text, {_WRITES}
    FROM wf_checkpoints(%(execution)s, prefix => %(name)s, max_rows => 10000) AS c WHERE c.name = %(name)s"""
PAGE = f"""SELECT c.name, c.metadata::text, c.state::text, c.changes::text, {_WRITES}
    FROM wf_checkpoints(%(execution)s, before => %(before)s, containment => %(filter)s::jsonb, with_changes => true,
        newest_first => true, after => %(after)s, max_rows => %(rows)s) AS c"""
NAMES = """SELECT c.name, c.version, c.metadata::text
    FROM wf_checkpoints(%(execution)s, containment => %(filter)s::jsonb, newest_first => true, after => %(after)s,
        max_rows => 10000) AS c"""
# A page of executions with the names of their checkpoints, NULL where there is none.
ACROSS = """SELECT l.execution_id, l.tags ->> 'thread_id', l.tags ->> 'checkpoint_ns', l.cursor, c.name
    FROM wf_list(workflow => %(workflow)s, tags => %(tags)s::jsonb, sort => 'execution_id', descending => false,
        after => %(after)s, max_rows => 10000) AS l
    LEFT JOIN LATERAL wf_checkpoints(l.execution_id, containment => %(filter)s::jsonb, newest_first => true,
        max_rows => 10000) AS c ON true"""
STATES = """SELECT w.execution_id, c.name, c.metadata::text, c.state::text, c.writes
    FROM unnest(%(executions)s::text[], %(names)s::text[]) WITH ORDINALITY AS w (execution_id, name, position)
    CROSS JOIN LATERAL (SELECT c.name, c.metadata, wf_state_at(w.execution_id, checkpoint => c.name) AS state,
            (SELECT jsonb_agg(jsonb_build_array(t.task_path, t.task_id, t.part, t.name, t.output))
                FROM wf_task_results(w.execution_id, ARRAY[c.name]) AS t)::text AS writes
        FROM wf_checkpoints(w.execution_id, prefix => w.name, max_rows => 10000) AS c WHERE c.name = w.name) AS c
    ORDER BY w.position"""
# The newest checkpoint, and the version of the one that a new one stands on.
STANDING = """SELECT n.name, n.version, (SELECT version
        FROM wf_checkpoints(%(execution)s, prefix => %(parent)s, max_rows => 10000) WHERE name = %(parent)s)
    FROM (SELECT 1) AS one
    LEFT JOIN LATERAL wf_checkpoints(%(execution)s, newest_first => true, max_rows => 1) AS n ON true"""
SAVE = """SELECT wf_save_state(%(execution)s, %(state)s::jsonb, workflow => %(workflow)s, tags => %(tags)s::jsonb,
    base_version => %(base)s, checkpoint => %(name)s, checkpoint_metadata => %(metadata)s::jsonb)"""
SAVE_UNNAMED = "SELECT wf_save_state(%(execution)s, %(state)s::jsonb, base_version => %(base)s)"
PATCH = """SELECT wf_patch_state(%(execution)s, %(patch)s::jsonb, expected_version => %(version)s,
    checkpoint => %(name)s, checkpoint_metadata => %(metadata)s::jsonb)"""
NAME = "SELECT wf_checkpoint(%(execution)s, %(name)s, %(version)s, %(metadata)s::jsonb, replace => true)"
SAVE_AGAIN = """SELECT wf_checkpoint(%(execution)s, %(name)s,
    wf_save_state(%(execution)s, wf_state_at(%(execution)s, checkpoint => %(name)s)), %(metadata)s::jsonb,
    replace => true)"""
RECORD = """SELECT wf_record_task(%(execution)s, %(step)s, %(task)s, %(outputs)s::jsonb[], %(names)s::text[], %(parts)s::integer[],
    %(path)s, %(replace)s)"""
COPY = """SELECT wf_copy(c.source, c.target, c.tags)
    FROM unnest(%(sources)s::text[], %(targets)s::text[], %(tags)s::text[]::jsonb[]) AS c (source, target, tags)"""
DELETE = "SELECT wf_delete_many(%(executions)s::text[])"
# Threads with all of their namespaces, unless one has more than a page of these: all in one statement.
DELETE_THREADS = """WITH found AS MATERIALIZED (
    SELECT t.own, l.execution_id, row_number() OVER (PARTITION BY t.own) AS number
        FROM unnest(%(threads)s::text[], %(own)s::text[]) AS t (thread, own)
        LEFT JOIN LATERAL wf_list(workflow => %(workflow)s, tags => jsonb_build_object('thread_id', t.thread),
            sort => 'execution_id', descending => false, max_rows => 10000) AS l ON true
), portions AS (
    SELECT array_agg(e.execution_id) AS ids
        FROM (SELECT i.execution_id, (row_number() OVER (ORDER BY i.execution_id) - 1) / 1000 AS portion
            FROM (SELECT own AS execution_id FROM found UNION SELECT execution_id FROM found) AS i
            WHERE i.execution_id IS NOT NULL) AS e
        WHERE NOT EXISTS (SELECT FROM found WHERE number >= 10000)
        GROUP BY e.portion ORDER BY e.portion
)
SELECT p.ids, wf_delete_many(p.ids) FROM portions AS p"""
DROP = """SELECT wf_drop_checkpoints(%(execution)s, names => %(names)s::text[]),
    wf_drop_task_results(%(execution)s, %(names)s::text[])"""
RECOVER = "SELECT wf_recover(%(execution)s, checkpoint => %(name)s)"
# Versions without a name are nobody's any more. Pruning is an operator's right: without it they stay until one prunes.
MAY_PRUNE = "SELECT has_function_privilege('wf_prune_history(text, integer, interval)', 'execute')"
PRUNE = "SELECT wf_prune_history(%(execution)s, keep_last => 1)"
HISTORY = """SELECT c.name, c.metadata ->> '$parent',
    (SELECT jsonb_object_agg(k, c.state -> 'channel_values' -> k) FROM unnest(%(keys)s::text[]) AS k
        WHERE jsonb_exists(c.state -> 'channel_values', k))::text
    FROM wf_checkpoints(%(execution)s, before => %(before)s, with_state => true, newest_first => true,
        max_rows => %(rows)s) AS c"""
WRITES = """SELECT step_id, task_path, task_id, part, name, output::text
    FROM wf_task_results(%(execution)s, %(steps)s::text[]) WHERE name = ANY (%(names)s::text[])"""


def code(error: DatabaseError) -> str | None:
    return error.sqlstate


def array(items: Iterable[str]) -> str:
    """An array as the server reads it, which takes a fraction of the driver's way there."""
    return "{" + ",".join('"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items) + "}"


def execution_id(thread_id: str, namespace: str) -> str:
    """A thread is an execution of its own name, and each namespace in it one more: thread#namespace. Ids have at most
    255 bytes; what is longer goes by its hash, and by its whole name in the tags."""
    thread = thread_id.replace("%", "%25").replace("#", "%23")
    if len(thread.encode()) > 180:
        thread = "%" + hashlib.sha256(thread_id.encode()).hexdigest()
    if not namespace:
        return thread
    if len(f"{thread}#{namespace}".encode()) > 255:
        namespace = "%" + hashlib.sha256(namespace.encode()).hexdigest()
    return f"{thread}#{namespace}"


def across(workflow: str, tags: str, containment: str | None) -> Call:
    """The checkpoints of all executions with these tags: {execution: (thread, namespace, names)}."""
    found: dict[str, tuple[str, str, list[str]]] = {}
    after = None
    while True:
        arguments = {"workflow": workflow, "tags": tags, "after": after, "filter": containment}
        rows = yield ACROSS, arguments
        page: dict[str, tuple[str, str, list[str]]] = {}
        for execution, thread, namespace, cursor, name in rows:
            after = cursor
            listed = page.setdefault(execution, (thread, namespace or "", []))[2]
            if name is not None:
                listed.append(name)
        for execution, (_, _, listed) in page.items():
            if len(listed) == 10000:
                listed[:] = [row[0] for row in (yield from names(execution, containment))]
        # An execution of the same workflow that somebody else has made is no thread.
        found.update((execution, what) for execution, what in page.items() if what[0] is not None)
        if len(page) < 10000:
            return found


def names(execution: str, containment: str | None = None) -> Call:
    """All checkpoints of an execution, newest first: (name, version, metadata)."""
    found: Rows = []
    after = None
    while True:
        try:
            rows = yield NAMES, {"execution": execution, "filter": containment, "after": after}
        except DatabaseError as error:
            if code(error) != NOT_FOUND:
                raise
            return found
        found += rows
        if len(rows) < 10000:
            return found
        after = rows[-1][0]


def delete(ids: Iterable[str]) -> Call:
    ids = list(dict.fromkeys(ids))
    for first in range(0, len(ids), 1000):
        yield DELETE, {"executions": array(ids[first : first + 1000])}


def drop(execution: str, gone: Sequence[str]) -> Call:
    """Drops checkpoints with what tasks gave after them; an execution without any left goes itself. What is left is
    the current state then, and where the caller may prune, nothing else is kept."""
    if not gone:
        return
    newest = (yield from names(execution))[:1]
    for first in range(0, len(gone), 1000):
        yield DROP, {"execution": execution, "names": array(gone[first : first + 1000])}
    left = yield from names(execution)
    if not left:
        yield from delete([execution])
        return
    if left[:1] != newest:
        yield RECOVER, {"execution": execution, "name": left[0][0]}
    [(allowed,)] = yield MAY_PRUNE, {}
    if allowed:
        yield PRUNE, {"execution": execution}


def reorder(execution: str, name: str) -> Call:
    """Checkpoints are listed in the order of their versions, and ids grow with time. After one was saved that is older
    than others by its id, those get new versions upon it, so that both orders stay one."""
    later = [row for row in (yield from names(execution)) if row[0] > name]
    for found in sorted(later):
        yield SAVE_AGAIN, {"execution": execution, "name": found[0], "metadata": found[2]}


def replace(execution: str, name: str, arguments: dict[str, Any]) -> Call:
    """Another content for a name that is taken."""
    [(version,)] = yield SAVE_UNNAMED, arguments
    yield NAME, {"execution": execution, "name": name, "version": version, "metadata": arguments["metadata"]}
    yield from reorder(execution, name)
