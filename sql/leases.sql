-- Group: Leases
-- Which executions wait for a worker, and which worker holds which, until when.

CREATE DOMAIN wfstate.lease_state AS text COLLATE "C"
    CONSTRAINT lease_state_check CHECK (VALUE IN ('ready', 'parked', 'delayed', 'waiting', 'held', 'idle'));
COMMENT ON DOMAIN wfstate.lease_state IS 'Where an execution stands for workers: ready to be claimed, parked until its key has room, delayed until a time, waiting until a time or a signal, held by a worker, or idle.';
COMMENT ON CONSTRAINT lease_state_check ON DOMAIN wfstate.lease_state IS 'The states that there are.';

-- Apart from the head, so that a heartbeat moves nothing else; a page is filled so far that one of all its rows stays
-- within it (HOT). The number that orders the queue becomes the fencing token of whoever takes it: a new one each
-- time, of one sequence.
CREATE TABLE wfstate.leases (
    ticket          bigint GENERATED ALWAYS AS IDENTITY,
    expires_at      timestamptz,
    check_at        timestamptz,
    claimed_at      timestamptz,
    claimed_version bigint,
    claims          integer NOT NULL DEFAULT 0,
    lane            smallint NOT NULL,
    state           wfstate.lease_state NOT NULL,
    tenant          wfstate.identifier NOT NULL,
    execution_id    wfstate.identifier NOT NULL,
    workflow        wfstate.identifier NOT NULL,
    concurrency_key wfstate.identifier,
    worker          wfstate.identifier
) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE wfstate.leases IS 'The queue of executions, and who holds them: one row for each that was started and has no final status.';
COMMENT ON COLUMN wfstate.leases.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.leases.execution_id IS 'Execution.';
COMMENT ON COLUMN wfstate.leases.workflow IS 'Workflow by which it is claimed.';
COMMENT ON COLUMN wfstate.leases.state IS 'ready, parked, delayed, waiting, held or idle.';
COMMENT ON COLUMN wfstate.leases.ticket IS 'While it is ready, its place in the queue; while it is held, the fencing token.';
COMMENT ON SEQUENCE wfstate.leases_ticket_seq IS 'Places in queues and fencing tokens: none is given twice.';
COMMENT ON COLUMN wfstate.leases.lane IS 'Twice the priority, and one more for what was started before: it goes first.';
COMMENT ON COLUMN wfstate.leases.concurrency_key IS 'Of those with the same key, no more run at a time than the workflow allows.';
COMMENT ON COLUMN wfstate.leases.worker IS 'Who holds it, or held it last.';
COMMENT ON COLUMN wfstate.leases.expires_at IS 'Until when it is held. A heartbeat changes this alone, and no index has it.';
COMMENT ON COLUMN wfstate.leases.check_at IS 'When a claim is to look at it: at the end of a delay or a wait, or of the lease as it was first given.';
COMMENT ON COLUMN wfstate.leases.claimed_at IS 'When it was claimed last.';
COMMENT ON COLUMN wfstate.leases.claimed_version IS 'Version of the execution then.';
COMMENT ON COLUMN wfstate.leases.claims IS 'How often it was claimed since it last came forward.';
CREATE INDEX leases_ready_idx ON wfstate.leases (tenant, workflow, lane, ticket) WHERE state = 'ready';
COMMENT ON INDEX wfstate.leases_ready_idx IS 'wf_claim: the first of a lane.';
CREATE INDEX leases_parked_idx ON wfstate.leases (tenant, workflow, concurrency_key, lane DESC, ticket)
    WHERE state = 'parked';
COMMENT ON INDEX wfstate.leases_parked_idx IS 'The next of a key that has room again.';
CREATE INDEX leases_held_idx ON wfstate.leases (tenant, workflow, concurrency_key) WHERE state = 'held';
COMMENT ON INDEX wfstate.leases_held_idx IS 'wf_claim, of a workflow with limits: how many are held.';
CREATE INDEX leases_check_idx ON wfstate.leases (tenant, check_at) WHERE state IN ('held', 'delayed', 'waiting');
COMMENT ON INDEX wfstate.leases_check_idx IS 'wf_claim: what has waited long enough, and whose lease may have expired.';
-- Last, as for executions.
ALTER TABLE wfstate.leases ADD CONSTRAINT leases_pkey PRIMARY KEY (tenant, execution_id);
COMMENT ON INDEX wfstate.leases_pkey IS 'The row of one execution: whether a lease is held.';
COMMENT ON CONSTRAINT leases_pkey ON wfstate.leases IS 'An execution is held by one worker.';
INSERT INTO wfstate.access VALUES ('wfstate.leases', 'writer');

