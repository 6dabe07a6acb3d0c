-- Bad input to the routing functions: its SQLSTATE, message, DETAIL and HINT; and that nothing was changed.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'routing-errors';
SELECT wf_record_routing('t', 'a', decided_at => '2026-01-01 00:00:00+00') AS id \gset
SELECT wf_record_routing('t', 'a', true, 1, decided_at => '2026-01-01 00:00:00+00') IS NOT NULL AS recorded;
CREATE TEMP VIEW everything AS SELECT d::text FROM wfstate.routing_decisions d UNION ALL SELECT a::text FROM wfstate.agent_statistics a UNION ALL SELECT r::text FROM wfstate.routing_retention r;
CREATE TEMP TABLE before AS SELECT * FROM everything;
SELECT wf_record_routing(NULL, 'a');
\echo :SQLSTATE
SELECT wf_record_routing('', 'a');
\echo :SQLSTATE
SELECT wf_record_routing(repeat('x', 256), 'a');
\echo :SQLSTATE
SELECT wf_record_routing('t', NULL);
\echo :SQLSTATE
SELECT wf_record_routing('t', '');
\echo :SQLSTATE
SELECT wf_record_routing('t', 'a', task_type => '');
\echo :SQLSTATE
SELECT wf_record_routing('t', 'a', required_capability => repeat('x', 256));
\echo :SQLSTATE
SELECT wf_record_routing('t', 'a', execution_id => '');
\echo :SQLSTATE
SELECT wf_record_routing('t', 'a', step_id => repeat('x', 256));
\echo :SQLSTATE
SELECT wf_record_routing('t', 'a', true, -1);
\echo :SQLSTATE
SELECT wf_record_routing('t', 'a', true, 'NaN');
\echo :SQLSTATE
SELECT wf_record_routing('t', 'a', true, 'Infinity');
\echo :SQLSTATE
SELECT wf_record_routing('t', 'a', true, 1e13);
\echo :SQLSTATE
SELECT wf_record_routing('t', 'a', agent_score => 'NaN');
\echo :SQLSTATE
SELECT wf_record_routing('t', 'a', retry_attempts => -1);
\echo :SQLSTATE
SELECT wf_record_routing('t', 'a', error => repeat('x', 8193));
\echo :SQLSTATE
SELECT wf_record_routing('t', 'a', candidates => jsonb_build_object('secret', repeat('x', 20000)));
\echo :SQLSTATE
SELECT wf_record_routing('t', 'a', decided_at => 'infinity');
\echo :SQLSTATE
SELECT wf_record_routing('t', 'a', decided_at => '-infinity');
\echo :SQLSTATE
SELECT wf_record_routing('t', 'a', decided_at => '1969-12-31 23:59:59+00');
\echo :SQLSTATE
SELECT wf_complete_routing(NULL, true);
\echo :SQLSTATE
SELECT wf_complete_routing(:'id', NULL);
\echo :SQLSTATE
SELECT wf_complete_routing(:'id', true, -1);
\echo :SQLSTATE
SELECT wf_complete_routing(:'id', true, error => repeat('x', 8193));
\echo :SQLSTATE
SELECT wf_complete_routing('00000000-0000-7000-8000-000000000000', true);
\echo :SQLSTATE
SELECT wf_routing_decisions(max_rows => 0);
\echo :SQLSTATE
SELECT wf_routing_decisions(max_rows => NULL);
\echo :SQLSTATE
SELECT wf_routing_decisions(task_id => '');
\echo :SQLSTATE
SELECT wf_routing_decisions(agent => repeat('x', 256));
\echo :SQLSTATE
SELECT wf_agent_statistics(agent => '');
\echo :SQLSTATE
SELECT wf_agent_statistics(max_rows => -1);
\echo :SQLSTATE
SELECT wf_top_agents(max_rows => 0);
\echo :SQLSTATE
SELECT wf_top_agents(min_tasks => -1);
\echo :SQLSTATE
SELECT wf_top_agents(min_tasks => NULL);
\echo :SQLSTATE
SELECT wf_underperforming_agents(threshold => 80);
\echo :SQLSTATE
SELECT wf_underperforming_agents(threshold => 'NaN');
\echo :SQLSTATE
SELECT wf_underperforming_agents(threshold => NULL);
\echo :SQLSTATE
SELECT * FROM wf_prune_routing();
\echo :SQLSTATE
SELECT * FROM wf_prune_routing('-1 day');
\echo :SQLSTATE
SELECT * FROM wf_prune_routing(statistics_older_than => '-1 day');
\echo :SQLSTATE
SELECT * FROM wf_prune_routing('1 day', max_rows => 0);
\echo :SQLSTATE
SELECT * FROM wf_maintain(max_rows => 100000);
\echo :SQLSTATE
SET wfstate.fold_every = -1;
\echo :SQLSTATE
-- Rights: a reader reads, a writer records, an admin recalculates.
CREATE ROLE regress_wf_reading;
CREATE ROLE regress_wf_writing;
SELECT wf_grant_access('regress_wf_reading', 'reader'), wf_grant_access('regress_wf_writing', 'writer');
SET ROLE regress_wf_reading;
SELECT count(*) FROM wf_routing_decisions();
SELECT agent, total_tasks(stats) FROM wf_agent_statistics();
SELECT wf_record_routing('t', 'a', true, 1);
\echo :SQLSTATE
SET ROLE regress_wf_writing;
SELECT wf_recalculate_statistics();
\echo :SQLSTATE
-- Whoever records writes to the tables by the functions alone, in a tenant of its own, and under its own name.
BEGIN;
SET LOCAL wfstate.fold_every = 1;
SELECT wf_record_routing('written', 'a', true, 1) IS NOT NULL AS recorded;
SELECT task_id, recorded_by FROM wf_routing_decisions('written');
ROLLBACK;
INSERT INTO wfstate.routing_outcomes (hour_at, spread, success, tenant, agent) VALUES (now(), 1, true, 'routing-errors', 'a');
\echo :SQLSTATE
DELETE FROM wfstate.agent_statistics;
\echo :SQLSTATE
RESET ROLE;
DROP OWNED BY regress_wf_reading, regress_wf_writing;
DROP ROLE regress_wf_reading, regress_wf_writing;
-- Nothing was changed.
(TABLE everything EXCEPT TABLE before) UNION ALL (TABLE before EXCEPT TABLE everything);
-- A stored value that is damaged: told as such by all that read it, and no reason to fall.
CREATE CAST (bytea AS routing_stats) WITHOUT FUNCTION;
SELECT total_tasks('\x01'::bytea::routing_stats);
\echo :SQLSTATE
SELECT '\x02640000'::bytea::routing_stats;
\echo :SQLSTATE
SELECT rollup('\x016400010203'::bytea::routing_stats);
\echo :SQLSTATE
SELECT '\x'::bytea::routing_stats + routing_stats(true, 1);
\echo :SQLSTATE
SELECT sum(processed) > 0 AS folded FROM wf_maintain();
UPDATE wfstate.agent_statistics SET stats = '\x0164ff'::bytea::routing_stats WHERE tenant = 'routing-errors';
SELECT agent FROM wf_agent_statistics();
\echo :SQLSTATE
SELECT agent FROM wf_top_agents();
\echo :SQLSTATE
SELECT wf_recalculate_statistics();
SELECT agent, total_tasks FROM wf_agent_statistics();
DROP CAST (bytea AS routing_stats);
