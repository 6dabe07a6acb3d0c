-- Group: Logs
-- What executions and services say, line by line.

CREATE DOMAIN wfstate.log_level AS text COLLATE "C"
    CONSTRAINT log_level_check CHECK (VALUE IN ('trace', 'debug', 'info', 'warn', 'error', 'fatal'));
COMMENT ON DOMAIN wfstate.log_level IS 'How grave a line of a log is.';
COMMENT ON CONSTRAINT log_level_check ON DOMAIN wfstate.log_level IS 'The levels that there are.';

-- Partitioned from the start, so that partitions by time can be added without moving a row (wf_partition). The indexes
-- are the partitions' own: were they the parent's, those that a dump gives a partition would be there already when it
-- is restored. Up to 16 no column of such a table can be an identity.
CREATE SEQUENCE wfstate.logs_position_seq CACHE 32;
COMMENT ON SEQUENCE wfstate.logs_position_seq IS 'The positions of lines.';
CREATE TABLE wfstate.logs (
    position     bigint NOT NULL DEFAULT nextval('wfstate.logs_position_seq'),
    logged_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant       wfstate.identifier NOT NULL,
    execution_id wfstate.identifier,
    step_id      wfstate.identifier,
    level        wfstate.log_level NOT NULL,
    message      text NOT NULL,
    data         jsonb
) PARTITION BY RANGE (logged_at);
ALTER SEQUENCE wfstate.logs_position_seq OWNED BY wfstate.logs.position;
COMMENT ON TABLE wfstate.logs IS 'Lines of logs, of executions and of services. Only appended. Partitioned by logged_at.';
COMMENT ON COLUMN wfstate.logs.position IS 'Order of lines of the same time.';
COMMENT ON COLUMN wfstate.logs.logged_at IS 'When.';
COMMENT ON COLUMN wfstate.logs.tenant IS 'Whose line.';
COMMENT ON COLUMN wfstate.logs.execution_id IS 'Execution; NULL where the line is of a service.';
COMMENT ON COLUMN wfstate.logs.step_id IS 'Step of the execution.';
COMMENT ON COLUMN wfstate.logs.level IS 'trace, debug, info, warn, error or fatal.';
COMMENT ON COLUMN wfstate.logs.message IS 'What it says.';
COMMENT ON COLUMN wfstate.logs.data IS 'What belongs to it: a JSON document.';
INSERT INTO wfstate.access VALUES ('wfstate.logs', 'writer');

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_settings
                WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN
        ALTER TABLE wfstate.logs ALTER COLUMN message SET COMPRESSION lz4;
        ALTER TABLE wfstate.logs ALTER COLUMN data SET COMPRESSION lz4;
    END IF;
END
$$;
-- Nobody gets rights on a partition: rows are seen through the table that it belongs to. Others are made like this one;
-- its indexes are all unique, since of a template pg_partman 5 takes only those.
CREATE TABLE wfstate.logs_default PARTITION OF wfstate.logs (
    CONSTRAINT logs_default_pkey PRIMARY KEY (tenant, logged_at, position)
) DEFAULT;
COMMENT ON TABLE wfstate.logs_default IS 'The lines of wfstate.logs for whose time there is no partition: all of them, unless wf_partition has made some.';
COMMENT ON INDEX wfstate.logs_default_pkey IS 'wf_logs of the tenant by time.';
COMMENT ON CONSTRAINT logs_default_pkey ON wfstate.logs_default IS 'A line has one place.';
-- NULLS FIRST, though there are none: in this order no other index has them, so that whoever asks for it is never
-- planned to walk the primary key in the hope of meeting the lines wanted soon.
CREATE UNIQUE INDEX logs_default_execution_idx
    ON wfstate.logs_default (tenant, execution_id, logged_at NULLS FIRST, position NULLS FIRST)
    WHERE execution_id IS NOT NULL;
COMMENT ON INDEX wfstate.logs_default_execution_idx IS 'wf_logs(execution_id => ...); wf_delete.';
CREATE UNIQUE INDEX logs_default_severe_idx ON wfstate.logs_default (tenant, logged_at NULLS FIRST, position NULLS FIRST)
    WHERE level IN ('warn', 'error', 'fatal');
COMMENT ON INDEX wfstate.logs_default_severe_idx IS 'wf_logs(min_level => ''warn'') and above, of the tenant by time.';

CREATE FUNCTION @extschema@.wf_log(
    execution_id text DEFAULT NULL, level text DEFAULT NULL, message text DEFAULT NULL, data jsonb DEFAULT NULL,
    step_id text DEFAULT NULL, logged_at timestamptz DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_log_wrapper';
COMMENT ON FUNCTION @extschema@.wf_log IS
'Writes a line to the log of an execution, or, where execution_id is NULL, of a service. level, which must be given: trace, debug, info, warn (or warning), error or fatal (or critical). message, which must be given, has at most 64 kB, data is a JSON document of at most 1 MB. The step need not exist. logged_at is now unless given. The line is part of the transaction: rolled back with it. The execution is not locked: where it is deleted at the same moment, the line may stay.
Returns the position of the line, which grows within a session.
Errors: WF005 when the execution does not exist; 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_log', 'writer');

CREATE FUNCTION @extschema@.wf_record_logs(
    execution_ids text[], levels text[], messages text[], data jsonb[] DEFAULT NULL, step_ids text[] DEFAULT NULL,
    logged_at timestamptz[] DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_record_logs_wrapper';
COMMENT ON FUNCTION @extschema@.wf_record_logs IS
'wf_log for up to 1000 lines in one call, all or none. The arrays are parallel: messages[i] is a line of level levels[i] of execution_ids[i], with data[i], step_ids[i] and logged_at[i] meaning what they mean to wf_log; an array that is left out or NULL is one of NULLs, but for levels and messages. The lines may have 64 MB together.
Returns how many were written.
Errors: those of wf_log, for the first line that is none, then for the first execution that does not exist; 22023 when the arrays differ in length; 54000 for more than 1000, or for lines that are too large together.';
INSERT INTO wfstate.access VALUES ('wf_record_logs', 'writer');

CREATE FUNCTION @extschema@.wf_logs(
    execution_id text DEFAULT NULL, min_level text DEFAULT NULL, since timestamptz DEFAULT NULL,
    until timestamptz DEFAULT NULL, text text DEFAULT NULL, step_id text DEFAULT NULL,
    newest_first bool DEFAULT true, after text DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    logged_at timestamptz, level text, message text, data jsonb, execution_id text, step_id text, "position" bigint,
    cursor text
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_logs_wrapper';
COMMENT ON FUNCTION @extschema@.wf_logs IS
'Lists lines of logs that satisfy every filter given, the newest first unless newest_first is false: those of one execution, or all of the tenant. min_level: this level and graver ones. since is inclusive, until exclusive. text: only lines whose message contains it, in upper or lower case. after is the column cursor of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100). By execution, by time, and by time from warn on, lines are read from an index; step_id, text and lower levels are looked for among these, so that a rare one reads many lines: give since.
Errors: 22023 for an unknown level, a bad cursor, or max_rows out of range; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_logs', 'reader');
