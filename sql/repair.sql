-- Group: Repair
-- Going back to what is sound when a state is damaged or breaks its rules.

CREATE TABLE wfstate.recoveries (
    recovery_no    bigint NOT NULL,
    version        bigint NOT NULL,
    target_version bigint,
    lost_count     bigint NOT NULL,
    lost_from      bigint,
    lost_to        bigint,
    recovered_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant         wfstate.identifier NOT NULL,
    execution_id   wfstate.identifier NOT NULL,
    action         text NOT NULL,
    reason         text,
    recovered_by   text NOT NULL DEFAULT CURRENT_USER,
    CONSTRAINT recoveries_pkey PRIMARY KEY (tenant, execution_id, recovery_no)
);
COMMENT ON TABLE wfstate.recoveries IS 'What wf_repair did: one row for each call.';
COMMENT ON COLUMN wfstate.recoveries.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.recoveries.execution_id IS 'Execution that was repaired.';
COMMENT ON COLUMN wfstate.recoveries.recovery_no IS 'Counts from 1 within an execution, as long as nothing was pruned.';
COMMENT ON COLUMN wfstate.recoveries.action IS 'valid, repaired, checkpoint, version, initial or failed.';
COMMENT ON COLUMN wfstate.recoveries.version IS 'The head afterwards.';
COMMENT ON COLUMN wfstate.recoveries.target_version IS 'Version that the head''s state was taken from.';
COMMENT ON COLUMN wfstate.recoveries.reason IS 'What was wrong with the head; never a value of the state.';
COMMENT ON COLUMN wfstate.recoveries.lost_count IS 'Versions that the execution fell back behind.';
COMMENT ON COLUMN wfstate.recoveries.lost_from IS 'The first of them.';
COMMENT ON COLUMN wfstate.recoveries.lost_to IS 'The last of them.';
COMMENT ON COLUMN wfstate.recoveries.recovered_by IS 'Role that called wf_repair.';
COMMENT ON COLUMN wfstate.recoveries.recovered_at IS 'When.';
COMMENT ON INDEX wfstate.recoveries_pkey IS 'wf_recoveries: of one execution, in order.';
COMMENT ON CONSTRAINT recoveries_pkey ON wfstate.recoveries IS 'An execution is repaired by one call at a time.';
CREATE INDEX recoveries_recovered_idx ON wfstate.recoveries (tenant, recovered_at);
COMMENT ON INDEX wfstate.recoveries_recovered_idx IS 'wf_prune_quarantine: by age.';
INSERT INTO wfstate.access VALUES ('wfstate.recoveries', 'writer');

CREATE TABLE wfstate.quarantine (
    version        bigint NOT NULL,
    recovery_no    bigint NOT NULL,
    quarantined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    patch          jsonb,
    snapshot       jsonb,
    tenant         wfstate.identifier NOT NULL,
    execution_id   wfstate.identifier NOT NULL,
    reason         text NOT NULL,
    CONSTRAINT quarantine_pkey PRIMARY KEY (tenant, execution_id, version)
);
COMMENT ON TABLE wfstate.quarantine IS 'States that broke their rules, and what could be read of versions that wf_repair took out of the log.';
COMMENT ON COLUMN wfstate.quarantine.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.quarantine.execution_id IS 'Execution that was repaired.';
COMMENT ON COLUMN wfstate.quarantine.version IS 'Version that is broken.';
COMMENT ON COLUMN wfstate.quarantine.recovery_no IS 'The repair in wfstate.recoveries that has set it aside.';
COMMENT ON COLUMN wfstate.quarantine.reason IS 'What is wrong with it.';
COMMENT ON COLUMN wfstate.quarantine.patch IS 'Its patch, where that could be read.';
COMMENT ON COLUMN wfstate.quarantine.snapshot IS 'Its whole state, where that could be read.';
COMMENT ON COLUMN wfstate.quarantine.quarantined_at IS 'When it was set aside.';
COMMENT ON INDEX wfstate.quarantine_pkey IS 'wf_quarantined: of one execution, by version.';
COMMENT ON CONSTRAINT quarantine_pkey ON wfstate.quarantine IS 'A version is in quarantine once.';
CREATE INDEX quarantine_quarantined_idx ON wfstate.quarantine (tenant, quarantined_at);
COMMENT ON INDEX wfstate.quarantine_quarantined_idx IS 'wf_prune_quarantine: by age.';
INSERT INTO wfstate.access VALUES ('wfstate.quarantine', 'operator', 'operator');