CREATE TABLE wfstate.queues (
    tenant      wfstate.identifier NOT NULL,
    workflow    wfstate.identifier NOT NULL,
    lanes       integer NOT NULL DEFAULT 0,
    max_running integer,
    max_per_key integer,
    max_claims  integer,
    CONSTRAINT queues_pkey PRIMARY KEY (tenant, workflow),
    CONSTRAINT queues_max_running_check CHECK (max_running > 0),
    CONSTRAINT queues_max_per_key_check CHECK (max_per_key > 0),
    CONSTRAINT queues_max_claims_check CHECK (max_claims > 0)
);
COMMENT ON TABLE wfstate.queues IS 'The workflows whose executions are claimed, with their limits. Sessions keep a copy.';
COMMENT ON COLUMN wfstate.queues.tenant IS 'Whose workflow.';
COMMENT ON COLUMN wfstate.queues.workflow IS 'Workflow.';
COMMENT ON COLUMN wfstate.queues.lanes IS 'Bit n is set when lane n was ever used.';
COMMENT ON COLUMN wfstate.queues.max_running IS 'Most executions that are held at a time; NULL for no limit.';
COMMENT ON COLUMN wfstate.queues.max_per_key IS 'The same of those with one concurrency_key.';
COMMENT ON COLUMN wfstate.queues.max_claims IS 'Claims without progress after which an execution is set aside; NULL for 10.';
COMMENT ON INDEX wfstate.queues_pkey IS 'One workflow: its limits, locked by claims that count.';
COMMENT ON CONSTRAINT queues_pkey ON wfstate.queues IS 'A workflow has one row.';
COMMENT ON CONSTRAINT queues_max_running_check ON wfstate.queues IS 'At least 1.';
COMMENT ON CONSTRAINT queues_max_per_key_check ON wfstate.queues IS 'At least 1.';
COMMENT ON CONSTRAINT queues_max_claims_check ON wfstate.queues IS 'At least 1.';
CREATE TRIGGER queues_invalidate AFTER INSERT OR UPDATE OR DELETE
    ON wfstate.queues FOR EACH ROW EXECUTE FUNCTION wfstate.invalidate();
CREATE TRIGGER queues_invalidate_all AFTER TRUNCATE
    ON wfstate.queues FOR EACH STATEMENT EXECUTE FUNCTION wfstate.invalidate();
ALTER TABLE wfstate.queues ENABLE ALWAYS TRIGGER queues_invalidate;
ALTER TABLE wfstate.queues ENABLE ALWAYS TRIGGER queues_invalidate_all;
COMMENT ON TRIGGER queues_invalidate ON wfstate.queues IS 'Makes every session read the queues again.';
COMMENT ON TRIGGER queues_invalidate_all ON wfstate.queues IS 'The same after TRUNCATE.';
INSERT INTO wfstate.access VALUES ('wfstate.queues', 'nobody');

-- The plans are kept as they were first made, when the tables may be empty: every one of them is to read the index
-- that is there for it, in its order.
CREATE FUNCTION @extschema@.wf_claim(
    worker text, workflows text[] DEFAULT NULL, duration interval DEFAULT '30 seconds', max_rows integer DEFAULT 1
) RETURNS TABLE (
    execution_id text, lease bigint, expires_at timestamptz, workflow text, workflow_version integer, status text,
    phase text, version bigint, input jsonb, claims integer
)
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
    SET enable_hashjoin = off SET enable_mergejoin = off
    AS 'MODULE_PATHNAME', 'wf_claim_wrapper';
