"""What must be there before flows can be kept, asked of the database."""

from collections.abc import Callable
from typing import Any

from psycopg.errors import DatabaseError

# The calls, each with the argument that came last: what an older version lacks.
_CALLS = """wf_tenant wf_load_many wf_save_state.step_id wf_checkpoint.replace wf_checkpoints.with_state
    wf_drop_checkpoints.names wf_record_task.replace wf_task_results wf_drop_task_results wf_set_status.note"""
_PLACE = """SELECT e.extversion, n.nspname, n.nspname = ANY (current_schemas(true)), current_user
    FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'wfstate'"""
_LACKING = """SELECT string_agg(name, ', ') FILTER (WHERE lacks),
        string_agg(name, ', ') FILTER (WHERE NOT lacks AND NOT has_function_privilege(oid, 'execute'))
    FROM (SELECT name, p.oid, p.oid IS NULL OR last <> '' AND last <> ALL (proargnames) AS lacks
        FROM (SELECT split_part(c, '.', 1), split_part(c, '.', 2) FROM unnest(%(calls)s::text[]) AS c) AS c (name, last)
        LEFT JOIN pg_proc AS p ON p.proname = name AND p.pronamespace = %(schema)s::regnamespace) AS w"""


class SetupError(RuntimeError):
    """The database is not ready for flows; the message says what is missing, and who does it."""


def check(run: Callable[..., list[tuple[Any, ...]]]) -> None:
    if not (rows := run(_PLACE)):
        raise SetupError("the extension wfstate is not installed in this database: CREATE EXTENSION wfstate does it")
    [(version, schema, reachable, role)] = rows
    if not reachable:
        raise SetupError(f'the schema "{schema}", which wfstate is in, is not in search_path, or not for "{role}"')
    [(old, refused)] = run(_LACKING, calls=_CALLS.split(), schema=f'"{schema}"')
    if old:
        raise SetupError(f"wfstate {version} lacks {old}: install a newer one, and run ALTER EXTENSION wfstate UPDATE")
    if refused:
        raise SetupError(f'the role "{role}" may not call {refused}: an admin of wfstate runs '
                         f"SELECT wf_grant_access('{role}', 'writer')")
    try:
        run("SELECT wf_tenant()")
    except DatabaseError as error:
        raise SetupError(f"{error.diag.message_primary or error}: an admin of wfstate grants one by wf_grant_tenant, "
                         "options=-cwfstate.tenant=acme in the connection string chooses it") from error
