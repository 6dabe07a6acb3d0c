-- Group: Import
-- States that others have kept in SQLite files.

CREATE FUNCTION @extschema@.wf_import_sqlite(
    file bytea, table_name text DEFAULT NULL, id_column text DEFAULT NULL, state_column text DEFAULT NULL,
    order_column text DEFAULT NULL, saved_at_column text DEFAULT NULL, workflow text DEFAULT NULL,
    id_prefix text DEFAULT '', dry_run bool DEFAULT false
) RETURNS TABLE (
    source_table text, source_row text, execution_id text, version bigint, imported bool, reason text
)
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_import_sqlite_wrapper';
COMMENT ON FUNCTION @extschema@.wf_import_sqlite IS
'Imports the executions of a SQLite file, whose bytes are sent, with all their versions: the flow store of CrewAI (flow_states, pending_feedback), LangGraph''s checkpoints where their values are JSON, or any table of which table_name, id_column and state_column are named. Such a table''s rows are the versions of the execution whose id they have, in the order of order_column, or of the rows; saved_at_column tells when they were saved: text, or seconds, milliseconds, microseconds or nanoseconds since 1970.
Each execution is made as wf_import makes one: its ids are the file''s, behind id_prefix, and its workflow is workflow, whose definition checks the last state. A flow that waits for feedback has the status waiting and the checkpoint pending_feedback; a checkpoint of LangGraph is one of the same name, and its execution has the id of the thread, a namespace behind a slash, a slash or percent sign of the thread''s own as %2F or %25. Each state is read back and compared with the file''s. All or nothing: an error imports nothing. Rows that hold no state, or one that could not be saved, are left out and told. dry_run: everything is done and then taken back.
The file is read by a SQLite that is built in, in memory: views, triggers, virtual tables and CHECKs are not run, a file with generated columns is refused, and nothing else is opened. A write-ahead log is no part of the file: run PRAGMA wal_checkpoint(TRUNCATE) before.
Returns a row for each of the file''s: its table, what identifies it there, its execution, the version that it has become, whether it is imported, and else why not.
Errors: WF002 when the last state of an execution breaks a rule of the workflow''s definition; WF006 when an execution exists; 22023 when the file is no SQLite database or is damaged, no store that is known, or has no such table or column, or for a bad argument; 54000 for more than 256 MB, more than 1000000 rows, or an id over the limit.';
INSERT INTO wfstate.access VALUES ('wf_import_sqlite', 'writer');
