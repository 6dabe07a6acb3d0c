-- Sessions: executions of which it is known whose they are and what for; and every refusal.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'sessions';
-- Made by the first save; what is not said as an argument is taken from the state, where it says it well.
SELECT wf_save_session('s1', '{"user_id": "ann", "mission": "book a table", "status": "pending", "n": 1}');
SELECT execution_id, user_id, mission, workflow, status, phase, version, state, tags FROM wf_session('s1');
SELECT wf_save_session('s1', '{"user_id": 7, "mission": "", "status": "thinking", "n": 2}', expected_version => 1);
SELECT user_id, mission, status, version, state ->> 'status' AS said FROM wf_session('s1');
SELECT wf_save_session('s1', '{"user_id": "bob", "status": "completed"}', 'ann b.', 'book two', 'running');
SELECT user_id, mission, status, version FROM wf_session('s1');
SELECT wf_save_session('s2', '[1]', user_id => 'ann', workflow => 'chat', phase => 'hello', tags => '{"lang": "de"}', step_id => 'first', note => 'n', schema_version => 3);
SELECT user_id, mission, workflow, status, phase, version, state, tags, created_at = updated_at AS same_time FROM wf_session('s2');
SELECT step_id, note FROM wf_history('s2');
-- A mission or user that is too long in the state is the application's own.
SELECT wf_save_session('s3', jsonb_build_object('user_id', repeat('u', 256), 'mission', repeat('m', 8193)));
SELECT user_id, mission FROM wf_session('s3');
-- An execution becomes a session by its first save as one, and keeps its time.
SELECT wf_save_state('e1', '{}');
SELECT * FROM wf_session('e1');
\echo :SQLSTATE
SELECT wf_save_session('e1', '{"mission": "later"}');
SELECT s.created_at = l.created_at AS same_time, s.mission FROM wf_session('e1') AS s, wf_load('e1') AS l;
-- User and mission stay as they were said where the state alone changes; without a state it is kept, and they change.
SELECT wf_save_session('s5', '{"user_id": "ann", "mission": "one", "n": 1.50}'), wf_patch_state('s5', '{"user_id": "bob", "mission": "two"}');
SELECT user_id, mission, state FROM wf_session('s5');
SELECT wf_save_session('s5', NULL, 'carl', 'three', 'waiting', expected_version => 2);
SELECT user_id, mission, status, version, state FROM wf_session('s5');
SELECT wf_save_session('s5', NULL, mission => '', expected_version => 2);
\echo :SQLSTATE
SELECT wf_save_session('s5', NULL, mission => '');
SELECT user_id, mission, version, state FROM wf_session('s5');
SELECT wf_save_session('s5', '[1]'), wf_save_session('s5', NULL, 'dora');
SELECT wf_load_state('s5'), wf_delete('s5');
-- Everything for executions works on sessions.
SELECT wf_patch_state('s2', '{"a": 1}', status => 'completed'), wf_checkpoint('s2', 'end');
SELECT user_id, status, version, state, completed_at IS NOT NULL AS completed FROM wf_session('s2');
-- Saves that say nothing new write nothing beside the execution, and are HOT.
VACUUM wfstate.executions;
BEGIN;
SELECT pg_stat_get_xact_tuples_updated('wfstate.executions'::regclass) AS updated, pg_stat_get_xact_tuples_hot_updated('wfstate.executions'::regclass) AS hot, pg_stat_get_xact_tuples_updated('wfstate.sessions'::regclass) AS sessions \gset
SELECT wf_save_session('s1', '{"n": 5}');
SELECT wf_save_session('s1', '{"n": 6, "user_id": "ann b."}');
SELECT pg_stat_get_xact_tuples_updated('wfstate.executions'::regclass) - :updated AS updated, pg_stat_get_xact_tuples_hot_updated('wfstate.executions'::regclass) - :hot AS hot,
       pg_stat_get_xact_tuples_updated('wfstate.sessions'::regclass) - :sessions AS sessions;
