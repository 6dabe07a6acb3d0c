-- The first minutes of a new user.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'quickstart';
\pset null (null)
SELECT wf_save_state('order-42', '{"total": 7, "items": ["pen"]}');
SELECT wf_load_state('order-42');
SELECT wf_save_state('order-42', '{"total": 9, "items": ["pen", "ink"]}', expected_version => 1);
SELECT wf_patch_state('order-42', '{"customer": {"id": 5}}', expected_version => 2);
SELECT wf_patch_state('order-42', '[{"op": "add", "path": "/items/-", "value": "paper"}]');
SELECT wf_load_state('order-42');
-- Whoever saves from an old version is told so.
SELECT wf_save_state('order-42', '{}', expected_version => 2);
\echo :SQLSTATE
SELECT version, kind, changes FROM wf_history('order-42');
SELECT wf_state_at('order-42', 1);
SELECT wf_diff('order-42', 1);
SELECT wf_checkpoint('order-42', 'before payment');
SELECT wf_save_state('order-42', '{"oops": true}', status => 'failed', note => 'bug in the payment step');
SELECT wf_recover('order-42', note => 'again');
SELECT wf_load_state('order-42');
SELECT wf_fork('order-42', 'order-42-b', version => 2);
SELECT execution_id, version, status, state, forked_from_execution_id, forked_from_version FROM wf_load('order-42-b');
SELECT execution_id, status, version FROM wf_list(sort => 'execution_id', descending => false);
SELECT versions, valid FROM wf_verify('order-42');
SELECT wf_delete('order-42'), wf_delete('order-42-b'), wf_delete('order-42');
