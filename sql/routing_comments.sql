COMMENT ON FUNCTION wf_record_routing IS
'Records that an agent was chosen for a task, and what came of it where that is known: then the statistics of the agent count the task, in the same transaction. Leave success NULL when the outcome comes later, and give it to wf_complete_routing.
duration_ms is in milliseconds, from 0 to 2^40. candidates is a JSON document of at most 16 kB, error a text of at most 8 kB. decided_at is now unless given, and decides about the hour that counts the task. The execution and its step need not exist. feed_circuit records the outcome with the agent''s circuit breaker as well, as wf_circuit_record does; the circuit''s row is then locked until the transaction ends.
Returns the id of the decision, a UUIDv7.
Errors: 22023 for a bad argument; 54000 over a limit.';

COMMENT ON FUNCTION wf_complete_routing IS
'Records the outcome of a decision that was recorded without one; the statistics of the agent count the task then, in the hour of the decision. error and retry_attempts: NULL keeps the former. feed_circuit is that of wf_record_routing.
Returns true, or false when the outcome was recorded before, in which case nothing is changed: a call may be repeated.
Errors: WF005 when the decision does not exist; 22023 for a bad argument; 54000 over a limit.';

COMMENT ON FUNCTION wf_routing_decisions IS
'Lists routing decisions that satisfy every filter given, newest first unless newest_first is false. pending: true for those without an outcome, false for those with one. since is inclusive, until exclusive, both of decided_at. after is the decision_id of the last row of the page before, max_rows the size of the page (1 to 10000). By task, agent, execution or time a list is read from an index.
Errors: 22023 when max_rows is out of range or a name is empty; 54000 for over-long names.';

COMMENT ON FUNCTION wf_agent_statistics IS
'Tells what is known of the tasks of each agent, or of one: counts, success rate, and durations in milliseconds. Percentiles are within 1 %, all else is exact. Tasks count in the hour (UTC) of their decision: from the hour that holds since on, and before the end of the hour that until falls into. stats is the whole, to be merged or asked for more.
after is the agent of the last row of the page before, max_rows the size of the page (1 to 10000).
Errors: 22023 for a bad argument; WF008 when a stored value is damaged.';

COMMENT ON FUNCTION wf_top_agents IS
'Lists the agents with the highest success rate, of equals the one with the shorter mean duration, among those with at least min_tasks completed tasks since an hour. The columns are those of wf_agent_statistics.
Errors: 22023 for a bad argument; WF008 when a stored value is damaged.';

COMMENT ON FUNCTION wf_underperforming_agents IS
'Lists the agents whose success rate is below a threshold (0 to 1), the lowest first, of equals the one with more tasks, among those with at least min_tasks completed tasks since an hour. The columns are those of wf_agent_statistics.
Errors: 22023 for a bad argument; WF008 when a stored value is damaged.';

COMMENT ON FUNCTION wf_recalculate_statistics IS
'Builds the statistics of agents anew from the routing decisions, from the hour on that holds since; NULL: all of them. Hours whose decisions were pruned keep what they have. Whoever records, of any tenant, waits until the transaction ends. The result equals what recording has counted. For admins.
Returns the number of rows that the statistics of these hours now take.';

COMMENT ON FUNCTION wf_prune_routing IS
'Removes routing decisions made longer ago than older_than, and statistics of hours that ended longer ago than statistics_older_than, the oldest first and at most max_rows (1 to 10000) of each, so that a transaction stays short: call it again until it removes fewer. At least one age must be given. Statistics outlive the decisions that they count.
Returns how many of each were removed.
Errors: 22023 when both are NULL, or for a bad argument.';

COMMENT ON FUNCTION wf_maintain IS
'Does what keeps the tables of the session''s tenant small, in one bounded batch; to be called from time to time, by pg_cron for instance. fold_statistics: the rows over which the statistics of past hours are spread become one an hour.
Returns each task with the number of rows that it has processed; fewer than max_rows (1 to 10000) means that nothing is left to do.
Errors: 22023 when max_rows is out of range.';
