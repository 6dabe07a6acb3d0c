-- What \df+ and docs/reference.md say about the functions of circuit breakers.

COMMENT ON FUNCTION wf_circuit_allow IS
'Asks whether a call to the agent may be made. A closed circuit answers from one read; a half-open one grants one of its permits, and an open one that has waited long enough becomes half-open and grants the first. Report how the call ended with wf_circuit_record. A permit that was granted comes back when the transaction rolls back.
Returns one row: whether the call may be made, the state, and how long to wait before asking again; retry_after is NULL where the call may be made or nobody knows.
Errors: 22023 and 54000 for a bad agent_key. A refusal is an answer, not an error.';

COMMENT ON FUNCTION wf_circuit_record IS
'Records how a call to the agent ended. A closed circuit opens when its window holds enough calls and their failure rate or slow-call rate has reached its limit; a half-open one decides once the outcomes of all its trial calls are known. Outcomes while open are ignored: they belong to calls that began before. Nothing is written where the outcome changes nothing, such as one more fast success in a window full of them.
duration_ms: how long the call took; NULL is not slow.
Returns one row, what another call would be told now: allowed, state, retry_after. Never raises because a circuit opens, since that would roll the record back.
Errors: 22023 when agent_key or success is NULL, agent_key is empty, or duration_ms is negative, infinite or NaN; 54000 when agent_key is longer than 255 bytes.';

COMMENT ON FUNCTION wf_circuit_configure IS
'Sets what the circuit of an agent goes by; agent_key * means all agents of the tenant. NULL keeps the former option. An agent inherits the options that it does not have itself from *, and those that * does not have from the default. For admins.
failure_rate (default 0.5) and slow_call_rate (1): fractions of the calls at which the circuit opens. slow_call_duration (60 seconds): a call that takes longer is slow. window_kind (count) and window_size (100): count, the last so many calls; time, the calls of the last so many seconds, to 1/120 of the window where it is longer than 120. minimum_calls (100): below it the rates decide nothing; in a count window it is at most the window''s size.
open_wait (60 seconds), open_wait_multiplier (1) and open_wait_max (1 hour): how long the circuit stays open, by how much each opening in a row lasts longer, and what that growth may lead to at most. half_open_permits (10): trial calls. half_open_max_wait (60 seconds): a half-open circuit with trial calls unanswered opens again when for so long none was let through or ended; it should be longer than the longest call; 0 waits for ever.
replace: true forgets all options of the agent first, so that what is not given is inherited again.
Takes effect at once. A window of another size keeps the newest outcomes, one of another kind begins anew.
Errors: 22023 for an option out of its range, and for a bad agent_key; 54000 when it is too long.';

COMMENT ON FUNCTION wf_circuit_policy IS
'Returns the options in force for the circuit of an agent: its own, those of agent *, and the defaults.
Errors: 22023 and 54000 for a bad agent_key.';

COMMENT ON FUNCTION wf_circuit_save IS
'Sets a state that was decided elsewhere: open or closed by another breaker, forced_open by an operator (refuses calls until another state is saved), disabled (lets calls pass and records nothing), metrics_only (lets calls pass, records, and never opens), half_open.
reset_at: until when an open circuit stays so; by default what its policy says. For state open only. reason: up to 255 bytes for the log of transitions.
Returns true, or false when the circuit was so already. Saving the present state keeps what was recorded.
Errors: 22023 for a state that does not exist, a reset_at that is infinite or goes with another state, and NULL or empty arguments; 54000 for one that is too long.';

COMMENT ON FUNCTION wf_circuit_reset IS
'Closes the circuit of an agent, whatever its state, and forgets what was recorded. Policy and log of transitions stay.
Returns true, or false when there was nothing to reset.
Errors: 22023 and 54000 for a bad agent_key.';

COMMENT ON FUNCTION wf_circuits_recover IS
'Makes open circuits half-open whose reset_at has passed, without a call asking for it, and leaves out those that another transaction works on.
Returns the agents whose circuits moved, at most max_rows.
Errors: 22023 when max_rows is out of range.';

COMMENT ON FUNCTION wf_circuits IS
'Lists circuits as they are at the time of the statement, by agent_key: state, whether a call would be let through, what the window covers (failure_rate and slow_call_rate are NULL where it covers no calls), the limits in force, permits, and times. An agent that nothing was recorded or decided for has a closed circuit and is not listed.
state: only circuits in this state. after: the last agent_key of the page before.
Errors: 22023 when state does not exist, after is empty, or max_rows is out of range; 54000 when after is too long.';

COMMENT ON FUNCTION wf_circuits_open IS
'Lists circuits that are open or forced_open at the time of the statement, by agent_key. retry_after is zero where the next call will be a trial call, and NULL for forced_open.
after: the last agent_key of the page before.
Errors: 22023 when after is empty or max_rows is out of range; 54000 when after is too long.';

COMMENT ON FUNCTION wf_circuit_transitions IS
'Lists changes of state by agent_key and number, of one agent or of all: why, and what the window held before. The last 1000 of each circuit are kept.
after: cursor of the last row of the page before.
Errors: 22023 when after is not a cursor of this list, agent_key is empty, or max_rows is out of range; 54000 when agent_key is too long.';
