"""What must be there before a saver works, asked of the database."""

from __future__ import annotations

from psycopg.errors import DatabaseError

from langgraph.checkpoint.wfstate import _calls as calls

# Every call with the arguments that came last: what an older version lacks.
_CALLS = {
    "wf_tenant": "", "wf_save_state": "checkpoint", "wf_patch_state": "checkpoint", "wf_state_at": "checkpoint",
    "wf_checkpoint": "replace", "wf_checkpoints": "with_state", "wf_drop_checkpoints": "prefix",
    "wf_record_task": "parts", "wf_task_results": "step_ids", "wf_drop_task_results": "step_ids",
    "wf_list": "tags", "wf_copy": "tags", "wf_delete_many": "execution_ids", "wf_recover": "checkpoint",
}
_EXTENSION = """SELECT e.extversion, n.nspname, n.nspname = ANY (current_schemas(true)),
        has_schema_privilege(n.oid, 'usage'), quote_ident(n.nspname), quote_ident(current_user)
    FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'wfstate'"""
_FUNCTIONS = """SELECT w.name, p.oid IS NOT NULL, w.argument = '' OR w.argument = ANY (p.proargnames),
        coalesce(has_function_privilege(p.oid, 'execute'), false)
    FROM unnest(%(names)s::text[], %(arguments)s::text[]) AS w (name, argument)
    LEFT JOIN pg_proc AS p ON p.proname = w.name AND p.pronamespace =
        (SELECT extnamespace FROM pg_extension WHERE extname = 'wfstate')"""
_RIGHTS = """SELECT current_user, current_database(),
    has_schema_privilege('wfstate', 'usage') AND has_table_privilege('wfstate.executions', 'insert'),
    pg_is_in_recovery(), current_setting('transaction_read_only')::bool"""
_TENANT = "SELECT wf_tenant()"


class SetupError(RuntimeError):
    """The database is not ready for the saver; the message says what is missing, and who does it."""


def check() -> calls.Call:
    rows = yield _EXTENSION, {}
    if not rows:
        raise SetupError(
            "the extension wfstate is not installed in this database: a superuser, or its owner, runs "
            "CREATE EXTENSION wfstate")
    version, schema, reachable, usable, quoted_schema, quoted_role = rows[0]
    if not usable:
        raise SetupError(
            f'this role may not use the schema "{schema}", which wfstate is in: its owner runs '
            f"GRANT USAGE ON SCHEMA {quoted_schema} TO {quoted_role}")
    if not reachable:
        raise SetupError(f'wfstate is in the schema "{schema}", which is not in search_path: add it there')
    functions = yield _FUNCTIONS, {"names": list(_CALLS), "arguments": list(_CALLS.values())}
    if old := sorted({name for name, there, argument, _ in functions if not there or not argument}):
        raise SetupError(
            f"wfstate {version} is too old for this saver, it lacks {', '.join(old)} as this saver calls them: "
            "install the newer one, and run ALTER EXTENSION wfstate UPDATE")
    [(role, database, writer, standby, read_only)] = yield _RIGHTS, {}
    refused = sorted(name for name, _, _, allowed in functions if not allowed)
    if refused or not writer:
        raise SetupError(
            f'the role "{role}" may not write in "{database}"'
            + (f" (it may not call {', '.join(refused)})" if refused else "")
            + f": an admin of wfstate runs SELECT wf_grant_access('{role}', 'writer')")
    try:
        yield _TENANT, {}
    except DatabaseError as error:
        raise SetupError(
            f"the tenant of this session cannot be used: {error.diag.message_primary or error}. An admin of wfstate "
            f"grants it by wf_grant_tenant('{role}', ...), and a session chooses it by the setting wfstate.tenant, "
            "such as options=-cwfstate.tenant=acme in the connection string") from error
    if standby:
        raise SetupError("this server is a standby, on which nothing can be written: connect to the primary, such as by "
                         "target_session_attrs=read-write in the connection string")
    if read_only:
        raise SetupError("this session is read-only: default_transaction_read_only is on for the role, the database or "
                         "the connection, or the transaction was begun so")
