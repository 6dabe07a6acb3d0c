"""CrewAI flows in wfstate, a PostgreSQL extension for the states of workflows and agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crewai.flow.persistence.base import FlowPersistence
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import tuple_row
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, Field, PrivateAttr, field_serializer

from crewai_wfstate._setup import SetupError, check
from crewai_wfstate._values import load, text

if TYPE_CHECKING:
    from crewai.flow.async_feedback.types import PendingFeedbackContext

State = dict[str, Any] | BaseModel
_SAVE = "wf_save_state(%(flow)s, %(state)s, NULL, %(status)s, workflow => %(workflow)s, step_id => %(method)s)"
# One statement, so that there is no question without its state. What wf_import_sqlite makes looks the same; a question
# that is too large for the metadata of a checkpoint is a result of a task, which stays as long as the checkpoint does.
_PAUSE = f"""SELECT
    wf_checkpoint(%(flow)s, 'pending_feedback', {_SAVE}, CASE WHEN fits THEN question END, replace => true),
    CASE WHEN fits THEN wf_drop_task_results(%(flow)s, '{{pending_feedback}}')
        ELSE wf_record_task(%(flow)s, 'pending_feedback', 'context', ARRAY[question], replace => true) END
    FROM (SELECT q AS question, pg_column_size(q) <= 65536 AS fits FROM (SELECT %(context)s::jsonb AS q) AS q) AS q"""
# wf_load_many is silent about flows that are not there.
_PENDING = """SELECT c.state::text, coalesce(c.metadata, t.output)::text FROM wf_load_many(ARRAY[%(flow)s]) AS f
    CROSS JOIN LATERAL wf_checkpoints(f.execution_id, prefix => 'pending_feedback', with_state => true) AS c
    LEFT JOIN LATERAL wf_task_results(f.execution_id, ARRAY[c.name]) AS t ON true WHERE c.name = 'pending_feedback'"""
_CLEAR = """SELECT wf_drop_checkpoints(f.execution_id, '{pending_feedback}'),
    wf_drop_task_results(f.execution_id, '{pending_feedback}'),
    CASE WHEN f.status = 'waiting' THEN wf_set_status(f.execution_id, 'running', note => 'feedback was given') END
    FROM wf_load_many(ARRAY[%(flow)s]) AS f"""


class WfstateFlowPersistence(FlowPersistence, BaseModel):
    """A flow is an execution of its id, each save a version whose step is the method. Its argument is a connection
    string, for a connection each time, or a pool. workflow is that of the executions."""

    persistence_type: str = "WfstateFlowPersistence"
    conn_string: str = Field(default="", repr=False)
    workflow: str = "crewai"
    _pool: ConnectionPool[Any] | None = PrivateAttr(None)

    def __init__(self, conn: str | ConnectionPool[Any] | None = None, /, **kwargs: Any) -> None:
        found = conn.conninfo if isinstance(conn, ConnectionPool) else conn
        super().__init__(**kwargs | ({"conn_string": found} if isinstance(found, str) else {}))
        self._pool = conn if isinstance(conn, ConnectionPool) else None
        self.init_db()

    def init_db(self) -> None:
        """Raises SetupError when something is missing. There is nothing to be made: wfstate has its tables."""
        check(self._run)

    def save_state(self, flow_uuid: str, method_name: str, state_data: State) -> None:
        self._save(f"SELECT {_SAVE}", flow_uuid, method_name, state_data, status=None)

    def load_state(self, flow_uuid: str) -> dict[str, Any] | None:
        rows = self._run("SELECT state::text FROM wf_load_many(ARRAY[%(flow)s])", flow=flow_uuid)
        state = load(rows[0][0]) if rows else None
        return state if isinstance(state, dict) else None

    def save_pending_feedback(self, flow_uuid: str, context: PendingFeedbackContext, state_data: State) -> None:
        question = text(context.to_dict(), ordered=False)
        self._save(_PAUSE, flow_uuid, context.method_name, state_data, status="waiting", context=question)

    def load_pending_feedback(self, flow_uuid: str) -> tuple[dict[str, Any], PendingFeedbackContext] | None:
        from crewai.flow.async_feedback.types import PendingFeedbackContext

        rows = self._run(_PENDING, flow=flow_uuid)
        return (load(rows[0][0]), PendingFeedbackContext.from_dict(load(rows[0][1]))) if rows else None

    def clear_pending_feedback(self, flow_uuid: str) -> None:
        self._run(_CLEAR, flow=flow_uuid)

    def _save(self, statement: str, flow: str, method: str, state: Any, **more: str | None) -> None:
        if not isinstance(state, (dict, BaseModel)):
            raise ValueError(f"state_data must be either a Pydantic BaseModel or dict, got {type(state)}")
        written = text(state, ordered=isinstance(state, dict))
        self._run(statement, flow=flow, method=method or None, state=written, workflow=self.workflow, **more)

    def _run(self, statement: str, **arguments: Any) -> list[tuple[Any, ...]]:
        # Prepared statements would be lost behind a pooler that shares connections.
        connection = self._pool.connection() if self._pool else Connection.connect(
            self.conn_string, autocommit=True, prepare_threshold=None)
        with connection as conn, conn.cursor(row_factory=tuple_row) as cursor:
            return cursor.execute(statement, arguments).fetchall()

    @field_serializer("conn_string")
    def _without_passwords(self, value: str) -> str:
        # CrewAI writes it into definitions and checkpoints of flows.
        return make_conninfo("", **{k: v for k, v in conninfo_to_dict(value).items() if "password" not in k})


__all__ = ["SetupError", "WfstateFlowPersistence"]
