-- Group: Feed
-- What has changed, in an order that a poller can follow.

CREATE TABLE wfstate.feeds (
    tenant       wfstate.identifier NOT NULL,
    is_recording bool NOT NULL,
    era          integer NOT NULL DEFAULT 1,
    cluster      bigint NOT NULL,
    CONSTRAINT feeds_pkey PRIMARY KEY (tenant)
);
COMMENT ON TABLE wfstate.feeds IS 'The tenants whose changes are or were recorded. Sessions keep a copy.';
COMMENT ON COLUMN wfstate.feeds.tenant IS 'Whose changes.';
COMMENT ON COLUMN wfstate.feeds.is_recording IS 'Whether they are recorded.';
COMMENT ON COLUMN wfstate.feeds.era IS 'Grows where transaction ids begin anew: in a database that was restored.';
COMMENT ON COLUMN wfstate.feeds.cluster IS 'System identifier of the server whose transaction ids the era counts in.';
COMMENT ON INDEX wfstate.feeds_pkey IS 'The feed of one tenant.';
COMMENT ON CONSTRAINT feeds_pkey ON wfstate.feeds IS 'A tenant has one feed.';
CREATE TRIGGER feeds_invalidate AFTER INSERT OR UPDATE OR DELETE
    ON wfstate.feeds FOR EACH ROW EXECUTE FUNCTION wfstate.invalidate();
CREATE TRIGGER feeds_invalidate_all AFTER TRUNCATE
    ON wfstate.feeds FOR EACH STATEMENT EXECUTE FUNCTION wfstate.invalidate();
ALTER TABLE wfstate.feeds ENABLE ALWAYS TRIGGER feeds_invalidate;
ALTER TABLE wfstate.feeds ENABLE ALWAYS TRIGGER feeds_invalidate_all;
COMMENT ON TRIGGER feeds_invalidate ON wfstate.feeds IS 'Makes every session read the feeds again.';
COMMENT ON TRIGGER feeds_invalidate_all ON wfstate.feeds IS 'The same after TRUNCATE.';
INSERT INTO wfstate.access VALUES ('wfstate.feeds', 'operator');

-- Ordered by transaction: a sequence would be passed by a transaction that commits late.
CREATE TABLE wfstate.changes (
    xid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    position     bigint GENERATED ALWAYS AS IDENTITY,
    changed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    number       bigint,
    era          integer NOT NULL,
    tenant       wfstate.identifier NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    execution_id wfstate.identifier NOT NULL,
    name         text COLLATE "C",
    status       text COLLATE "C",
    CONSTRAINT changes_pkey PRIMARY KEY (tenant, era, xid, position),
    CONSTRAINT changes_kind_check CHECK (kind IN ('version', 'status', 'step', 'signal', 'deleted'))
);
COMMENT ON TABLE wfstate.changes IS 'What has changed since changes are recorded.';
COMMENT ON COLUMN wfstate.changes.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.changes.era IS 'In which the transaction id counts.';
COMMENT ON COLUMN wfstate.changes.xid IS 'Transaction.';
COMMENT ON COLUMN wfstate.changes.position IS 'Order within the transaction.';
COMMENT ON SEQUENCE wfstate.changes_position_seq IS 'The positions of changes.';
COMMENT ON COLUMN wfstate.changes.kind IS 'version, status, step, signal or deleted.';
COMMENT ON COLUMN wfstate.changes.execution_id IS 'Execution.';
COMMENT ON COLUMN wfstate.changes.number IS 'Version, attempt of the step, or position of the signal.';
COMMENT ON COLUMN wfstate.changes.name IS 'Step, or name of the signal.';
COMMENT ON COLUMN wfstate.changes.status IS 'Status of the execution or the step then; of a signal, sent or taken.';
COMMENT ON COLUMN wfstate.changes.changed_at IS 'When.';
COMMENT ON INDEX wfstate.changes_pkey IS 'wf_changes: what comes after a cursor.';
COMMENT ON CONSTRAINT changes_pkey ON wfstate.changes IS 'A change has one place.';
COMMENT ON CONSTRAINT changes_kind_check ON wfstate.changes IS 'What can change.';
CREATE INDEX changes_changed_idx ON wfstate.changes (tenant, changed_at);
COMMENT ON INDEX wfstate.changes_changed_idx IS 'wf_prune_changes: by age.';
INSERT INTO wfstate.access VALUES ('wfstate.changes', 'writer');

CREATE FUNCTION @extschema@.wf_record_changes(enabled bool DEFAULT true) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_record_changes_wrapper';
COMMENT ON FUNCTION @extschema@.wf_record_changes IS
'Has the changes of the tenant recorded for wf_changes from now on, or no longer. Each save then writes one more row; tenants whose changes are not recorded pay nothing. Calls that are running when this commits may not be recorded yet.
Errors: 22023 when enabled is NULL.';
INSERT INTO wfstate.access VALUES ('wf_record_changes', 'operator');

CREATE FUNCTION @extschema@.wf_changes(after text DEFAULT NULL, max_rows integer DEFAULT 100) RETURNS TABLE (
    kind text, execution_id text, version bigint, status text, step_id text, attempt bigint, signal text,
    changed_at timestamptz, cursor text
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_changes_wrapper';
COMMENT ON FUNCTION @extschema@.wf_changes IS
'Lists what has changed in the tenant since its changes are recorded (wf_record_changes), transaction by transaction, in an order that nothing is ever added to behind a row that was given: whoever asks again with the last cursor misses nothing and gets nothing twice. A change appears when no transaction is running any more that began to write before it, in any database of the server; a long one holds the feed up.
kind is version (a save that keeps the status), status (a version that gives one), step (begun, completed, failed, undone: status), signal (sent or taken: status) or deleted (the execution is gone). after is the column cursor of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100).
Errors: 22023 for a bad cursor, or max_rows out of range.';
INSERT INTO wfstate.access VALUES ('wf_changes', 'reader');

CREATE FUNCTION @extschema@.wf_prune_changes(older_than interval) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_prune_changes_wrapper';
COMMENT ON FUNCTION @extschema@.wf_prune_changes IS
'Removes recorded changes that are older; whoever follows them with wf_changes must have seen them.
Returns how many.
Errors: 22023 when older_than is NULL or negative.';
INSERT INTO wfstate.access VALUES ('wf_prune_changes', 'operator');
