-- Group: Circuit breakers
-- What they go by, what they are, and how they came to be so.

CREATE DOMAIN wfstate.circuit_state AS text COLLATE "C"
    CONSTRAINT circuit_state_check CHECK (VALUE IN
        ('closed', 'open', 'half_open', 'disabled', 'metrics_only', 'forced_open'));
COMMENT ON DOMAIN wfstate.circuit_state IS 'State of a circuit.';
COMMENT ON CONSTRAINT circuit_state_check ON DOMAIN wfstate.circuit_state IS 'The states that there are.';

-- One narrow row; the window is bytes, so that an outcome changes a row and not a set of them. A change of state
-- moves an entry of the index below, anything else is HOT.
CREATE TABLE wfstate.circuits (
    updated_at    timestamptz NOT NULL,
    progress_at   timestamptz,
    opened_at     timestamptz,
    reset_at      timestamptz,
    transitions   bigint NOT NULL,
    attempt       integer NOT NULL,
    permits_taken integer NOT NULL,
    tenant        wfstate.identifier NOT NULL,
    agent_key     wfstate.identifier NOT NULL,
    state         wfstate.circuit_state NOT NULL,
    outcomes      bytea NOT NULL,
    CONSTRAINT circuits_pkey PRIMARY KEY (tenant, agent_key)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE wfstate.circuits IS 'The circuits: one row for each agent that anything has been recorded or decided for. An agent without a row has a closed circuit.';
COMMENT ON COLUMN wfstate.circuits.tenant IS 'Whose circuit.';
COMMENT ON COLUMN wfstate.circuits.agent_key IS 'The caller''s name for what is called, 1 to 255 bytes.';
COMMENT ON COLUMN wfstate.circuits.state IS 'closed, open, half_open, disabled, metrics_only or forced_open, as of the last write: wf_circuits shows it as of now.';
COMMENT ON COLUMN wfstate.circuits.outcomes IS 'The window, encoded: outcomes of the calls, or of the trial calls while half-open.';
COMMENT ON COLUMN wfstate.circuits.attempt IS 'Openings in a row.';
COMMENT ON COLUMN wfstate.circuits.permits_taken IS 'Trial calls that were let through since it became half-open.';
COMMENT ON COLUMN wfstate.circuits.transitions IS 'Number of its last entry in wfstate.circuit_transitions.';
COMMENT ON COLUMN wfstate.circuits.opened_at IS 'When it opened last; NULL when it has closed since.';
COMMENT ON COLUMN wfstate.circuits.reset_at IS 'When an open circuit has waited long enough.';
COMMENT ON COLUMN wfstate.circuits.progress_at IS 'Half-open: when it became so, or when a trial call was let through or ended last.';
COMMENT ON COLUMN wfstate.circuits.updated_at IS 'When the row was written last.';
COMMENT ON INDEX wfstate.circuits_pkey IS 'Every call: the circuit of one agent.';
COMMENT ON CONSTRAINT circuits_pkey ON wfstate.circuits IS 'An agent has one circuit.';
CREATE INDEX circuits_open_idx ON wfstate.circuits (tenant, agent_key)
    WHERE state IN ('open', 'half_open', 'forced_open');
COMMENT ON INDEX wfstate.circuits_open_idx IS 'wf_circuits_open and wf_circuits_recover: the few circuits that are not closed.';

CREATE TABLE wfstate.circuit_policies (
    tenant               wfstate.identifier NOT NULL,
    agent_key            wfstate.identifier NOT NULL,
    failure_rate         double precision,
    slow_call_rate       double precision,
    slow_call_duration   interval,
    window_kind          text,
    window_size          integer,
    minimum_calls        integer,
    open_wait            interval,
    open_wait_multiplier double precision,
    open_wait_max        interval,
    half_open_permits    integer,
    half_open_max_wait   interval,
    configured_by        text NOT NULL DEFAULT CURRENT_USER,
    configured_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT circuit_policies_pkey PRIMARY KEY (tenant, agent_key),
    CONSTRAINT circuit_policies_failure_rate_check CHECK (failure_rate > 0 AND failure_rate <= 1),
    CONSTRAINT circuit_policies_slow_call_rate_check CHECK (slow_call_rate > 0 AND slow_call_rate <= 1),
    CONSTRAINT circuit_policies_slow_call_duration_check
        CHECK (slow_call_duration > '0' AND slow_call_duration <= '365 days'),
    CONSTRAINT circuit_policies_window_kind_check CHECK (window_kind IN ('count', 'time')),
    CONSTRAINT circuit_policies_window_size_check CHECK (window_size BETWEEN 1 AND 10000),
    CONSTRAINT circuit_policies_minimum_calls_check CHECK (minimum_calls BETWEEN 1 AND 1000000),
    CONSTRAINT circuit_policies_open_wait_check CHECK (open_wait > '0' AND open_wait <= '365 days'),
    CONSTRAINT circuit_policies_open_wait_multiplier_check CHECK (open_wait_multiplier BETWEEN 1 AND 1000),
    CONSTRAINT circuit_policies_open_wait_max_check CHECK (open_wait_max > '0' AND open_wait_max <= '365 days'),
    CONSTRAINT circuit_policies_half_open_permits_check CHECK (half_open_permits BETWEEN 1 AND 10000),
    CONSTRAINT circuit_policies_half_open_max_wait_check
        CHECK (half_open_max_wait >= '0' AND half_open_max_wait <= '365 days')
);
COMMENT ON TABLE wfstate.circuit_policies IS 'What circuits go by. An option that is NULL is inherited from the tenant''s row for agent *, and from the default where that is NULL, too.';
COMMENT ON COLUMN wfstate.circuit_policies.tenant IS 'Whose policy.';
COMMENT ON COLUMN wfstate.circuit_policies.agent_key IS 'Agent, or * for all agents of the tenant.';
COMMENT ON COLUMN wfstate.circuit_policies.failure_rate IS 'Share of failures at which the circuit opens. Default 0.5.';
COMMENT ON COLUMN wfstate.circuit_policies.slow_call_rate IS 'Share of slow calls at which the circuit opens. Default 1.';
COMMENT ON COLUMN wfstate.circuit_policies.slow_call_duration IS 'A call that takes longer is slow. Default 60 seconds.';
COMMENT ON COLUMN wfstate.circuit_policies.window_kind IS 'count: the last window_size calls; time: the calls of the last window_size seconds. Default count.';
COMMENT ON COLUMN wfstate.circuit_policies.window_size IS 'Calls or seconds. Default 100.';
COMMENT ON COLUMN wfstate.circuit_policies.minimum_calls IS 'Calls in the window below which the rates decide nothing. Default 100.';
COMMENT ON COLUMN wfstate.circuit_policies.open_wait IS 'How long the circuit stays open. Default 60 seconds.';
COMMENT ON COLUMN wfstate.circuit_policies.open_wait_multiplier IS 'Each opening in a row lasts this many times the one before. Default 1.';
COMMENT ON COLUMN wfstate.circuit_policies.open_wait_max IS 'What the multiplier may make of the wait at most. Default 1 hour.';
COMMENT ON COLUMN wfstate.circuit_policies.half_open_permits IS 'Trial calls of a half-open circuit. Default 10.';
COMMENT ON COLUMN wfstate.circuit_policies.half_open_max_wait IS 'How long a half-open circuit waits for the outcomes of its trial calls; 0 is for ever. Default 60 seconds.';
COMMENT ON COLUMN wfstate.circuit_policies.configured_by IS 'Role that called wf_circuit_configure last.';
COMMENT ON COLUMN wfstate.circuit_policies.configured_at IS 'When.';
COMMENT ON INDEX wfstate.circuit_policies_pkey IS 'Every call: the policies of one agent and of *.';
COMMENT ON CONSTRAINT circuit_policies_pkey ON wfstate.circuit_policies IS 'An agent has one policy.';
COMMENT ON CONSTRAINT circuit_policies_failure_rate_check ON wfstate.circuit_policies IS 'A fraction that can be reached.';
COMMENT ON CONSTRAINT circuit_policies_slow_call_rate_check ON wfstate.circuit_policies IS 'A fraction that can be reached.';
COMMENT ON CONSTRAINT circuit_policies_slow_call_duration_check ON wfstate.circuit_policies IS 'Positive, and a year at most.';
COMMENT ON CONSTRAINT circuit_policies_window_kind_check ON wfstate.circuit_policies IS 'The kinds that there are.';
COMMENT ON CONSTRAINT circuit_policies_window_size_check ON wfstate.circuit_policies IS 'Not empty, and small enough to be read at every call.';
COMMENT ON CONSTRAINT circuit_policies_minimum_calls_check ON wfstate.circuit_policies IS 'At least the call that decides.';
COMMENT ON CONSTRAINT circuit_policies_open_wait_check ON wfstate.circuit_policies IS 'Positive, and a year at most.';
COMMENT ON CONSTRAINT circuit_policies_open_wait_multiplier_check ON wfstate.circuit_policies IS 'Waits do not get shorter.';
COMMENT ON CONSTRAINT circuit_policies_open_wait_max_check ON wfstate.circuit_policies IS 'Positive, and a year at most.';
COMMENT ON CONSTRAINT circuit_policies_half_open_permits_check ON wfstate.circuit_policies IS 'At least the call that decides.';
COMMENT ON CONSTRAINT circuit_policies_half_open_max_wait_check ON wfstate.circuit_policies IS 'Not negative, and a year at most.';

CREATE TABLE wfstate.circuit_transitions (
    transition_no  bigint NOT NULL,
    calls          bigint NOT NULL,
    failure_rate   double precision,
    slow_call_rate double precision,
    changed_at     timestamptz NOT NULL,
    tenant         wfstate.identifier NOT NULL,
    agent_key      wfstate.identifier NOT NULL,
    from_state     wfstate.circuit_state NOT NULL,
    to_state       wfstate.circuit_state NOT NULL,
    reason         text NOT NULL,
    changed_by     text NOT NULL DEFAULT CURRENT_USER,
    CONSTRAINT circuit_transitions_pkey PRIMARY KEY (tenant, agent_key, transition_no)
);
COMMENT ON TABLE wfstate.circuit_transitions IS 'How circuits came to be what they are: one row for each change of state, the last 1000 of each circuit.';
COMMENT ON COLUMN wfstate.circuit_transitions.tenant IS 'Whose circuit.';
COMMENT ON COLUMN wfstate.circuit_transitions.agent_key IS 'Agent whose circuit moved.';
COMMENT ON COLUMN wfstate.circuit_transitions.transition_no IS 'Gapless from 1 within a circuit, as long as nothing was removed.';
COMMENT ON COLUMN wfstate.circuit_transitions.from_state IS 'State before.';
COMMENT ON COLUMN wfstate.circuit_transitions.to_state IS 'State after.';
COMMENT ON COLUMN wfstate.circuit_transitions.reason IS 'failure_rate, slow_call_rate, open_wait, trials_passed, trials_unanswered, reset, saved, or what wf_circuit_save was given.';
COMMENT ON COLUMN wfstate.circuit_transitions.calls IS 'Calls in the window before.';
COMMENT ON COLUMN wfstate.circuit_transitions.failure_rate IS 'Share of them that failed; NULL where there were none.';
COMMENT ON COLUMN wfstate.circuit_transitions.slow_call_rate IS 'Share of them that were slow; NULL where there were none.';
COMMENT ON COLUMN wfstate.circuit_transitions.changed_by IS 'Role whose call moved it.';
COMMENT ON COLUMN wfstate.circuit_transitions.changed_at IS 'When: where the circuit was overdue, when that was due.';
COMMENT ON INDEX wfstate.circuit_transitions_pkey IS 'wf_circuit_transitions: of one circuit, or of all, in order.';
COMMENT ON CONSTRAINT circuit_transitions_pkey ON wfstate.circuit_transitions IS 'A circuit makes one transition at a time.';
INSERT INTO wfstate.access VALUES ('wfstate.circuits', 'writer');
INSERT INTO wfstate.access VALUES ('wfstate.circuit_policies', 'operator');
INSERT INTO wfstate.access VALUES ('wfstate.circuit_transitions', 'writer');

CREATE TYPE wfstate.circuit_verdict AS (
    allowed     boolean,
    state       text,
    retry_after interval
);
COMMENT ON TYPE wfstate.circuit_verdict IS 'What a circuit says about a call: a row of wf_circuit_allow and wf_circuit_record.';
COMMENT ON COLUMN wfstate.circuit_verdict.allowed IS 'Whether the call may be made.';
COMMENT ON COLUMN wfstate.circuit_verdict.state IS 'State of the circuit.';
COMMENT ON COLUMN wfstate.circuit_verdict.retry_after IS 'How long to wait before asking again; NULL where the call may be made, or nobody knows.';

CREATE FUNCTION @extschema@.wf_circuit_allow(agent_key text) RETURNS wfstate.circuit_verdict
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_circuit_allow_wrapper';
COMMENT ON FUNCTION @extschema@.wf_circuit_allow IS
'Asks whether a call to the agent may be made. A closed circuit answers from one read; a half-open one grants one of its permits, and an open one that has waited long enough becomes half-open and grants the first. Report how the call ended with wf_circuit_record. A permit that was granted comes back when the transaction rolls back.
Returns one row: whether the call may be made, the state, and how long to wait before asking again; retry_after is NULL where the call may be made or nobody knows.
Errors: 22023 and 54000 for a bad agent_key. A refusal is an answer, not an error.';
INSERT INTO wfstate.access VALUES ('wf_circuit_allow', 'writer');

CREATE FUNCTION @extschema@.wf_circuit_record(
    agent_key text, success bool, duration_ms double precision DEFAULT NULL
) RETURNS wfstate.circuit_verdict
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_circuit_record_wrapper';
COMMENT ON FUNCTION @extschema@.wf_circuit_record IS
'Records how a call to the agent ended. A closed circuit opens when its window holds enough calls and their failure rate or slow-call rate has reached its limit; a half-open one decides once the outcomes of all its trial calls are known. Outcomes while open are ignored: they belong to calls that began before. Nothing is written where the outcome changes nothing, such as one more fast success in a window full of them.
duration_ms: how long the call took; NULL is not slow.
Returns one row, what another call would be told now: allowed, state, retry_after. Never raises because a circuit opens, since that would roll the record back.
Errors: 22023 when agent_key or success is NULL, agent_key is empty, or duration_ms is negative, infinite or NaN; 54000 when agent_key is longer than 255 bytes.';
INSERT INTO wfstate.access VALUES ('wf_circuit_record', 'writer');

CREATE FUNCTION @extschema@.wf_circuit_configure(
    agent_key text, failure_rate double precision DEFAULT NULL, slow_call_rate double precision DEFAULT NULL,
    slow_call_duration interval DEFAULT NULL, window_kind text DEFAULT NULL, window_size integer DEFAULT NULL,
    minimum_calls integer DEFAULT NULL, open_wait interval DEFAULT NULL,
    open_wait_multiplier double precision DEFAULT NULL, open_wait_max interval DEFAULT NULL,
    half_open_permits integer DEFAULT NULL, half_open_max_wait interval DEFAULT NULL, replace bool DEFAULT false
) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_circuit_configure_wrapper';
COMMENT ON FUNCTION @extschema@.wf_circuit_configure IS
'Sets what the circuit of an agent goes by; agent_key * means all agents of the tenant. NULL keeps the former option. An agent inherits the options that it does not have itself from *, and those that * does not have from the default. For admins.
failure_rate (default 0.5) and slow_call_rate (1): fractions of the calls at which the circuit opens. slow_call_duration (60 seconds): a call that takes longer is slow. window_kind (count) and window_size (100): count, the last so many calls; time, the calls of the last so many seconds, to 1/120 of the window where it is longer than 120. minimum_calls (100): below it the rates decide nothing; in a count window it is at most the window''s size.
open_wait (60 seconds), open_wait_multiplier (1) and open_wait_max (1 hour): how long the circuit stays open, by how much each opening in a row lasts longer, and what that growth may lead to at most. half_open_permits (10): trial calls. half_open_max_wait (60 seconds): a half-open circuit with trial calls unanswered opens again when for so long none was let through or ended; it should be longer than the longest call; 0 waits for ever.
replace: true forgets all options of the agent first, so that what is not given is inherited again.
Takes effect at once. A window of another size keeps the newest outcomes, one of another kind begins anew.
Errors: 22023 for an option out of its range, and for a bad agent_key; 54000 when it is too long.';
INSERT INTO wfstate.access VALUES ('wf_circuit_configure', 'operator');

CREATE FUNCTION @extschema@.wf_circuit_policy(agent_key text) RETURNS TABLE (
    failure_rate double precision, slow_call_rate double precision, slow_call_duration interval, window_kind text,
    window_size bigint, minimum_calls bigint, open_wait interval, open_wait_multiplier double precision,
    open_wait_max interval, half_open_permits bigint, half_open_max_wait interval
)
    LANGUAGE c STABLE ROWS 1 PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_circuit_policy_wrapper';
COMMENT ON FUNCTION @extschema@.wf_circuit_policy IS
'Returns the options in force for the circuit of an agent: its own, those of agent *, and the defaults.
Errors: 22023 and 54000 for a bad agent_key.';
INSERT INTO wfstate.access VALUES ('wf_circuit_policy', 'reader');

CREATE FUNCTION @extschema@.wf_circuit_save(
    agent_key text, state text, reset_at timestamptz DEFAULT NULL, reason text DEFAULT NULL
) RETURNS bool
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_circuit_save_wrapper';
COMMENT ON FUNCTION @extschema@.wf_circuit_save IS
'Sets a state that was decided elsewhere: open or closed by another breaker, forced_open by an operator (refuses calls until another state is saved), disabled (lets calls pass and records nothing), metrics_only (lets calls pass, records, and never opens), half_open.
reset_at: until when an open circuit stays so; by default what its policy says. For state open only. reason: up to 255 bytes for the log of transitions.
Returns true, or false when the circuit was so already. Saving the present state keeps what was recorded.
Errors: 22023 for a state that does not exist, a reset_at that is infinite or goes with another state, and NULL or empty arguments; 54000 for one that is too long.';
INSERT INTO wfstate.access VALUES ('wf_circuit_save', 'writer');

CREATE FUNCTION @extschema@.wf_circuit_reset(agent_key text) RETURNS bool
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_circuit_reset_wrapper';
COMMENT ON FUNCTION @extschema@.wf_circuit_reset IS
'Closes the circuit of an agent, whatever its state, and forgets what was recorded. Policy and log of transitions stay.
Returns true, or false when there was nothing to reset.
Errors: 22023 and 54000 for a bad agent_key.';
INSERT INTO wfstate.access VALUES ('wf_circuit_reset', 'writer');

CREATE FUNCTION @extschema@.wf_circuits_recover(max_rows integer DEFAULT 1000) RETURNS TABLE (
    agent_key text
)
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_circuits_recover_wrapper';
COMMENT ON FUNCTION @extschema@.wf_circuits_recover IS
'Makes open circuits half-open whose reset_at has passed, without a call asking for it, and leaves out those that another transaction works on.
Returns the agents whose circuits moved, at most max_rows (1 to 10000, by default 1000).
Errors: 22023 when max_rows is out of range.';
INSERT INTO wfstate.access VALUES ('wf_circuits_recover', 'writer');

CREATE TYPE wfstate.circuit_summary AS (
    agent_key            text,
    state                text,
    allows               boolean,
    retry_after          interval,
    calls                bigint,
    failures             bigint,
    slow_calls           bigint,
    failure_rate         double precision,
    slow_call_rate       double precision,
    failure_rate_limit   double precision,
    slow_call_rate_limit double precision,
    minimum_calls        bigint,
    window_kind          text,
    window_size          bigint,
    permits_taken        bigint,
    half_open_permits    bigint,
    attempt              bigint,
    opened_at            timestamptz,
    reset_at             timestamptz,
    transitions          bigint,
    updated_at           timestamptz
);
COMMENT ON TYPE wfstate.circuit_summary IS 'A circuit as it is at the time of the statement: a row of wf_circuits and wf_circuits_open.';
COMMENT ON COLUMN wfstate.circuit_summary.agent_key IS 'Agent whose circuit it is.';
COMMENT ON COLUMN wfstate.circuit_summary.state IS 'closed, open, half_open, disabled, metrics_only or forced_open.';
COMMENT ON COLUMN wfstate.circuit_summary.allows IS 'Whether a call would be let through.';
COMMENT ON COLUMN wfstate.circuit_summary.retry_after IS 'How long until one may be: zero where the next call will be a trial call, NULL where calls are let through or nobody knows.';
COMMENT ON COLUMN wfstate.circuit_summary.calls IS 'Calls that the window covers.';
COMMENT ON COLUMN wfstate.circuit_summary.failures IS 'Those that failed.';
COMMENT ON COLUMN wfstate.circuit_summary.slow_calls IS 'Those that were slow.';
COMMENT ON COLUMN wfstate.circuit_summary.failure_rate IS 'Share of those that failed; NULL where the window covers none.';
COMMENT ON COLUMN wfstate.circuit_summary.slow_call_rate IS 'Share of those that were slow; NULL where the window covers none.';
COMMENT ON COLUMN wfstate.circuit_summary.failure_rate_limit IS 'failure_rate of the policy in force.';
COMMENT ON COLUMN wfstate.circuit_summary.slow_call_rate_limit IS 'slow_call_rate of the policy in force.';
COMMENT ON COLUMN wfstate.circuit_summary.minimum_calls IS 'minimum_calls of the policy in force.';
COMMENT ON COLUMN wfstate.circuit_summary.window_kind IS 'count or time.';
COMMENT ON COLUMN wfstate.circuit_summary.window_size IS 'Calls or seconds.';
COMMENT ON COLUMN wfstate.circuit_summary.permits_taken IS 'Trial calls that were let through since it became half-open.';
COMMENT ON COLUMN wfstate.circuit_summary.half_open_permits IS 'Trial calls that a half-open circuit lets through.';
COMMENT ON COLUMN wfstate.circuit_summary.attempt IS 'Openings in a row.';
COMMENT ON COLUMN wfstate.circuit_summary.opened_at IS 'When it opened last; NULL when it has closed since.';
COMMENT ON COLUMN wfstate.circuit_summary.reset_at IS 'When an open circuit has waited long enough.';
COMMENT ON COLUMN wfstate.circuit_summary.transitions IS 'Number of its last change of state.';
COMMENT ON COLUMN wfstate.circuit_summary.updated_at IS 'When its row was written last.';

CREATE FUNCTION @extschema@.wf_circuits(
    state text DEFAULT NULL, after text DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS SETOF wfstate.circuit_summary
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_circuits_wrapper';
COMMENT ON FUNCTION @extschema@.wf_circuits IS
'Lists circuits as they are at the time of the statement, by agent_key: state, whether a call would be let through, what the window covers (failure_rate and slow_call_rate are NULL where it covers no calls), the limits in force, permits, and times. An agent that nothing was recorded or decided for has a closed circuit and is not listed.
state: only circuits in this state. after: the last agent_key of the page before; max_rows: the size of the page (1 to 10000, by default 100).
Errors: 22023 when state does not exist, after is empty, or max_rows is out of range; 54000 when after is too long.';
INSERT INTO wfstate.access VALUES ('wf_circuits', 'reader');

CREATE FUNCTION @extschema@.wf_circuits_open(after text DEFAULT NULL, max_rows integer DEFAULT 100) RETURNS SETOF wfstate.circuit_summary
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_circuits_open_wrapper';
COMMENT ON FUNCTION @extschema@.wf_circuits_open IS
'Lists circuits that are open or forced_open at the time of the statement, by agent_key. retry_after is zero where the next call will be a trial call, and NULL for forced_open.
after: the last agent_key of the page before; max_rows: the size of the page (1 to 10000, by default 100).
Errors: 22023 when after is empty or max_rows is out of range; 54000 when after is too long.';
INSERT INTO wfstate.access VALUES ('wf_circuits_open', 'reader');

CREATE FUNCTION @extschema@.wf_circuit_transitions(
    agent_key text DEFAULT NULL, after text DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    agent_key text, transition_no bigint, from_state text, to_state text, reason text,
    failure_rate double precision, slow_call_rate double precision, calls bigint, changed_by text,
    changed_at timestamptz, cursor text
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_circuit_transitions_wrapper';
COMMENT ON FUNCTION @extschema@.wf_circuit_transitions IS
'Lists changes of state by agent_key and number, of one agent or of all: why, and what the window held before. The last 1000 of each circuit are kept.
after: cursor of the last row of the page before; max_rows: the size of the page (1 to 10000, by default 100).
Errors: 22023 when after is not a cursor of this list, agent_key is empty, or max_rows is out of range; 54000 when agent_key is too long.';
INSERT INTO wfstate.access VALUES ('wf_circuit_transitions', 'reader');