COMMIT;
-- Rules and errors of wf_save_state.
SELECT wf_save_session('s1', '{}', expected_version => 2);
\echo :SQLSTATE
SELECT wf_save_session('s1', '{}', expected_version => 0);
\echo :SQLSTATE
SELECT wf_save_session('none', '{}', expected_version => 2);
\echo :SQLSTATE
SELECT wf_save_session('s2', '{"status": "running"}');
\echo :SQLSTATE
SELECT wf_save_session('s2', '{"status": "completed"}');
SELECT wf_save_session('s1', '{}', status => 'thinking');
\echo :SQLSTATE
SELECT wf_save_session('s1', '{}', user_id => '');
\echo :SQLSTATE
SELECT wf_save_session('s1', '{}', user_id => repeat('u', 256));
\echo :SQLSTATE
SELECT wf_save_session('s1', '{}', mission => repeat('m', 8193));
\echo :SQLSTATE
SELECT wf_save_session('none', NULL, 'ann');
\echo :SQLSTATE
SELECT wf_save_session('s1', NULL, workflow => 'w');
\echo :SQLSTATE
SELECT wf_save_session('s1', NULL, expected_version => 0);
\echo :SQLSTATE
SELECT wf_save_session(NULL, '{}');
\echo :SQLSTATE
SELECT wf_save_session('s1', '{}', lease => 1);
\echo :SQLSTATE
SELECT * FROM wf_session('none');
\echo :SQLSTATE
SELECT * FROM wf_session(NULL);
\echo :SQLSTATE
SELECT wf_define('chat', '{"schema": {"type": "object", "required": ["title"]}}');
SELECT wf_save_session('s4', '{}', workflow => 'chat');
\echo :SQLSTATE
-- Nothing of what was refused is there.
SELECT count(*) FROM wfstate.sessions WHERE tenant = 'sessions';
-- Lists: by user, by status, by time; page by page.
SELECT count(wf_delete(execution_id)) FROM wf_list();
SELECT count(wf_save_session('l' || n, '{}', 'user' || n % 3, status => CASE WHEN n % 4 = 0 THEN 'completed' ELSE 'running' END)) FROM generate_series(1, 12) AS n;
SELECT wf_save_state('plain', '{}', status => 'completed');
SELECT execution_id, user_id, mission, workflow, status, phase, version, created_at IS NOT NULL AS created, completed_at IS NOT NULL AS completed FROM wf_sessions(max_rows => 2);
SELECT string_agg(execution_id, ' ') FROM wf_sessions();
SELECT string_agg(execution_id, ' ') FROM wf_sessions('user1');
SELECT string_agg(execution_id, ' ') FROM wf_sessions(status => 'completed');
SELECT string_agg(execution_id, ' ') FROM wf_sessions('user0', 'completed');
SELECT string_agg(execution_id, ' ') FROM wf_sessions('nobody');
SELECT string_agg(execution_id, ' ') FROM wf_sessions(since => (SELECT created_at FROM wf_session('l4')), before => (SELECT created_at FROM wf_session('l8')));
SELECT string_agg(execution_id, ' ') FROM wf_sessions(status => 'completed', since => (SELECT created_at FROM wf_session('l8')));
SELECT string_agg(p.execution_id, ' ') FROM wf_sessions(max_rows => 5) AS f, LATERAL wf_sessions(after => f.cursor, max_rows => 3) AS p WHERE f.execution_id = 'l8';
SELECT string_agg(p.execution_id, ' ') FROM wf_sessions(status => 'running', max_rows => 5) AS f, LATERAL wf_sessions(status => 'running', after => f.cursor, max_rows => 3) AS p WHERE f.execution_id = 'l7';
SELECT * FROM wf_sessions(status => 'thinking');
\echo :SQLSTATE
SELECT * FROM wf_sessions(after => 'l8');
\echo :SQLSTATE
SELECT * FROM wf_sessions(max_rows => 0);
\echo :SQLSTATE
SELECT * FROM wf_sessions(user_id => repeat('u', 256));
\echo :SQLSTATE
-- Another tenant has its own.
SET wfstate.tenant = 'sessions2';
SELECT wf_save_session('l1', '{"mission": "of the other"}', 'user1');
SELECT execution_id, mission FROM wf_sessions();
SET wfstate.tenant = 'sessions';
SELECT mission FROM wf_session('l1');
-- Rights: readers read, writers write.
CREATE ROLE regress_wf_session_reader;
CREATE ROLE regress_wf_session_writer;
SELECT wf_grant_access('regress_wf_session_reader', 'reader'), wf_grant_access('regress_wf_session_writer', 'writer');
SET ROLE regress_wf_session_reader;
SELECT count(*) FROM wf_sessions();
SELECT count(*) FROM wf_session('l1');
SELECT wf_save_session('l1', '{}');
SET ROLE regress_wf_session_writer;
SELECT wf_save_session('l1', '{}', mission => 'by a writer');
SELECT wf_delete('l1');
SELECT * FROM wf_session('l1');
\echo :SQLSTATE
RESET ROLE;
SELECT wf_grant_tenant('regress_wf_session_reader', 'sessions2');
SET ROLE regress_wf_session_reader;
SELECT * FROM wf_sessions();
\echo :SQLSTATE
SET wfstate.tenant = 'sessions2';
SELECT execution_id FROM wf_sessions();
RESET ROLE;
-- wf_delete takes everything that belongs to a session: lists and thoughts, too.
SELECT wf_save_todo_list('mine', 'l1', '[]'), wf_save_todo_list('other', NULL, '[]');
SELECT wf_record_thought('l1', thought => 'hm') > 0 AS recorded;
SELECT wf_delete('l1');
SELECT (SELECT count(*) FROM wfstate.sessions WHERE tenant = 'sessions2') AS sessions, (SELECT count(*) FROM wfstate.thoughts WHERE tenant = 'sessions2') AS thoughts,
       (SELECT string_agg(list_id, ' ') FROM wfstate.todo_lists WHERE tenant = 'sessions2') AS lists;
-- The same id begins again as what it then is.
SELECT wf_save_state('l1', '{}');
SELECT * FROM wf_session('l1');
\echo :SQLSTATE
-- An export has no session, nor has a fork.
SELECT wf_save_session('x', '{"user_id": "ann"}');
SELECT wf_export('x') -> 'execution' ? 'is_session' AS is_exported;
SELECT wf_fork('x', 'y');
SELECT string_agg(execution_id, ' ') FROM wf_sessions();
SELECT wf_drop_todo_list('other'), count(wf_delete(execution_id)) FROM wf_list();
SET wfstate.tenant = 'sessions';
SELECT count(wf_delete(execution_id)) FROM wf_list();
DELETE FROM wfstate.definitions WHERE tenant = 'sessions';
DROP OWNED BY regress_wf_session_reader, regress_wf_session_writer;
DELETE FROM wfstate.tenant_roles WHERE role::text LIKE 'regress_wf_session%';
DROP ROLE regress_wf_session_reader, regress_wf_session_writer;
