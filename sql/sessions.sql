-- Group: Sessions
-- Sessions of agents: executions of which it is known whose they are and what for.

CREATE TABLE wfstate.sessions (
    created_at   timestamptz NOT NULL,
    tenant       wfstate.identifier NOT NULL,
    execution_id wfstate.identifier NOT NULL,
    user_id      wfstate.identifier,
    mission      text,
    CONSTRAINT sessions_pkey PRIMARY KEY (tenant, execution_id)
);
COMMENT ON TABLE wfstate.sessions IS 'The executions that are sessions of agents: whose, and what for. Everything else about them is in wfstate.executions.';
COMMENT ON COLUMN wfstate.sessions.created_at IS 'When the execution was created; a copy, by which sessions are listed.';
COMMENT ON COLUMN wfstate.sessions.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.sessions.execution_id IS 'The execution that is the session.';
COMMENT ON COLUMN wfstate.sessions.user_id IS 'Whose session, as the caller names users.';
COMMENT ON COLUMN wfstate.sessions.mission IS 'What it is for, at most 8 kB.';
COMMENT ON INDEX wfstate.sessions_pkey IS 'One session.';
COMMENT ON CONSTRAINT sessions_pkey ON wfstate.sessions IS 'An execution is one session.';
CREATE INDEX sessions_user_idx ON wfstate.sessions (tenant, user_id, created_at, execution_id)
    WHERE user_id IS NOT NULL;
COMMENT ON INDEX wfstate.sessions_user_idx IS 'wf_sessions of one user, by time.';
CREATE INDEX sessions_created_idx ON wfstate.sessions (tenant, created_at, execution_id);
COMMENT ON INDEX wfstate.sessions_created_idx IS 'wf_sessions by time.';
INSERT INTO wfstate.access VALUES ('wfstate.sessions', 'writer');

CREATE FUNCTION @extschema@.wf_save_session(
    execution_id text, state jsonb, user_id text DEFAULT NULL, mission text DEFAULT NULL, status text DEFAULT NULL,
    expected_version bigint DEFAULT NULL, workflow text DEFAULT NULL, phase text DEFAULT NULL,
    tags jsonb DEFAULT NULL, step_id text DEFAULT NULL, note text DEFAULT NULL, schema_version integer DEFAULT NULL,
    lease bigint DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_save_session_wrapper';
COMMENT ON FUNCTION @extschema@.wf_save_session IS
'Saves the whole state of a session as a new version, as wf_save_state does, and creates the session when it is missing. With state NULL the execution must be there: its state is kept as the new version''s, and only what else is given changes; workflow and schema_version must be left out then. A session is an execution, so that all functions for executions work on it; an execution that is there becomes one.
user_id (1 to 255 bytes): whose session it is. mission: what it is for, at most 8 kB. status: that of the execution. Where one of them is NULL, it is taken from the member of that name at the top of the state, if that is a string that may be one; a status there that wfstate does not know, an empty text and one that is too long are left alone. Where neither says anything the former is kept. An empty mission that is given as argument is stored as such. wf_patch_state, wf_recover and others that change the state alone leave user and mission as they are. The other arguments are those of wf_save_state.
Returns the new version.
Errors: those of wf_save_state, also for a status that the state gives, which DETAIL then tells.';
INSERT INTO wfstate.access VALUES ('wf_save_session', 'writer');

CREATE FUNCTION @extschema@.wf_session(execution_id text) RETURNS TABLE (
    execution_id text, user_id text, mission text, workflow text, status text, phase text, version bigint,
    state jsonb, tags jsonb, created_at timestamptz, updated_at timestamptz, completed_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_session_wrapper';
COMMENT ON FUNCTION @extschema@.wf_session IS
'Returns a session with its current state, as one row. version is what a later save passes as expected_version.
Errors: WF005 when the session does not exist, also where an execution of that id does (wf_load returns it); WF008 when the log is damaged.';
INSERT INTO wfstate.access VALUES ('wf_session', 'reader');

CREATE FUNCTION @extschema@.wf_sessions(
    user_id text DEFAULT NULL, status text DEFAULT NULL, since timestamptz DEFAULT NULL,
    before timestamptz DEFAULT NULL, after text DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    execution_id text, user_id text, mission text, workflow text, status text, phase text, version bigint,
    created_at timestamptz, updated_at timestamptz, completed_at timestamptz, cursor text
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_sessions_wrapper';
COMMENT ON FUNCTION @extschema@.wf_sessions IS
'Lists sessions, without their states, that satisfy every filter given; newest first by created_at. user_id: whose. status: that of the execution. since is inclusive, before exclusive; both are about created_at.
after is the column cursor of the last row of the page before; max_rows is the size of the page (1 to 10000, by default 100).
Errors: 22023 for an unknown status, a bad cursor, or max_rows out of range; 54000 for an over-long user_id.';
INSERT INTO wfstate.access VALUES ('wf_sessions', 'reader');
