-- Phases and statuses of an execution with a definition: wf_transition, and the same moves by every other function.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'transitions';
SELECT wf_define('doc', '{
    "phases": {"draft": {"next": ["review", "dropped"]},
               "review": {"next": ["draft", "review", "done"], "requires": ["/title", "/body"], "checkpoint": true},
               "done": {"requires": ["/approved"]}, "dropped": {}},
    "initial_phase": "draft", "terminal_phases": ["done", "dropped"],
    "statuses": {"running": ["waiting", "completed"], "waiting": ["running"]},
    "rules": [{"name": "signed", "path": "exists($.signed)", "message": "must be signed", "phases": ["done"]}]}');
-- A new execution starts in the initial phase, by itself or named; in no other.
SELECT wf_save_state('d', '{"title": "t"}', workflow => 'doc'), wf_save_state('named', '{}', workflow => 'doc', phase => 'draft');
SELECT execution_id, phase, status FROM wf_load_many('{d,named}');
SELECT wf_save_state('late', '{}', workflow => 'doc', phase => 'review');
\echo :SQLSTATE
SELECT * FROM wf_save_states('{late}', ARRAY['{}']::jsonb[], workflows => '{doc}', phases => '{done}');
\echo :SQLSTATE
SELECT count(*) FROM wf_list(workflow => 'doc', phase => 'review');
-- What a phase requires must be there; with the patch it is. A checkpoint marks it.
SELECT wf_transition('d', 'review');
\echo :SQLSTATE
SELECT wf_transition('d', 'review', '{"body": "b"}', expected_version => 1, step_id => 's', note => 'n');
SELECT phase, version, state FROM wf_load('d');
SELECT name, version FROM wf_checkpoints('d');
SELECT version, kind, phase, step_id, note FROM wf_history('d', after => 1);
-- Not every move is one: by transition, save, patch, batch.
SELECT wf_transition('d', 'dropped');
\echo :SQLSTATE
SELECT wf_transition('d', 'unknown');
\echo :SQLSTATE
SELECT wf_save_state('d', '{}', phase => 'dropped');
\echo :SQLSTATE
SELECT wf_patch_state('d', '{}', phase => 'dropped');
\echo :SQLSTATE
SELECT * FROM wf_save_states('{d}', ARRAY['{}']::jsonb[], phases => '{dropped}');
\echo :SQLSTATE
-- The same phase again: a move only where its next names it; to a save it is none.
SELECT wf_transition('d', 'review');
SELECT wf_save_state('d', '{"title": "t", "body": "b"}', phase => 'review');
SELECT wf_transition('named', 'draft');
\echo :SQLSTATE
SELECT wf_save_state('named', '{"title": 1}', phase => 'draft');
SELECT name FROM wf_checkpoints('d');
-- Required when entering, not afterwards; a rule of a phase holds in it alone.
SELECT wf_patch_state('d', '{"body": null}');
SELECT wf_patch_state('d', '{"approved": true}', phase => 'done');
\echo :SQLSTATE
SELECT wf_patch_state('d', '{"approved": true, "signed": true}', phase => 'done', status => 'completed');
SELECT phase, status, state FROM wf_load('d');
SELECT wf_patch_state('d', '{"signed": null}');
\echo :SQLSTATE
SELECT wf_patch_state('d', '[{"op": "remove", "path": "/signed"}]');
\echo :SQLSTATE
SELECT wf_save_state('d', '{}');
\echo :SQLSTATE
SELECT wf_save_state('named', '{}');
SELECT wf_transition('d', 'draft');
\echo :SQLSTATE
-- A patch that no rule reads, with and without the session knowing the head.
SELECT wf_patch_state('d', '{"free": 1}');
SET wfstate.cache_size = 0;
SELECT wf_patch_state('d', '{"free": 2}');
SELECT wf_patch_state('d', '{"signed": null}');
\echo :SQLSTATE
SELECT wf_patch_state('d', '[{"op": "remove", "path": "/signed"}]');
\echo :SQLSTATE
RESET wfstate.cache_size;
-- Status moves.
SELECT wf_save_state('s', '{}', workflow => 'doc', status => 'pending'), wf_patch_state('s', '{}', status => 'running');
SELECT wf_patch_state('s', '{}', status => 'paused');
\echo :SQLSTATE
SELECT wf_save_state('s', '{}', status => 'failed');
\echo :SQLSTATE
SELECT * FROM wf_save_states('{s}', ARRAY['{}']::jsonb[], statuses => '{pending}');
\echo :SQLSTATE
SELECT wf_patch_state('s', '{}', status => 'running'), wf_patch_state('s', '{}', status => 'waiting');
SELECT wf_transition('s', 'dropped', status => 'completed');
\echo :SQLSTATE
SELECT wf_transition('s', 'dropped', status => 'running');
SELECT wf_patch_state('s', '{}', status => 'completed');
SELECT wf_patch_state('s', '{}', status => 'running');
\echo :SQLSTATE
SELECT phase, status FROM wf_load('s');
-- Going back is no move: the state and that the phase is there count.
SELECT wf_recover('d', version => 1);
SELECT phase, status, state, workflow_version FROM wf_load('d');
SELECT wf_recover('d', 'review@2'), wf_fork('d', 'f'), wf_fork('d', 'f1', version => 1);
SELECT execution_id, phase, workflow_version FROM wf_load_many('{d,f,f1}');
SELECT wf_transition('f1', 'done');
\echo :SQLSTATE
-- Names of the checkpoint: taken, and of a long phase.
SELECT wf_save_state('n', '{"title": 1, "body": 1}', workflow => 'doc'), wf_checkpoint('n', 'review@2', 1);
SELECT wf_transition('n', 'review');
\echo :SQLSTATE
SELECT wf_define('long', jsonb_build_object('phases', jsonb_build_object('a', jsonb_build_object('next', jsonb_build_array(repeat('é', 127))), repeat('é', 127), '{"checkpoint": true}'::jsonb), 'initial_phase', 'a', 'terminal_phases', jsonb_build_array(repeat('é', 127))));
SELECT wf_save_state('l', '{}', workflow => 'long'), wf_transition('l', repeat('é', 127));
SELECT octet_length(name), right(name, 4) AS name FROM wf_checkpoints('l');
-- Without a definition any phase follows any.
SELECT wf_save_state('free', '{"n": 1}'), wf_transition('free', 'anywhere', '{"n": 2}', status => 'waiting'), wf_transition('free', 'anywhere'), wf_transition('free', 'else');
SELECT phase, status, version, state FROM wf_load('free');
SELECT count(*) FROM wf_checkpoints('free');
-- Bad arguments.
SELECT wf_transition('missing', 'x');
\echo :SQLSTATE
SELECT wf_transition('d', NULL);
\echo :SQLSTATE
SELECT wf_transition('d', '');
\echo :SQLSTATE
SELECT wf_transition('free', 'x', '1');
\echo :SQLSTATE
SELECT wf_transition('free', 'x', '[{"op": "remove", "path": "/none"}]');
\echo :SQLSTATE
SELECT wf_transition('free', 'x', expected_version => 1);
\echo :SQLSTATE
SELECT wf_transition('free', 'x', expected_version => 0);
\echo :SQLSTATE
SELECT wf_transition('free', 'x', status => 'done');
\echo :SQLSTATE
SELECT phase, version FROM wf_load('free');
SELECT execution_id, problem FROM wf_list(max_rows => 1000) AS l, wf_verify(l.execution_id) AS v WHERE NOT v.valid;
