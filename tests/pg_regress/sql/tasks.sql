-- Results of tasks inside of steps: recorded once and in order, before the step or the execution is there, and gone with what they belong to.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'tasks';
-- Before the execution exists: as LangGraph's pending writes, numbered by the caller.
SELECT wf_record_task('t', 'c1', 'task-b', ARRAY['{"a": 1}', '"two"']::jsonb[], '{messages,branch:to:x}', '{0,1}', '~pull, b');
SELECT wf_record_task('t', 'c1', 'task-a', ARRAY['[]']::jsonb[], '{error}', '{-1}', '~pull, c');
SELECT wf_record_task('t', 'c1', 'task-c', ARRAY['1.50', NULL, 'null']::jsonb[], task_path => '~pull, a');
SELECT wf_record_task('t', 'c2', 'task-a', ARRAY['3']::jsonb[]);
SELECT step_id, task_path, task_id, part, name, output, output IS NULL AS none, recorded_at <= clock_timestamp() AS past FROM wf_task_results('t', '{c1}');
SELECT step_id, task_id, part, output FROM wf_task_results('t', '{c2,never,c1,c2}');
SELECT count(*) FROM wf_task_results('t', '{}');
-- The first counts, part by part, unless it is to be replaced.
SELECT wf_record_task('t', 'c1', 'task-b', ARRAY['"other"', '"new"']::jsonb[], '{x,y}', '{1,2}');
SELECT wf_record_task('t', 'c1', 'task-b', ARRAY['"other"']::jsonb[], '{x}', '{1}');
SELECT wf_record_task('t', 'c1', 'task-a', ARRAY['{"second": true}']::jsonb[], '{error}', '{-1}', '~pull, 0', replace => true);
SELECT wf_record_task('t', 'c1', 'task-a', ARRAY['1', '{"third": true}']::jsonb[], parts => '{7,-1}', task_path => '~pull, 0', replace => true);
SELECT task_path, task_id, part, name, output FROM wf_task_results('t', '{c1}');
SELECT wf_record_task('t', 'c1', 'task-b', '{}');
-- Large ones, as large as a state may be.
SELECT wf_record_task('t', 'big', 'task', ARRAY[to_jsonb(repeat('x', 1000000)), to_jsonb(repeat('y', 20000))]);
SELECT part, length(output #>> '{}') FROM wf_task_results('t', '{big}');
SET wfstate.max_state_size = '64kB';
SELECT wf_record_task('t', 'big', 'other', ARRAY[to_jsonb(repeat('x', 70000))]);
RESET wfstate.max_state_size;
SELECT wf_record_task('t', 'big', 'deep', ARRAY[(repeat('[', 1001) || repeat(']', 1001))::jsonb]);
-- Refusals.
SELECT wf_record_task(NULL, 's', 't', '{}');
SELECT wf_record_task('t', '', 't', '{}');
SELECT wf_record_task('t', 's', NULL, '{}');
SELECT wf_record_task('t', 's', repeat('x', 256), '{}');
SELECT wf_record_task('t', 's', 't', NULL);
SELECT wf_record_task('t', 's', 't', ARRAY['1']::jsonb[], '{a,b}');
SELECT wf_record_task('t', 's', 't', ARRAY['1', '2']::jsonb[], parts => '{1}');
SELECT wf_record_task('t', 's', 't', ARRAY['1', '2']::jsonb[], parts => '{1,1}');
SELECT wf_record_task('t', 's', 't', ARRAY['1', '2']::jsonb[], parts => '{1,NULL}');
SELECT wf_record_task('t', 's', 't', ARRAY['1']::jsonb[], names => '{""}');
SELECT wf_record_task('t', 's', 't', ARRAY['1']::jsonb[], task_path => NULL);
SELECT wf_record_task('t', 's', 't', ARRAY['1']::jsonb[], task_path => repeat('x', 8193));
SELECT wf_record_task('t', 's', 't', ARRAY['1']::jsonb[], replace => NULL);
SELECT wf_record_task('t', 's', 't', array_fill('1'::jsonb, ARRAY[1001]));
SELECT wf_record_task('t', 's', 't', ARRAY['1']::jsonb[], lease => 1);
SELECT * FROM wf_task_results('t', NULL);
SELECT * FROM wf_task_results('t', '{a,NULL}');
SELECT * FROM wf_task_results('t', array_fill('x'::text, ARRAY[1001]));
SELECT wf_drop_task_results('t', '{""}');
-- Dropped by step, or all of them.
SELECT wf_drop_task_results('t', '{c2,never}'), wf_drop_task_results('t', '{c2}'), wf_drop_task_results('never');
SELECT wf_drop_task_results('t');
-- A step that is run again asks for what its tasks have given; the lease fences it.
SELECT created FROM wf_start('w', 'job');
SELECT lease FROM wf_claim('worker') \gset
SELECT action FROM wf_step_begin('job', 'fan-out', lease => :lease);
SELECT wf_record_task('job', 'fan-out', 'one', ARRAY['1']::jsonb[], lease => :lease), wf_record_task('job', 'fan-out', 'two', ARRAY['2']::jsonb[], lease => :lease);
SELECT wf_record_task('job', 'fan-out', 'three', ARRAY['3']::jsonb[], lease => :lease + 1);
SELECT action, attempt FROM wf_step_begin('job', 'fan-out', lease => :lease);
SELECT task_id, output FROM wf_task_results('job', '{fan-out}');
SELECT version, state FROM wf_load('job');
-- Pruning: what is open, named, or came since what is kept stays.
SELECT wf_save_state('p', '{"n": 1}', checkpoint => 'kept');
SELECT wf_save_state('p', '{"n": 2}', checkpoint => 'dropped');
SELECT action FROM wf_step_begin('p', 'open');
SELECT wf_record_task('p', step_id, 'task', ARRAY['1']::jsonb[]) FROM unnest('{kept,dropped,open,done}'::text[]) AS step_id;
SELECT wf_save_state('p', '{"n": 2.5}'), wf_save_state('p', '{"n": 3}'), wf_drop_checkpoint('p', 'dropped');
SELECT wf_record_task('p', 'pending', 'task', ARRAY['1']::jsonb[]);
SELECT wf_prune_history('p', keep_last => 3);
SELECT array_agg(step_id) FROM wf_task_results('p', '{kept,dropped,open,done,pending}');
SELECT wf_prune_history('p', older_than => '1 day');
SELECT array_agg(step_id) FROM wf_task_results('p', '{kept,dropped,open,done,pending}');
SELECT wf_prune_history('p', older_than => '0 s');
SELECT array_agg(step_id) FROM wf_task_results('p', '{kept,dropped,open,done,pending}');
SELECT recorded FROM wf_step_complete('p', 'open', patch => '{"n": 4}');
SELECT wf_prune_history('p', keep_last => 1);
SELECT array_agg(step_id) FROM wf_task_results('p', '{kept,dropped,open,done,pending}');
-- A document and a copy take them along; what was recorded for the new id before stays.
SELECT wf_record_task('p', 'kept', 'more', ARRAY['{"x": 1.0}', 'null', NULL]::jsonb[], '{a,NULL,c}', '{-3,5,6}', 'path');
SELECT jsonb_path_query_array(wf_export('p'), '$.task_results[*].part'), wf_export('p') #- '{task_results,0,recorded_at}' #> '{task_results,0}';
SELECT wf_record_task('in', 'kept', 'more', ARRAY['"early"']::jsonb[], parts => '{5}');
SELECT wf_import(wf_export('p'), 'in'), wf_copy('p', 'copy');
SELECT task_path, task_id, part, name, output, output IS NULL AS none FROM wf_task_results('in', '{kept}');
SELECT (SELECT array_agg(r::text) FROM wf_task_results('p', '{kept}') AS r) = (SELECT array_agg(r::text) FROM wf_task_results('copy', '{kept}') AS r) AS same;
SELECT wf_import(wf_export('p') - 'task_results', 'without');
SELECT count(*) FROM wf_task_results('without', '{kept}');
SELECT wf_import(jsonb_set(wf_export('p'), '{task_results}', '{}'), 'bad');
SELECT wf_import(jsonb_set(wf_export('p'), '{task_results,0}', '1'), 'bad');
SELECT wf_import(wf_export('p') #- '{task_results,0,part}', 'bad');
SELECT wf_import(jsonb_set(wf_export('p'), '{task_results,0,part}', '3000000000'), 'bad');
SELECT wf_import(jsonb_set(wf_export('p'), '{task_results,0,task_id}', '""'), 'bad');
SELECT wf_import(jsonb_set(wf_export('p'), '{task_results,0,recorded_at}', '"yesterday"'), 'bad');
SELECT wf_import(jsonb_set(wf_export('p'), '{task_results,0}', wf_export('p') #> '{task_results,1}'), 'bad');
SELECT wf_fork('p', 'fork');
SELECT count(*) FROM wf_task_results('fork', '{kept}');
-- Gone with the execution, also where it never came, and nothing else.
SELECT wf_record_task('never', 's', 't', ARRAY['1']::jsonb[]), wf_record_task('never2', 's', 't', ARRAY['1']::jsonb[]), wf_record_task('never3', 's', 't', ARRAY['1']::jsonb[]);
SELECT wf_delete('never'), wf_delete('p'), wf_delete_many('{never2,copy,without,fork}');
SELECT execution_id, count(*) FROM wfstate.task_results WHERE tenant = 'tasks' GROUP BY execution_id ORDER BY execution_id;
-- Where the execution never comes, they go by their age; where it came they stay.
SELECT wf_record_task('late', 's', 't', ARRAY['1']::jsonb[]);
SELECT wf_save_state('late', '1');
UPDATE wfstate.task_results SET recorded_at = now() - CASE WHEN execution_id = 'never3' THEN interval '11 days' ELSE interval '10 days' END WHERE tenant = 'tasks';
SELECT item, removed, finished FROM wf_cleanup('5 days', dry_run => true, items => '{task_results}');
SELECT item, removed, finished FROM wf_cleanup('5 days', items => '{task_results}', batch_size => 1);
SELECT item, removed, finished FROM wf_cleanup('5 days', items => '{task_results}', batch_size => 1);
SELECT item, removed, finished FROM wf_cleanup('5 days', items => '{task_results}', batch_size => 1);
SELECT item, removed, finished FROM wf_cleanup('5 days', items => '{task_results}', batch_size => 1);
SELECT execution_id, is_early, count(*) FROM wfstate.task_results WHERE tenant = 'tasks' GROUP BY execution_id, is_early ORDER BY execution_id;
SELECT wf_set_retention('task_results', '1 day');
SELECT item, removed FROM wf_cleanup() WHERE item = 'task_results';
SELECT wf_set_retention('task_results', NULL);
-- With the executions that wf_cleanup removes.
SELECT wf_set_status('late', 'completed');
UPDATE wfstate.executions SET completed_at = now() - interval '10 days', created_at = now() - interval '11 days' WHERE tenant = 'tasks' AND execution_id = 'late';
SELECT removed FROM wf_cleanup('5 days', items => '{executions}');
SELECT execution_id, count(*) FROM wfstate.task_results WHERE tenant = 'tasks' GROUP BY execution_id ORDER BY execution_id;
-- Another tenant has its own; readers read, writers write.
SET wfstate.tenant = 'tasks2';
SELECT count(*) FROM wf_task_results('job', '{fan-out}');
SELECT wf_record_task('job', 'fan-out', 'one', ARRAY['"other"']::jsonb[]);
CREATE ROLE regress_wf_task_reader;
CREATE ROLE regress_wf_task_writer;
SELECT wf_grant_access('regress_wf_task_reader', 'reader', '{tasks2}'), wf_grant_access('regress_wf_task_writer', 'writer', '{tasks2}');
SET ROLE regress_wf_task_reader;
SELECT task_id, output FROM wf_task_results('job', '{fan-out}');
SELECT wf_record_task('job', 's', 't', ARRAY['1']::jsonb[]);
SELECT wf_drop_task_results('job');
SET wfstate.tenant = 'tasks';
SELECT count(*) FROM wf_task_results('job', '{fan-out}');
SET ROLE regress_wf_task_writer;
SELECT wf_record_task('job', 's', 't', ARRAY['1']::jsonb[]);
SET wfstate.tenant = 'tasks2';
SELECT wf_record_task('job', 's', 't', ARRAY['1', '2']::jsonb[], replace => true), wf_record_task('job', 's', 'u', ARRAY['1']::jsonb[], replace => true);
SELECT count(*) FROM wf_task_results('job', '{s,fan-out}');
SELECT wf_delete('job'), wf_delete_many('{job}');
SELECT count(*) FROM wf_task_results('job', '{s,fan-out}');
RESET ROLE;
DROP OWNED BY regress_wf_task_reader, regress_wf_task_writer;
DROP ROLE regress_wf_task_reader, regress_wf_task_writer;
SET wfstate.tenant = 'tasks';
SELECT wf_delete_many(ARRAY(SELECT execution_id FROM wf_list()));
SELECT count(*) FROM wfstate.task_results;
