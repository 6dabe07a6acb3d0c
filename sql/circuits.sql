-- Circuit breakers: what they go by, what they are, and how they came to be so.

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

SELECT pg_catalog.pg_extension_config_dump('wfstate.circuits', '');
SELECT pg_catalog.pg_extension_config_dump('wfstate.circuit_policies', '');
SELECT pg_catalog.pg_extension_config_dump('wfstate.circuit_transitions', '');
