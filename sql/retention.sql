-- Group: Retention
-- How long what has ended is kept, and removing what is older.

CREATE TABLE wfstate.retention (
    tenant       wfstate.identifier NOT NULL,
    item         text COLLATE "C" NOT NULL,
    older_than   interval,
    checkpointed bool NOT NULL DEFAULT false,
    set_by       text NOT NULL DEFAULT CURRENT_USER,
    set_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT retention_pkey PRIMARY KEY (tenant, item),
    CONSTRAINT retention_older_than_check CHECK (older_than >= '0' AND older_than <= '372000 days')
);
COMMENT ON TABLE wfstate.retention IS 'How long what has ended is kept in a tenant: a row for each item of which something was said; others are kept for ever.';
COMMENT ON COLUMN wfstate.retention.tenant IS 'Whose.';
COMMENT ON COLUMN wfstate.retention.item IS 'What is removed when it is older, as wf_retention lists it.';
COMMENT ON COLUMN wfstate.retention.older_than IS 'How long it is kept; NULL where only definitions say so.';
COMMENT ON COLUMN wfstate.retention.checkpointed IS 'Of executions: whether those with checkpoints go, too.';
COMMENT ON COLUMN wfstate.retention.set_by IS 'Role that called wf_set_retention last.';
COMMENT ON COLUMN wfstate.retention.set_at IS 'When.';
COMMENT ON INDEX wfstate.retention_pkey IS 'wf_maintain and wf_cleanup: what is kept for how long.';
COMMENT ON CONSTRAINT retention_older_than_check ON wfstate.retention IS 'A length of time that can be counted back, up to 1000 years with months of 31 days.';
COMMENT ON CONSTRAINT retention_pkey ON wfstate.retention IS 'An item is kept for one time.';
INSERT INTO wfstate.access VALUES ('wfstate.retention', 'operator');

CREATE TABLE wfstate.cleanup_progress (
    tenant         wfstate.identifier NOT NULL,
    item           text COLLATE "C" NOT NULL,
    pass           text NOT NULL,
    after_at       timestamptz,
    after_workflow text COLLATE "C" NOT NULL DEFAULT '',
    after_key      text COLLATE "C" NOT NULL DEFAULT '',
    removed        bigint NOT NULL DEFAULT 0,
    updated_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT cleanup_progress_pkey PRIMARY KEY (tenant, item)
);
COMMENT ON TABLE wfstate.cleanup_progress IS 'How far batches have come that pass over what is kept: the next one goes on there. Written by functions only.';
COMMENT ON COLUMN wfstate.cleanup_progress.tenant IS 'Whose; * for wf_maintain over all tenants, which goes on behind the tenant after_key.';
COMMENT ON COLUMN wfstate.cleanup_progress.item IS 'What is removed.';
COMMENT ON COLUMN wfstate.cleanup_progress.pass IS 'What was asked for: another question begins anew.';
COMMENT ON COLUMN wfstate.cleanup_progress.after_at IS 'The last execution that was looked at: when it was created.';
COMMENT ON COLUMN wfstate.cleanup_progress.after_workflow IS 'The workflow that is being gone through; empty for all executions of the tenant.';
COMMENT ON COLUMN wfstate.cleanup_progress.after_key IS 'The last execution or circuit that was looked at.';
COMMENT ON COLUMN wfstate.cleanup_progress.removed IS 'What was removed since the pass began: what that has made free is found by the next one.';
COMMENT ON COLUMN wfstate.cleanup_progress.updated_at IS 'When the last batch ended.';
COMMENT ON INDEX wfstate.cleanup_progress_pkey IS 'Every batch: where it goes on.';
COMMENT ON CONSTRAINT cleanup_progress_pkey ON wfstate.cleanup_progress IS 'An item is gone through once at a time.';
INSERT INTO wfstate.access VALUES ('wfstate.cleanup_progress', 'nobody');

