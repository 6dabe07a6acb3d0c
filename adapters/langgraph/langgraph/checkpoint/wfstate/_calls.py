"""What the savers ask the database, as generators of statements: each yields a statement with its arguments and is
sent the rows, or thrown the error. They know nothing of connections, so that both savers run the same ones. What may
take long besides is yielded as work, which a saver may do elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, NamedTuple

from psycopg.errors import DatabaseError

from langgraph.checkpoint.wfstate._names import ForeignThreadError, Target, execution_id, named

Rows = list[tuple[Any, ...]]
Statement = tuple[str, dict[str, Any]]


class Work(NamedTuple):
    """Reading or writing so many bytes of JSON, or what takes as long: what comes out of it is sent."""

    size: int
    do: Callable[[], Any]


Call = Generator[Statement | Work, Any, Any]

CONFLICT, NOT_FOUND, EXISTS, LIMIT = "WF001", "WF005", "WF006", "54000"

# Whoever chooses the name of a thread must not reach what other workflows keep: such an execution has no rows.
_HEAD = "FROM wfstate.executions WHERE tenant = wf_tenant() AND execution_id = %(execution)s"
_OURS = f"NOT EXISTS (SELECT {_HEAD} AND workflow IS DISTINCT FROM %(workflow)s)"
WORKFLOW = f"SELECT workflow {_HEAD}"

# One checkpoint, by the key of its table: wf_checkpoints looks for what begins so, which many may.
_BY_NAME = """FROM wfstate.checkpoints WHERE tenant = wf_tenant() AND execution_id = {} AND name = {}"""
# A page of checkpoints, with their states and with what tasks have given since: a row for each of these, since together
# they may be more than any value holds, or one. The first row of a checkpoint has what is its own.
_FIRST = "CASE WHEN coalesce(t.number, 1) = 1 THEN"
_WRITE = "t.task_path, t.task_id, t.part, t.name, t.output::text"
_WRITES = """LEFT JOIN LATERAL wf_task_results({}, ARRAY[c.name]) WITH ORDINALITY
        AS t (step_id, task_path, task_id, part, name, output, recorded_at, number) ON true"""
_WRITES_HERE = _WRITES.format("%(execution)s")
# Without the state where that is known, and so ours. wf_state_at has it at hand where the session has saved or read it.
NEWEST = f"""SELECT c.name, {_FIRST} c.metadata::text END, {_FIRST}
        CASE WHEN c.name = %(known)s AND c.version = %(version)s THEN NULL
        ELSE wf_state_at(%(execution)s, c.version) END::text END, {_WRITE}
    FROM wf_checkpoints(%(execution)s, newest_first => true, max_rows => 1) AS c {_WRITES_HERE}
    WHERE c.name = %(known)s AND c.version = %(version)s OR {_OURS}"""
NAMED = f"""SELECT c.name, {_FIRST} c.metadata::text END,
        {_FIRST} wf_state_at(%(execution)s, c.version) END::text, {_WRITE}
    FROM (SELECT name, version, metadata {_BY_NAME.format("%(execution)s", "%(name)s")}) AS c {_WRITES_HERE}
    WHERE {_OURS}"""
# As many as there is room for where each is as large as the largest of as many versions from there on.
_ROOM = f"""(SELECT greatest(1, least(%(rows)s::integer, %(bytes)s::integer / greatest(1, max(v.state_bytes)))) AS size
        FROM (SELECT state_bytes FROM wfstate.state_versions WHERE tenant = wf_tenant() AND execution_id = %(execution)s
            AND version <= coalesce((SELECT version {_BY_NAME.format("%(execution)s", "coalesce(%(after)s, %(before)s)")}),
                9223372036854775807) ORDER BY version DESC LIMIT %(rows)s::integer) AS v)"""
PAGE = f"""SELECT c.name, r.size, {_FIRST} c.metadata::text END, {_FIRST} c.state END::text, {_FIRST} c.changes END::text,
        {_WRITE}
    FROM {_ROOM} AS r CROSS JOIN LATERAL wf_checkpoints(%(execution)s, before => %(before)s,
        containment => %(filter)s::jsonb, with_changes => true, newest_first => true, after => %(after)s,
        max_rows => r.size) AS c {_WRITES_HERE} WHERE {_OURS}"""
NAMES = """SELECT c.name, c.version, c.metadata::text
    FROM wf_checkpoints(%(execution)s, containment => %(filter)s::jsonb, newest_first => true, after => %(after)s,
        max_rows => 10000) AS c"""
# A page of executions with the names of their checkpoints, NULL where there is none.
_NAMES_OF = """LEFT JOIN LATERAL wf_checkpoints(l.execution_id, containment => %(filter)s::jsonb, newest_first => true,
        max_rows => 10000) AS c ON true"""
ACROSS = f"""SELECT l.execution_id, l.workflow, l.tags ->> 'thread_id', l.tags ->> 'checkpoint_ns', l.cursor, c.name
    FROM wf_list(workflow => %(workflow)s, sort => 'execution_id', descending => false, after => %(after)s,
        max_rows => 10000) AS l
    {_NAMES_OF}"""
# Those of a thread: its own, whose ever that is, and those of its namespaces, which begin with its name and a "#".
_SPACES = """FROM wfstate.executions WHERE tenant = wf_tenant() AND execution_id > t.own || '#'
                AND execution_id < t.own || '$' AND workflow = %(workflow)s"""
SPACES = f"""SELECT u.execution_id, u.workflow, NULL AS thread, (SELECT s.tags ->> 'checkpoint_ns' FROM wfstate.search AS s
            WHERE s.tenant = wf_tenant() AND s.execution_id = u.execution_id) AS namespace
    FROM (SELECT execution_id, workflow FROM wfstate.executions WHERE tenant = wf_tenant() AND execution_id = %(own)s
        UNION ALL SELECT e.execution_id, e.workflow FROM (SELECT %(own)s::text AS own) AS t
            CROSS JOIN LATERAL (SELECT execution_id, workflow {_SPACES}) AS e WHERE %(spaces)s) AS u
    WHERE u.execution_id > coalesce(%(after)s, '') ORDER BY u.execution_id LIMIT 10000"""
WITHIN = f"""SELECT l.execution_id, l.workflow, l.thread, l.namespace, l.execution_id, c.name FROM ({SPACES}) AS l
    {_NAMES_OF}"""
# Of those that are named, as many as there is room for, with the positions that they have among these.
STATES = f"""WITH w AS MATERIALIZED (
    SELECT w.execution_id, w.name, w.position, c.version, c.metadata,
            sum(c.size) OVER (ORDER BY w.position ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - c.size AS before
        FROM unnest(%(executions)s::text[], %(names)s::text[]) WITH ORDINALITY AS w (execution_id, name, position)
        CROSS JOIN LATERAL (SELECT c.version, c.metadata, coalesce((SELECT state_bytes FROM wfstate.state_versions AS v
                WHERE v.tenant = wf_tenant() AND v.execution_id = w.execution_id AND v.version = c.version), 0) AS size
            FROM (SELECT version, metadata {_BY_NAME.format("w.execution_id", "w.name")}) AS c OFFSET 0) AS c
)
SELECT w.execution_id, w.name, w.position, {_FIRST} w.metadata::text END,
        {_FIRST} wf_state_at(w.execution_id, w.version) END::text, {_WRITE}
    FROM w {_WRITES.format("w.execution_id").replace("c.name", "w.name")}
    WHERE w.before < %(bytes)s::integer ORDER BY w.position"""
# The newest checkpoint, the version of the one that a new one stands on, the head's version, tags, and whose it is.
STANDING = f"""SELECT n.name, coalesce(n.version, 0),
        (SELECT version {_BY_NAME.format("%(execution)s", "%(parent)s")}),
        e.version, (SELECT s.tags FROM wfstate.search AS s WHERE s.tenant = wf_tenant()
            AND s.execution_id = %(execution)s)::text, e.workflow
    FROM wfstate.executions AS e
    LEFT JOIN LATERAL wf_checkpoints(%(execution)s, newest_first => true, max_rows => 1) AS n ON true
    WHERE e.tenant = wf_tenant() AND e.execution_id = %(execution)s"""
SAVE = """SELECT wf_save_state(%(execution)s, %(state)s::jsonb, expected_version => %(head)s, workflow => %(workflow)s,
    tags => %(tags)s::jsonb, base_version => %(base)s, checkpoint => %(name)s,
    checkpoint_metadata => %(metadata)s::jsonb)"""
SAVE_UNNAMED = """SELECT wf_save_state(%(execution)s, %(state)s::jsonb, expected_version => %(head)s,
    base_version => %(base)s)"""
PATCH = """SELECT wf_patch_state(%(execution)s, %(patch)s::jsonb, expected_version => %(version)s,
    checkpoint => %(name)s, checkpoint_metadata => %(metadata)s::jsonb)"""
NAME = "SELECT wf_checkpoint(%(execution)s, %(name)s, %(version)s, %(metadata)s::jsonb, replace => true)"
SAVE_AGAIN = """SELECT wf_checkpoint(%(execution)s, %(name)s,
    wf_save_state(%(execution)s, wf_state_at(%(execution)s, checkpoint => %(name)s)), %(metadata)s::jsonb,
    replace => true)"""
RECORD = """SELECT wf_record_task(%(execution)s, %(step)s, %(task)s, %(outputs)s::jsonb[], %(names)s::text[], %(parts)s::integer[],
    %(path)s, %(replace)s)"""
RECORD_OURS = f"{RECORD} WHERE {_OURS}"
COPY = """SELECT wf_copy(c.source, c.target, c.tags)
    FROM unnest(%(sources)s::text[], %(targets)s::text[], %(tags)s::text[]::jsonb[]) AS c (source, target, tags)"""
DELETE = "SELECT wf_delete_many(%(executions)s::text[])"
# Threads with all of their namespaces in one statement, unless one has more than a page of these or is none of ours.
DELETE_THREADS = f"""WITH found AS MATERIALIZED (
    SELECT t.own, e.execution_id, row_number() OVER (PARTITION BY t.own) AS number
        FROM unnest(%(own)s::text[]) AS t (own)
        LEFT JOIN LATERAL (SELECT execution_id {_SPACES} ORDER BY execution_id LIMIT 10000) AS e ON true
), foreign_ones AS (
    SELECT FROM unnest(%(own)s::text[]) AS t (own) JOIN LATERAL (SELECT workflow FROM wfstate.executions
        WHERE tenant = wf_tenant() AND execution_id = t.own) AS e ON e.workflow IS DISTINCT FROM %(workflow)s
), portions AS (
    SELECT array_agg(e.execution_id) AS ids
        FROM (SELECT i.execution_id, (row_number() OVER (ORDER BY i.execution_id) - 1) / 1000 AS portion
            FROM (SELECT own AS execution_id FROM found UNION SELECT execution_id FROM found) AS i
            WHERE i.execution_id IS NOT NULL) AS e
        WHERE NOT EXISTS (SELECT FROM found WHERE number >= 10000) AND NOT EXISTS (SELECT FROM foreign_ones)
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
    FROM wf_task_results(%(execution)s, %(steps)s::text[]) WHERE name IS NULL OR name = ANY (%(names)s::text[])"""


def code(error: DatabaseError) -> str | None:
    return error.sqlstate


def array(items: Iterable[str | None]) -> str:
    """An array as the server reads it, which takes a fraction of the driver's way there."""
    return "{" + ",".join(
        "NULL" if item is None else '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items) + "}"


def refuse_foreign(execution: str, workflow: str) -> Call:
    """Where there are no rows, for want of them or because the execution is another workflow's."""
    for (its,) in (yield WORKFLOW, {"execution": execution}):
        if its != workflow:
            raise ForeignThreadError(execution, its, workflow)


# Executions with what they are, and the names of their checkpoints, newest first.
Found = dict[str, tuple[Target, list[str]]]


def across(workflow: str, containment: str | None) -> Call:
    """The checkpoints of all threads, as Found."""
    return _found(ACROSS, {"workflow": workflow}, containment)


def within(thread: str, workflow: str, containment: str | None = None, namespace: str | None = None) -> Call:
    """The checkpoints of one thread, or of one namespace in it, as Found."""
    arguments = {"workflow": workflow, "own": execution_id(thread, namespace or ""), "spaces": namespace is None}
    return _found(WITHIN, arguments, containment, thread, namespace)


def spaces(thread: str, workflow: str) -> Call:
    """The executions of a thread that are there: {execution: what it is, None where that cannot be told}."""
    found: dict[str, Target | None] = {}
    after = None
    while True:
        rows = yield SPACES, {"workflow": workflow, "own": execution_id(thread, ""), "spaces": True, "after": after}
        for execution, its, _, namespace in rows:
            if its != workflow:
                raise ForeignThreadError(execution, its, workflow)
            found[execution] = named(execution, thread, namespace)
        if len(rows) < 10000:
            return found
        after = rows[-1][0]


def _found(
    statement: str, arguments: dict[str, Any], containment: str | None, thread: str | None = None,
    namespace: str | None = None,
) -> Call:
    found: Found = {}
    after = None
    while True:
        rows = yield statement, {**arguments, "filter": containment, "after": after}
        page: dict[str, list[str]] = {}
        for execution, workflow, its_thread, its_namespace, cursor, name in rows:
            after = cursor
            if workflow != arguments["workflow"]:
                raise ForeignThreadError(execution, workflow, arguments["workflow"])
            if execution not in page:
                page[execution] = []
                # An execution of the same workflow that somebody else has made may be no thread.
                if what := named(execution, thread or its_thread, namespace or its_namespace):
                    found[execution] = what, page[execution]
            if name is not None:
                page[execution].append(name)
        for execution, listed in page.items():
            if len(listed) == 10000:
                listed[:] = [row[0] for row in (yield from names(execution, containment))]
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


def insert(execution: str, name: str, arguments: dict[str, Any], last: int) -> Call:
    """A checkpoint that is older by its id than the newest one, which has the version last."""
    [(version,)] = yield SAVE, arguments
    if version > last:
        yield from reorder(execution, name)


def replace(execution: str, name: str, arguments: dict[str, Any]) -> Call:
    """Another content for a name that is taken."""
    [(version,)] = yield SAVE_UNNAMED, arguments
    yield NAME, {"execution": execution, "name": name, "version": version, "metadata": arguments["metadata"]}
    yield from reorder(execution, name)
