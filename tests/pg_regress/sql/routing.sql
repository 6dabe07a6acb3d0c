-- Routing decisions and the statistics of agents.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.fold_every = 0;
SET wfstate.tenant = 'routing';
SET timezone = 'UTC';
-- An outcome that is known at once.
SELECT wf_record_routing('task-1', 'planner', true, 120, task_type => 'plan', required_capability => 'planning', priority => 3, agent_score => 0.92,
                         candidates => '[{"agent": "planner", "score": 0.92}, {"agent": "coder", "score": 0.4}]', execution_id => 'run-1', step_id => 'step-1') AS first \gset
SELECT :'first'::uuid IS NOT NULL AS recorded, substr(:'first', 15, 1) AS uuid_version;
-- One that comes later, and once only.
SELECT wf_record_routing('task-2', 'coder', task_type => 'code', execution_id => 'run-1') AS second \gset
SELECT task_id, success, completed_at IS NULL AS pending FROM wf_routing_decisions(pending => true);
SELECT agent FROM wf_agent_statistics();
SELECT wf_complete_routing(:'second', false, 900, error => 'tests failed', retry_attempts => 2);
SELECT wf_complete_routing(:'second', true, 1);
SELECT task_id, selected_agent, success, duration_ms, error, retry_attempts, completed_at >= decided_at AS after FROM wf_routing_decisions(task_id => 'task-2');
SELECT agent, total_tasks, successful_tasks, failed_tasks, success_rate, mean_duration_ms FROM wf_agent_statistics();
-- The whole row.
SELECT task_id, selected_agent, success, duration_ms, task_type, required_capability, priority, agent_score, candidates, error, retry_attempts, execution_id, step_id, decided_at = completed_at AS at_once, recorded_by = current_user AS by_me FROM wf_routing_decisions(task_id => 'task-1');
-- Decisions of other days, as an import brings them.
SELECT count(wf_record_routing('old-' || n, CASE WHEN n % 3 = 0 THEN 'coder' ELSE 'planner' END, n % 4 <> 0, n, CASE WHEN n % 2 = 0 THEN 'plan' END, decided_at => timestamptz '2026-01-01 00:30:00+00' + n * interval '20 minutes', execution_id => 'run-2')) FROM generate_series(1, 60) AS n;
SELECT wf_record_routing('old-pending', 'planner', decided_at => '2026-01-01 05:00:00+00') IS NOT NULL AS pending;
SELECT substr(decision_id::text, 1, 18) AS id, decided_at FROM wf_routing_decisions(execution_id => 'run-2', newest_first => false, max_rows => 2);
-- Filters, one by one and together.
SELECT count(*) FROM wf_routing_decisions(agent => 'coder');
SELECT count(*) FROM wf_routing_decisions(task_type => 'plan', success => true);
SELECT count(*) FROM wf_routing_decisions(success => false, agent => 'planner');
SELECT count(*) FROM wf_routing_decisions(pending => false, until => '2026-06-01');
SELECT count(*), min(decided_at), max(decided_at) FROM wf_routing_decisions(since => '2026-01-01 02:10:00+00', until => '2026-01-01 03:10:00+00');
SELECT count(*) FROM wf_routing_decisions(since => '2026-01-01 02:10:00.000001+00', until => '2026-01-01 03:10:00.000001+00');
SELECT count(*) FROM wf_routing_decisions(since => '-infinity', until => 'infinity');
SELECT count(*) FROM wf_routing_decisions(since => 'infinity');
-- Pages, both ways, without a gap or a repetition.
WITH RECURSIVE page AS (
    SELECT 1 AS number, (SELECT array_agg(decision_id) FROM wf_routing_decisions(execution_id => 'run-2', max_rows => 17)) AS ids
    UNION ALL SELECT number + 1, (SELECT array_agg(decision_id) FROM wf_routing_decisions(execution_id => 'run-2', max_rows => 17, after => ids[cardinality(ids)])) FROM page WHERE ids IS NOT NULL)