CREATE FUNCTION @extschema@.wf_set_retention(item text, older_than interval, checkpointed bool DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_set_retention_wrapper';
COMMENT ON FUNCTION @extschema@.wf_set_retention IS
'Says how long the tenant keeps something that has ended, for wf_maintain and wf_cleanup to go by; NULL keeps it for ever, as everything is until this is called. item is one of those that wf_retention lists, where wf_cleanup says what of each is removed. An age without a unit is of seconds: write ''30 days''. checkpointed: of executions, also those that have checkpoints (with older_than NULL those whose definition says how long they are kept); NULL leaves that as it was said before, which at first is false.
Errors: 22023 for an unknown item, an older_than that is negative or more than 1000 years, checkpointed of something else than executions, or a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_set_retention', 'operator');

CREATE FUNCTION @extschema@.wf_retention() RETURNS TABLE (
    item text, older_than interval, checkpointed bool, set_by text, set_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE ROWS 17 AS 'MODULE_PATHNAME', 'wf_retention_wrapper';
COMMENT ON FUNCTION @extschema@.wf_retention IS
'Lists how long the tenant keeps what has ended: every item that can be kept for a time, in the order in which wf_cleanup goes through them. older_than is NULL for what is kept for ever; set_by and set_at are NULL where nobody has said anything.';
INSERT INTO wfstate.access VALUES ('wf_retention', 'reader');

CREATE FUNCTION @extschema@.wf_cleanup(
    older_than interval DEFAULT NULL, dry_run bool DEFAULT false, batch_size integer DEFAULT 1000,
    items text[] DEFAULT NULL, checkpointed bool DEFAULT NULL, as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
    item text, removed bigint, failed bigint, finished bool
)
    LANGUAGE c VOLATILE ROWS 17 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_cleanup_wrapper';
COMMENT ON FUNCTION @extschema@.wf_cleanup IS
'Removes what has ended longer ago than older_than, in one bounded batch a call: call it again until every row says finished. It waits for no other session for longer than a tenth of a second: what somebody has locked is passed over, and a second call in the same tenant at the same time does nothing. With older_than NULL each item goes by wf_set_retention, and what is kept for ever is left alone. An older_than that is given counts for every item instead of what wf_set_retention says, also where that keeps it longer or for ever; an age without a unit is of seconds. So name the items, and look at a dry run first.
executions: those with a final status, with everything that belongs to them. Where the definition that one is bound to has retention.keep_completed_for, that counts instead. Left alone are those that have checkpoints, unless checkpointed; on whose versions forks stand; that have children without a final status; whose parent has none; and what a worker holds. versions: what wf_prune_history would remove by retention.keep_versions and keep_for of the definition, of all executions bound to it; older_than has no say. circuits: closed ones that were not written since, with their transitions. decisions and statistics: as wf_prune_routing. task_results: those of executions that never came (wf_record_task). changes: as wf_prune_changes. signals: those that were taken. waits: those that have ended, only where items or wf_set_retention name them, since an execution that asks again for a wait that was removed waits anew. quarantine and recoveries: as wf_prune_quarantine. migration_failures: what wf_migrate_states has failed to migrate. logs and metrics: also those of executions that go on, and of none. memories (by when they were remembered last) and todo_lists (those of no execution, by their last change): only where items or wf_set_retention name them.
items: only these. checkpointed: NULL goes by wf_set_retention. as_of: the time that older_than counts from, NULL for now; never later. dry_run: nothing is removed, and removed says how many would be, or at least are where finished is false: what stays for the sake of another execution may go in the pass behind the one that removes that. batch_size is how much of each a call removes at most (1 to 10000, by default 1000), executions with all that belongs to them: lines and measurements of an execution are not counted; a call also ends where it has passed over ten times as much, or 20000.
Returns a row for each item: what was removed, what could not be (histories that cannot be rebuilt; wf_verify tells), and whether there is nothing left: false as long as another call may find more, true in a dry run where removed is all. For operators.
Errors: 22023 for an unknown item, an older_than that is negative or more than 1000 years, an as_of in the future, batch_size out of range, or a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_cleanup', 'operator');