CREATE FUNCTION @extschema@.wf_repair(execution_id text) RETURNS TABLE (
    action text, version bigint, target_version bigint, lost_count bigint, lost_from bigint, lost_to bigint, reason text
)
    LANGUAGE c VOLATILE ROWS 1 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_repair_wrapper';
COMMENT ON FUNCTION @extschema@.wf_repair IS
'Brings an execution back to a state that can be rebuilt and keeps the rules of the definition that it is bound to, by the first of these that there is. valid: the head is sound, nothing is done. repaired: the newest version can be rebuilt, and keeps the rules as it is (the head''s row was wrong) or after the defaults at properties of the schema, the definition''s repair patches and the dropping of its derived paths, each tried on what those before have made. checkpoint: the newest version with a checkpoint. version: the newest version. initial: the initial state of the definition, in its initial phase. Otherwise failed: the status becomes failed, and the rest stays as it is.
What is found becomes a new version that stands on its own, with the status and phase of the version that it is from; with failed where that would go on although steps were undone (wf_step_compensated). The newest versions that cannot be rebuilt leave the log, with their checkpoints; what can be read of them, or a state that broke the rules, goes to quarantine.
Returns one row, also for failed (state_recovery, WF003, which is not raised, since that would undo the record of it): what was done, the head afterwards, the version that its state is from, the versions that it fell back behind, and what was wrong.
Errors: WF005 when the execution does not exist.';
INSERT INTO wfstate.access VALUES ('wf_repair', 'operator');

CREATE FUNCTION @extschema@.wf_recoveries(execution_id text, after bigint DEFAULT NULL, max_rows integer DEFAULT 100) RETURNS TABLE (
    recovery_no bigint, action text, version bigint, target_version bigint, reason text, lost_count bigint,
    lost_from bigint, lost_to bigint, recovered_by text, recovered_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_recoveries_wrapper';
COMMENT ON FUNCTION @extschema@.wf_recoveries IS
'Lists what wf_repair did to an execution, the oldest first. after is the recovery_no of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100).
Errors: 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_recoveries', 'reader');

CREATE FUNCTION @extschema@.wf_quarantined(execution_id text, after bigint DEFAULT NULL, max_rows integer DEFAULT 100) RETURNS TABLE (
    version bigint, recovery_no bigint, reason text, patch jsonb, snapshot jsonb, quarantined_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_quarantined_wrapper';
COMMENT ON FUNCTION @extschema@.wf_quarantined IS
'Lists what repairs of an execution have set aside, by version. after is the version of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100).
Errors: 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_quarantined', 'operator');

CREATE FUNCTION @extschema@.wf_release_quarantined(execution_id text, version bigint) RETURNS bool
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_release_quarantined_wrapper';
COMMENT ON FUNCTION @extschema@.wf_release_quarantined IS
'Deletes a version from quarantine: nobody needs it any more.
Returns true, or false when it is not there.
Errors: 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_release_quarantined', 'operator');

CREATE FUNCTION @extschema@.wf_prune_quarantine(older_than interval, max_rows integer DEFAULT 10000) RETURNS TABLE (
    recoveries bigint, quarantined bigint
)
    LANGUAGE c VOLATILE ROWS 1 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_prune_quarantine_wrapper';
COMMENT ON FUNCTION @extschema@.wf_prune_quarantine IS
'Removes what was set aside longer ago than older_than, and the record of repairs that are older, the oldest first and at most max_rows (1 to 10000, by default 10000) of each: call it again until it removes fewer.
Returns how many of each were removed.
Errors: 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_prune_quarantine', 'operator');