SELECT array_agg(cardinality(ids)) AS sizes, (SELECT count(DISTINCT id) FROM page, unnest(ids) AS id) AS all_of_them FROM page;
SELECT task_id FROM wf_routing_decisions(execution_id => 'run-2', newest_first => false, max_rows => 2, after => (SELECT decision_id FROM wf_routing_decisions(task_id => 'old-58')));
-- Statistics by hour, agent and type.
SELECT agent, total_tasks, successful_tasks, failed_tasks, round(success_rate::numeric, 3) AS rate, mean_duration_ms, min_duration_ms, max_duration_ms, total_tasks(stats) FROM wf_agent_statistics(until => '2026-06-01');
SELECT agent, total_tasks FROM wf_agent_statistics('planner', since => '2026-01-01 10:00:00+00', until => '2026-01-01 12:00:00+00');
SELECT agent, total_tasks FROM wf_agent_statistics('planner', since => '2026-01-01 10:59:00+00', until => '2026-01-01 11:01:00+00');
SELECT agent, total_tasks FROM wf_agent_statistics(task_type => 'plan');
SELECT agent FROM wf_agent_statistics(after => 'coder', max_rows => 1);
SELECT agent, total_tasks FROM wf_agent_statistics('nobody');
SELECT agent, round(success_rate::numeric, 3) AS rate, total_tasks FROM wf_top_agents();
SELECT agent FROM wf_top_agents(max_rows => 1);
SELECT agent FROM wf_top_agents(min_tasks => 30);
SELECT agent FROM wf_top_agents(since => '2027-01-01');
SELECT agent, round(success_rate::numeric, 3) AS rate FROM wf_underperforming_agents();
SELECT agent FROM wf_underperforming_agents(threshold => 0.5);
SELECT agent FROM wf_underperforming_agents(threshold => 1, min_tasks => 1, task_type => 'code');
-- Equals: the faster one is the better, the busier one the worse.
SET wfstate.tenant = 'routing-equals';
SELECT count(wf_record_routing('t', agent, ok, ms)) FROM (VALUES ('slow', true, 90::float8), ('slow', false, 90), ('fast', true, 10), ('fast', false, 10), ('untimed', true, NULL), ('untimed', false, NULL), ('busy', true, 20), ('busy', false, 20), ('busy', true, 20), ('busy', false, 20)) AS v (agent, ok, ms);
SELECT agent FROM wf_top_agents();
SELECT agent FROM wf_underperforming_agents(min_tasks => 1, max_rows => 1);
SET wfstate.tenant = 'routing';
-- Outcomes are folded into the statistics of their hour, and the sum stays what it was.
CREATE TEMP TABLE before AS SELECT agent, stats::text FROM wf_agent_statistics();
CREATE TEMP VIEW kept AS SELECT (SELECT count(*) FROM wfstate.routing_outcomes WHERE tenant = wf_tenant()) AS outcomes, (SELECT sum(total_tasks(stats)) FROM wfstate.agent_statistics WHERE tenant = wf_tenant()) AS tasks;
SELECT * FROM kept;
SELECT * FROM wf_maintain(max_rows => 7) WHERE task = 'fold_outcomes';
SELECT * FROM kept;
SELECT task, processed FROM wf_maintain() WHERE task = 'fold_outcomes';
SELECT * FROM kept;
SELECT * FROM wf_maintain() WHERE task = 'fold_outcomes';
-- What was folded in parts is one row an hour in the end.
SELECT count(*) = count(DISTINCT (agent, task_type, hour_at)) AS merged FROM wfstate.agent_statistics WHERE tenant = wf_tenant();
SELECT count(*) AS differences FROM (SELECT agent, stats::text FROM wf_agent_statistics() EXCEPT TABLE before) AS x;
-- A row an hour, agent and type, those of past hours merged. (What was recorded just now may be of a past hour by now.)
SELECT count(*) AS rows, count(DISTINCT (agent, task_type, hour_at)) AS hours, count(*) FILTER (WHERE part > 0 AND hour_at < '2026-06-01') AS unmerged FROM wfstate.agent_statistics WHERE tenant = wf_tenant();
-- Whoever records folds the outcomes of that agent now and then; wfstate.fold_every says how often.
SET wfstate.fold_every = 1;
SELECT count(wf_record_routing('f', agent, n % 3 > 0, n, decided_at => '2026-01-01 02:30:00+00')) FROM generate_series(1, 4) AS n, unnest('{coder,planner}'::text[]) AS agent;
SELECT * FROM kept;
SELECT wf_record_routing('f', 'coder', decided_at => '2026-01-01 02:30:00+00') AS folded \gset
SELECT wf_complete_routing(:'folded', true, 3);
SELECT * FROM kept;
-- Nothing is folded where a transaction keeps its snapshot: a row that changed meanwhile would end it.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT wf_record_routing('f', 'coder', true, 4, decided_at => '2026-01-01 02:30:00+00') IS NOT NULL AS recorded;
SELECT * FROM kept;
COMMIT;
SET wfstate.fold_every = 0;
SELECT wf_record_routing('f', 'coder', true, 5, decided_at => '2026-01-01 02:30:00+00') IS NOT NULL AS recorded;
SELECT * FROM kept;
SELECT task, processed FROM wf_maintain() WHERE task = 'fold_outcomes';
-- A late outcome counts in its hour, and is folded into what is there.
SELECT wf_complete_routing(decision_id, true, 77) FROM wf_routing_decisions(task_id => 'old-pending');
SELECT wf_record_routing('late', 'planner', true, 78, 'plan', decided_at => '2026-01-01 02:30:00+00') IS NOT NULL AS late;
SELECT task, processed FROM wf_maintain() WHERE task = 'fold_outcomes';
SELECT count(*) FILTER (WHERE hour_at < '2026-06-01') = count(DISTINCT (agent, task_type, hour_at)) FILTER (WHERE hour_at < '2026-06-01') AS one_row_an_hour FROM wfstate.agent_statistics WHERE tenant = wf_tenant();
SELECT n.agent, total_tasks(n.stats) - total_tasks(b.stats::routing_stats) AS more FROM wf_agent_statistics() n JOIN before b USING (agent) ORDER BY 1;
-- Built anew from the audit trail, they are the same; also when they were lost.
DROP TABLE before;
CREATE TEMP TABLE before AS SELECT agent, stats::text FROM wf_agent_statistics();
SELECT wf_recalculate_statistics() > 0 AS some;
SELECT count(*) AS differences FROM (SELECT agent, stats::text FROM wf_agent_statistics() EXCEPT TABLE before) AS x;
DELETE FROM wfstate.agent_statistics WHERE hour_at >= '2026-01-01 12:00:00+00';
SELECT count(*) > 0 AS lost FROM (TABLE before EXCEPT SELECT agent, stats::text FROM wf_agent_statistics()) AS x;
SELECT wf_recalculate_statistics('2026-01-01 12:34:00+00') > 0 AS some;
SELECT count(*) AS differences FROM (SELECT agent, stats::text FROM wf_agent_statistics() EXCEPT TABLE before) AS x;
SELECT wf_recalculate_statistics('2030-01-01');
-- Retention in batches; what was counted stays counted, also by a recalculation.
SELECT * FROM wf_prune_routing(older_than => '1 day', max_rows => 40);
SELECT * FROM wf_prune_routing(older_than => '1 day', max_rows => 40);
SELECT * FROM wf_prune_routing(older_than => '1 day');
SELECT count(*) FROM wf_routing_decisions();
SELECT count(*) AS differences FROM (SELECT agent, stats::text FROM wf_agent_statistics() EXCEPT TABLE before) AS x;
SELECT wf_recalculate_statistics() > 0 AS kept;
SELECT count(*) AS differences FROM (SELECT agent, stats::text FROM wf_agent_statistics() EXCEPT TABLE before) AS x;
-- (A batch keeps to its size whatever the join.)
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT * FROM wf_prune_routing(statistics_older_than => '1 day', max_rows => 10);
RESET enable_hashjoin;
RESET enable_mergejoin;
-- (Outcomes that are not folded yet go with their hours.)
SELECT wf_record_routing('u', 'coder', true, 5, decided_at => '2026-01-01 02:30:00+00') IS NOT NULL AS recorded;
SELECT decisions, statistics > 0 AS some FROM wf_prune_routing('1 day', '1 day');
SELECT count(*) FROM wfstate.routing_outcomes WHERE hour_at < '2026-06-01';
SELECT agent, total_tasks FROM wf_agent_statistics();
-- A transaction that is rolled back counts nothing.
BEGIN;
SELECT wf_record_routing('gone', 'planner', true, 1) IS NOT NULL AS recorded;
SELECT total_tasks FROM wf_agent_statistics('planner');
ROLLBACK;
SELECT total_tasks FROM wf_agent_statistics('planner');
SELECT count(*) FROM wf_routing_decisions('gone');
-- Another tenant sees none of it.
SET wfstate.tenant = 'routing-other';
SELECT count(*) FROM wf_routing_decisions();
SELECT count(*) FROM wf_agent_statistics();
\set VERBOSITY sqlstate
SELECT wf_complete_routing(:'second', true);
\set VERBOSITY default
-- The outcome may go to the agent's circuit breaker in the same call: at once, later, and never twice.
SET wfstate.tenant = 'routing-circuit';
SELECT wf_circuit_configure('shaky', window_size => 4, minimum_calls => 4);
SELECT count(wf_record_routing('c', 'shaky', n > 1, 10, feed_circuit => true)) FROM generate_series(1, 3) AS n;
SELECT wf_record_routing('c', 'shaky', feed_circuit => true) AS id \gset
SELECT agent_key, state, calls, failure_rate FROM wf_circuits();
SELECT wf_complete_routing(:'id', false, 10, feed_circuit => true), wf_complete_routing(:'id', false, 10, feed_circuit => true);
SELECT agent_key, state, calls, failure_rate FROM wf_circuits();
SELECT allowed, state FROM wf_circuit_allow('shaky');
SELECT total_tasks, failed_tasks FROM wf_agent_statistics('shaky');
SELECT wf_record_routing('c', 'steady', false) IS NOT NULL AS without_circuit;
SELECT agent_key FROM wf_circuits();
