-- Group: Signals and timers
-- What an execution waits for without a session: signals, times, and the end of its children.

CREATE TABLE wfstate.signals (
    position        bigint GENERATED ALWAYS AS IDENTITY,
    sent_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    taken_at        timestamptz,
    tenant          wfstate.identifier NOT NULL,
    execution_id    wfstate.identifier NOT NULL,
    name            wfstate.identifier NOT NULL,
    idempotency_key wfstate.identifier,
    taken_by        wfstate.identifier,
    sent_by         text NOT NULL DEFAULT CURRENT_USER,
    payload         jsonb,
    CONSTRAINT signals_pkey PRIMARY KEY (tenant, execution_id, position),
    CONSTRAINT signals_taken_check CHECK ((taken_at IS NULL) = (taken_by IS NULL))
);
COMMENT ON TABLE wfstate.signals IS 'Signals that were sent to executions: each is taken once.';
COMMENT ON COLUMN wfstate.signals.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.signals.execution_id IS 'Execution.';
COMMENT ON COLUMN wfstate.signals.position IS 'Signals of one name are taken in this order.';
COMMENT ON SEQUENCE wfstate.signals_position_seq IS 'The positions of signals.';
COMMENT ON COLUMN wfstate.signals.name IS 'What it is about.';
COMMENT ON COLUMN wfstate.signals.payload IS 'What it says.';
COMMENT ON COLUMN wfstate.signals.idempotency_key IS 'Unique within the execution: sent again with it, it is the same signal.';
COMMENT ON COLUMN wfstate.signals.sent_at IS 'When it was sent.';
COMMENT ON COLUMN wfstate.signals.sent_by IS 'Role that sent it.';
COMMENT ON COLUMN wfstate.signals.taken_at IS 'When it was taken; NULL until then.';
COMMENT ON COLUMN wfstate.signals.taken_by IS 'The wait that has taken it.';
COMMENT ON INDEX wfstate.signals_pkey IS 'wf_signals: of one execution, in order.';
COMMENT ON CONSTRAINT signals_pkey ON wfstate.signals IS 'A position is given once.';
COMMENT ON CONSTRAINT signals_taken_check ON wfstate.signals IS 'What is taken is taken by a wait.';
CREATE INDEX signals_untaken_idx ON wfstate.signals (tenant, execution_id, name, position) WHERE taken_at IS NULL;
COMMENT ON INDEX wfstate.signals_untaken_idx IS 'wf_await_signal: the first of a name that nobody has taken.';
CREATE UNIQUE INDEX signals_idempotency_idx ON wfstate.signals (tenant, execution_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
COMMENT ON INDEX wfstate.signals_idempotency_idx IS 'wf_signal: whether a key was used before.';
CREATE INDEX signals_taken_idx ON wfstate.signals (tenant, taken_at) WHERE taken_at IS NOT NULL;
COMMENT ON INDEX wfstate.signals_taken_idx IS 'wf_cleanup: those that were taken, by age.';
INSERT INTO wfstate.access VALUES ('wfstate.signals', 'writer');

CREATE TABLE wfstate.waits (
    begun_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    wake_at       timestamptz,
    ended_at      timestamptz,
    asked_version bigint NOT NULL,
    tenant        wfstate.identifier NOT NULL,
    execution_id  wfstate.identifier NOT NULL,
    wait_id       wfstate.identifier NOT NULL,
    kind          text COLLATE "C" NOT NULL,
    name          wfstate.identifier,
    outcome       text COLLATE "C",
    blocked_by    wfstate.identifier,
    payload       jsonb,
    CONSTRAINT waits_pkey PRIMARY KEY (tenant, execution_id, wait_id),
    CONSTRAINT waits_kind_check CHECK (kind IN ('signal', 'sleep', 'children')),
    CONSTRAINT waits_outcome_check CHECK (outcome IN ('received', 'timeout', 'done')),
    CONSTRAINT waits_ended_check CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT waits_name_check CHECK ((kind = 'signal') = (name IS NOT NULL))
);
COMMENT ON TABLE wfstate.waits IS 'What executions wait for, or have waited for: asked again, each wait has the same answer.';
COMMENT ON COLUMN wfstate.waits.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.waits.execution_id IS 'Execution.';
COMMENT ON COLUMN wfstate.waits.wait_id IS 'Unique within the execution.';
COMMENT ON COLUMN wfstate.waits.kind IS 'signal, sleep or children.';
COMMENT ON COLUMN wfstate.waits.name IS 'Name of the signal.';
COMMENT ON COLUMN wfstate.waits.begun_at IS 'When it was first asked.';
COMMENT ON COLUMN wfstate.waits.asked_version IS 'Version of the execution when it was last asked: what nobody asks for any more wakes nobody.';
COMMENT ON COLUMN wfstate.waits.wake_at IS 'When it ends in any case; NULL for never.';
COMMENT ON COLUMN wfstate.waits.ended_at IS 'When it ended; NULL while it goes on.';
COMMENT ON COLUMN wfstate.waits.outcome IS 'received, timeout or done.';
COMMENT ON COLUMN wfstate.waits.blocked_by IS 'Of children: one that had not ended when it was last looked. Until it has, the ends of others need no look at all of them.';
COMMENT ON COLUMN wfstate.waits.payload IS 'What the signal said.';
COMMENT ON INDEX wfstate.waits_pkey IS 'All waits of one execution.';
COMMENT ON CONSTRAINT waits_pkey ON wfstate.waits IS 'A wait has one answer.';
COMMENT ON CONSTRAINT waits_kind_check ON wfstate.waits IS 'What can be waited for.';
COMMENT ON CONSTRAINT waits_outcome_check ON wfstate.waits IS 'How a wait can end.';
COMMENT ON CONSTRAINT waits_ended_check ON wfstate.waits IS 'What has ended has an outcome.';
COMMENT ON CONSTRAINT waits_name_check ON wfstate.waits IS 'Signals have names.';
CREATE INDEX waits_open_idx ON wfstate.waits (tenant, execution_id, kind, name) WHERE ended_at IS NULL;
COMMENT ON INDEX wfstate.waits_open_idx IS 'wf_signal and the end of children: whether somebody waits for that; and what an execution waits for.';
CREATE INDEX waits_ended_idx ON wfstate.waits (tenant, ended_at) WHERE ended_at IS NOT NULL;
COMMENT ON INDEX wfstate.waits_ended_idx IS 'wf_cleanup: those that have ended, by age.';
INSERT INTO wfstate.access VALUES ('wfstate.waits', 'writer');

CREATE FUNCTION @extschema@.wf_signal(
    execution_id text, name text, payload jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL
) RETURNS TABLE (
    "position" bigint, created bool
)
    LANGUAGE c VOLATILE ROWS 1 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_signal_wrapper';
COMMENT ON FUNCTION @extschema@.wf_signal IS
'Sends a signal to an execution, which may wait for it now or ask for it later. It is kept until wf_await_signal takes it, once; an execution that waits for it can be claimed at once. idempotency_key: sent again with the same key, it is the same signal.
Returns one row: the place of the signal among those of the execution, and whether this call has sent it.
Errors: WF005 when the execution does not exist; WF004 when its status is final; WF006 when the key was used for another signal; 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_signal', 'writer');

CREATE FUNCTION @extschema@.wf_await_signal(
    execution_id text, name text, timeout interval DEFAULT NULL, wait_id text DEFAULT NULL, lease bigint DEFAULT NULL
) RETURNS TABLE (
    action text, payload jsonb, wake_at timestamptz
)
    LANGUAGE c VOLATILE ROWS 1 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_await_signal_wrapper';
COMMENT ON FUNCTION @extschema@.wf_await_signal IS
'Takes a signal of an execution, or has the execution wait for it without a session. action tells what to do: received, go on with the payload; timeout, go on without, since none has come, and the time is over (timeout counts from the first call); wait, leave the execution: it is waiting now, its lease has ended, and it can be claimed again when the signal comes, or at wake_at. Whoever then runs it comes to the same call.
wait_id tells waits of one execution apart, NULL takes the name: asked again, a wait has the same answer, and the next signal of a name is another wait. A signal that came before counts, and of several the oldest is taken. lease: the token of wf_claim, under which alone this is done.
Returns one row.
Errors: WF007 when the lease is not held; WF004 when the execution is paused, compensating or in a final status; WF005 when it does not exist; WF006 when wait_id was used for something else; 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_await_signal', 'writer');

CREATE FUNCTION @extschema@.wf_sleep(
    execution_id text, wait_id text, duration interval DEFAULT NULL, until timestamptz DEFAULT NULL,
    lease bigint DEFAULT NULL
) RETURNS TABLE (
    action text, wake_at timestamptz
)
    LANGUAGE c VOLATILE ROWS 1 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_sleep_wrapper';
COMMENT ON FUNCTION @extschema@.wf_sleep IS
'Has an execution wait without a session: for a duration from the first call on, or until a time of the server''s clock. action tells what to do: done, go on; wait, leave the execution: its lease has ended, and it can be claimed again at wake_at. Whoever then runs it comes to the same call. wait_id tells the waits of the execution apart. lease: the token of wf_claim, under which alone this is done.
Returns one row.
Errors: those of wf_await_signal; 22023 unless one of duration and until is given.';
INSERT INTO wfstate.access VALUES ('wf_sleep', 'writer');

CREATE FUNCTION @extschema@.wf_await_children(
    execution_id text, timeout interval DEFAULT NULL, wait_id text DEFAULT 'children', lease bigint DEFAULT NULL
) RETURNS TABLE (
    action text, children bigint, completed bigint, incomplete bigint, wake_at timestamptz
)
    LANGUAGE c VOLATILE ROWS 1 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_await_children_wrapper';
COMMENT ON FUNCTION @extschema@.wf_await_children IS
'Has an execution wait, without a session, until all that were started with it as parent have a final status. action tells what to do: done, go on; timeout, go on although not all have ended in time; wait, leave the execution: its lease has ended, and it can be claimed again when the last child ends, or at wake_at. Whoever then runs it comes to the same call. wait_id tells the waits of the execution apart: asked again, a wait has the same answer, also where children were started since, and even where there were none, so children that are started later are awaited by another wait_id. lease: the token of wf_claim, under which alone this is done.
Returns one row, with how many children there are now, how many of them have completed, and how many have no final status; wf_list(parent => ...) lists them.
Errors: those of wf_await_signal.';
INSERT INTO wfstate.access VALUES ('wf_await_children', 'writer');

CREATE FUNCTION @extschema@.wf_signals(
    execution_id text, name text DEFAULT NULL, taken bool DEFAULT NULL, after bigint DEFAULT NULL,
    max_rows integer DEFAULT 100
) RETURNS TABLE (
    "position" bigint, name text, payload jsonb, idempotency_key text, sent_by text, sent_at timestamptz,
    taken_by text, taken_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_signals_wrapper';
COMMENT ON FUNCTION @extschema@.wf_signals IS
'Lists the signals of an execution, the oldest first. taken: only those that were taken, or that were not. after is the position of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100).
Errors: 22023 when max_rows is out of range.';
INSERT INTO wfstate.access VALUES ('wf_signals', 'reader');

CREATE FUNCTION @extschema@.wf_waits(
    execution_id text, after text DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    wait_id text, kind text, name text, outcome text, payload jsonb, begun_at timestamptz, wake_at timestamptz,
    ended_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_waits_wrapper';
COMMENT ON FUNCTION @extschema@.wf_waits IS
'Lists what an execution waits for or has waited for, by wait_id: kind is signal, sleep or children; outcome is received, timeout or done, NULL while it goes on. after is the wait_id of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100).
Errors: 22023 when max_rows is out of range.';
INSERT INTO wfstate.access VALUES ('wf_waits', 'reader');