COMMENT ON FUNCTION @extschema@.wf_claim IS
'Hands executions to a worker: those that are pending, whose wait is over, and whose worker has let its lease expire. No other worker gets them until the lease ends, by wf_release, the end of the execution, or expiry, which wf_heartbeat puts off. Higher priorities come first, then what was claimed, delayed or woken before, then the older; what is committed late may be passed over for up to a second, while there is other work. Whatever another transaction is claiming or writing is passed over, not waited for; claims of a workflow with limits (wf_set_limits) follow each other. What is pending or waiting becomes running.
worker: a name, for people and for history. workflows: NULL takes all. duration: how long the lease is held, at most 1 day. max_rows: how many at most (1 to 10000, by default 1); fewer where their inputs have more than 64 MB.
Returns a row for each: lease is the fencing token, to be given as lease to every call for the execution; claims counts how often it was claimed since it last came forward. One that was claimed max_claims times (wf_set_limits; 10) without a new version, a completed step or an ended wait is set aside instead: it has failed, with an error that says so.
Errors: 22023 for a bad argument; 54000 for more than 1000 workflows, or a name that is too long.';
INSERT INTO wfstate.access VALUES ('wf_claim', 'writer');

CREATE FUNCTION @extschema@.wf_heartbeat(
    execution_ids text[], leases bigint[], duration interval DEFAULT '30 seconds'
) RETURNS TABLE (
    execution_id text, held bool, expires_at timestamptz
)
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_heartbeat_wrapper';
COMMENT ON FUNCTION @extschema@.wf_heartbeat IS
'Puts off the expiry of up to 1000 leases: leases[i] is that of execution_ids[i]. A lease that has expired, or is another worker''s, cannot be had back: its worker must leave the execution alone.
Returns a row for each, in the order given: whether it is held, and until when.
Errors: 22023 for a bad argument, arrays that differ in length, or an execution given twice; 54000 for more than 1000.';
INSERT INTO wfstate.access VALUES ('wf_heartbeat', 'writer');

CREATE FUNCTION @extschema@.wf_release(
    execution_id text, lease bigint, delay interval DEFAULT NULL, note text DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_release_wrapper';
COMMENT ON FUNCTION @extschema@.wf_release IS
'Gives a lease back, for another worker to go on: what is running becomes pending again. It does not count as a claim without progress. delay: nobody claims it before.
Returns the newest version.
Errors: WF007 when the lease is not held; 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_release', 'writer');

CREATE FUNCTION @extschema@.wf_leases(
    workflow text DEFAULT NULL, worker text DEFAULT NULL, state text DEFAULT NULL, execution_id text DEFAULT NULL,
    after text DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    execution_id text, workflow text, state text, priority integer, worker text, lease bigint, claimed_at timestamptz,
    expires_at timestamptz, due_at timestamptz, claims integer, concurrency_key text
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_leases_wrapper';
COMMENT ON FUNCTION @extschema@.wf_leases IS
'Lists the executions that wait for a worker or are held by one, by id. state: ready, parked (until its concurrency_key has room), delayed (until due_at: start_at of wf_start, or the delay of wf_release), waiting (for a signal or children, or until due_at, where that is set), held (also beyond expires_at, until it is claimed again), or idle (paused). worker: who holds it, or held it last. execution_id: that one alone. after is the execution_id of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100).
Errors: 22023 for an unknown state, or max_rows out of range.';
INSERT INTO wfstate.access VALUES ('wf_leases', 'reader');

CREATE FUNCTION @extschema@.wf_set_limits(
    workflow text, max_running integer DEFAULT NULL, max_per_key integer DEFAULT NULL, max_claims integer DEFAULT NULL
) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_set_limits_wrapper';
COMMENT ON FUNCTION @extschema@.wf_set_limits IS
'Limits the executions of a workflow that are held at a time, all of them (max_running) and those with the same concurrency_key of wf_start (max_per_key), and the claims without progress after which one is set aside (max_claims). All three are set: what is left out or NULL has no limit then, and 10 claims. A lower limit takes no lease away. Claims of a workflow with max_running or max_per_key follow each other; those of others do not.
Errors: 22023 for a bad argument; 54000 for a name that is too long.';
INSERT INTO wfstate.access VALUES ('wf_set_limits', 'operator');

CREATE FUNCTION @extschema@.wf_limits(workflow text DEFAULT NULL) RETURNS TABLE (
    workflow text, max_running integer, max_per_key integer, max_claims integer, running bigint
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_limits_wrapper';
COMMENT ON FUNCTION @extschema@.wf_limits IS
'Lists the workflows whose executions were started, or that have limits, by name: their limits, and how many of their executions are held.
Errors: 22023 when workflow is empty.';
INSERT INTO wfstate.access VALUES ('wf_limits', 'reader');
