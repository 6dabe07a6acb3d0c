-- Group: Thoughts
-- What agents thought, did and saw, in order.

CREATE TABLE wfstate.thoughts (
    position     bigint GENERATED ALWAYS AS IDENTITY,
    recorded_at  timestamptz NOT NULL,
    tenant       wfstate.identifier NOT NULL,
    execution_id wfstate.identifier NOT NULL,
    step_id      wfstate.identifier,
    thought      text,
    action       text,
    observation  text,
    data         jsonb,
    CONSTRAINT thoughts_pkey PRIMARY KEY (tenant, execution_id, position)
);
COMMENT ON TABLE wfstate.thoughts IS 'What agents thought, did and saw, append-only.';
COMMENT ON COLUMN wfstate.thoughts.position IS 'Order in which they were recorded.';
COMMENT ON SEQUENCE wfstate.thoughts_position_seq IS 'The positions of thoughts.';
COMMENT ON COLUMN wfstate.thoughts.recorded_at IS 'When, as the caller says, else when the call was made.';
COMMENT ON COLUMN wfstate.thoughts.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.thoughts.execution_id IS 'Execution that it belongs to.';
COMMENT ON COLUMN wfstate.thoughts.step_id IS 'Step that it belongs to, as the caller names it.';
COMMENT ON COLUMN wfstate.thoughts.thought IS 'What was thought, at most 1 MB.';
COMMENT ON COLUMN wfstate.thoughts.action IS 'What was done, at most 1 MB.';
COMMENT ON COLUMN wfstate.thoughts.observation IS 'What was seen then, at most 1 MB.';
COMMENT ON COLUMN wfstate.thoughts.data IS 'Whatever else belongs to it, at most 1 MB.';
COMMENT ON INDEX wfstate.thoughts_pkey IS 'wf_thoughts of an execution.';
COMMENT ON CONSTRAINT thoughts_pkey ON wfstate.thoughts IS 'A thought has one place.';
CREATE INDEX thoughts_step_idx ON wfstate.thoughts (tenant, execution_id, step_id, position) WHERE step_id IS NOT NULL;
COMMENT ON INDEX wfstate.thoughts_step_idx IS 'wf_thoughts of a step.';
-- lz4 where the server has it.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_settings
                WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN
        ALTER TABLE wfstate.thoughts ALTER COLUMN thought SET COMPRESSION lz4;
        ALTER TABLE wfstate.thoughts ALTER COLUMN action SET COMPRESSION lz4;
        ALTER TABLE wfstate.thoughts ALTER COLUMN observation SET COMPRESSION lz4;
        ALTER TABLE wfstate.thoughts ALTER COLUMN data SET COMPRESSION lz4;
    END IF;
END
$$;
INSERT INTO wfstate.access VALUES ('wfstate.thoughts', 'writer');

CREATE FUNCTION @extschema@.wf_record_thought(
    execution_id text, step_id text DEFAULT NULL, thought text DEFAULT NULL, action text DEFAULT NULL,
    observation text DEFAULT NULL, data jsonb DEFAULT NULL, recorded_at timestamptz DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_record_thought_wrapper';
COMMENT ON FUNCTION @extschema@.wf_record_thought IS
'Records what an agent thought, did and saw. thought, action, observation and data are what the caller makes them, each at most 1 MB; one of them must be given. step_id: the step that it belongs to, which need not have been begun. recorded_at: when it was, for what is imported; NULL is now.
Returns its position: later ones have greater positions.
Errors: WF005 when the execution does not exist; 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_record_thought', 'writer');

CREATE FUNCTION @extschema@.wf_record_thoughts(
    execution_id text, step_ids text[] DEFAULT NULL, thoughts text[] DEFAULT NULL, actions text[] DEFAULT NULL,
    observations text[] DEFAULT NULL, data jsonb[] DEFAULT NULL, recorded_at timestamptz[] DEFAULT NULL
) RETURNS TABLE (
    "position" bigint, recorded_at timestamptz
)
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_record_thoughts_wrapper';
COMMENT ON FUNCTION @extschema@.wf_record_thoughts IS
'Records up to 1000 thoughts of an execution in one call, all or none. The arrays are parallel: step_ids[i], thoughts[i], actions[i], observations[i], data[i] and recorded_at[i] are what the arguments are to wf_record_thought; an array that is left out is one of NULLs. All together may have 64 MB.
Returns position and time of each, in the order given.
Errors: those of wf_record_thought; 22023 when the arrays differ in length, or none is given; 54000 for more than 1000, or for too much together.';
INSERT INTO wfstate.access VALUES ('wf_record_thoughts', 'writer');

CREATE FUNCTION @extschema@.wf_thoughts(
    execution_id text, step_id text DEFAULT NULL, newest_first bool DEFAULT false, after bigint DEFAULT NULL,
    max_rows integer DEFAULT 100
) RETURNS TABLE (
    "position" bigint, step_id text, thought text, action text, observation text, data jsonb,
    recorded_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_thoughts_wrapper';
COMMENT ON FUNCTION @extschema@.wf_thoughts IS
'Lists the thoughts of an execution, or of one of its steps, in the order of their positions. newest_first: the last ones first.
after is the position of the last row of the page before; max_rows is the size of the page (1 to 10000, by default 100).
Errors: WF005 when the execution does not exist; 22023 when newest_first is NULL or max_rows is out of range.';
INSERT INTO wfstate.access VALUES ('wf_thoughts', 'reader');
