-- wf_repair: what it does first, and what when that does not hold; the record, the quarantine, and every refusal.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'repair';
SET wfstate.cache_size = 0;
\pset null (null)
SELECT * FROM wf_repair('none');
\echo :SQLSTATE
SELECT * FROM wf_repair(NULL);
\echo :SQLSTATE
SELECT wf_define('w', '{
  "phases": {"draft": {"next": ["review"]}, "review": {}}, "initial_phase": "draft", "terminal_phases": ["review"],
  "schema": {"type": "object", "required": ["n", "kind"], "properties": {
    "n": {"type": "integer", "maximum": 100}, "kind": {"type": "string", "default": "plain"},
    "limits": {"$ref": "#/$defs/limits"}, "cache": {"type": "object"}},
    "$defs": {"limits": {"type": "object", "required": ["most"], "properties": {"most": {"type": "integer", "default": 5}}}}},
  "repair": [[{"op": "test", "path": "/n", "value": 101}, {"op": "replace", "path": "/n", "value": 100}],
             [{"op": "remove", "path": "/junk"}], {"n": null, "kind": 7}],
  "derived": ["/cache", "/limits/seen"],
  "initial_state": {"n": 0, "kind": "new"}}');
CREATE FUNCTION pg_temp.make(id text, states jsonb[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    at bigint;
BEGIN
    -- Bound only afterwards, so that what breaks the rules gets into the log.
    FOR i IN 1..cardinality(states) LOOP at := wf_save_state(id, states[i], phase => 'draft'); END LOOP;
    UPDATE wfstate.executions SET workflow = 'w', workflow_version = 1 WHERE execution_id = id;
    RETURN at;
END $$;
-- Nothing to do; defaults, also behind a reference; a repair patch, after one that does not apply; a derived path.
SELECT pg_temp.make('valid', ARRAY['{"n": 1, "kind": "a"}']::jsonb[]), pg_temp.make('defaults', ARRAY['{"n": 1, "limits": {}}']::jsonb[]),
       pg_temp.make('patch', ARRAY['{"n": 101, "kind": "a"}']::jsonb[]);
SELECT * FROM wf_repair('valid');
SELECT * FROM wf_repair('defaults');
SELECT * FROM wf_load_state('defaults');
SELECT * FROM wf_repair('patch');
SELECT * FROM wf_load_state('patch');
SELECT version, phase, status, kind, note, changes FROM wf_history('patch');
SELECT version, recovery_no, reason, patch, snapshot FROM wf_quarantined('patch');
SELECT valid FROM wf_verify('patch');
-- The newest valid checkpoint before a newer valid version; a newer version where no checkpoint is valid.
SELECT pg_temp.make('tagged', ARRAY['{"n": 1, "kind": "a"}', '{"n": 2, "kind": "a"}', '{"n": 999, "kind": "a"}']::jsonb[]), wf_checkpoint('tagged', 'one', 1), wf_checkpoint('tagged', 'three', 3);
SELECT * FROM wf_repair('tagged');
SELECT wf_load_state('tagged');
SELECT pg_temp.make('version', ARRAY['{"n": 1, "kind": "a"}', '{"n": 2, "kind": "a"}', '{"n": 999, "kind": "a"}', '{"n": 998, "kind": "a"}']::jsonb[]), wf_checkpoint('version', 'three', 3);
SELECT * FROM wf_repair('version');
SELECT state, phase, version FROM wf_load('version');
-- The phase goes back with the version.
SELECT wf_transition('version', 'review');
UPDATE wfstate.state_versions SET hash = hash + 1 WHERE execution_id = 'version' AND version = 6;
SELECT * FROM wf_repair('version');
SELECT state, phase, version FROM wf_load('version');
-- The initial state; without a definition nothing is left.
SELECT pg_temp.make('initial', ARRAY['{"n": 999, "kind": "a"}']::jsonb[]), wf_save_state('lost', '{"n": 1}');
SELECT * FROM wf_repair('initial');
SELECT state, phase, status FROM wf_load('initial');
UPDATE wfstate.state_versions SET snapshot_hash = 1 WHERE execution_id = 'lost';
SELECT * FROM wf_repair('lost');
SELECT status FROM wf_list() WHERE execution_id = 'lost';
SELECT * FROM wf_repair('lost');
SELECT recovery_no, action, version, target_version, reason, lost_count FROM wf_recoveries('lost');
SELECT recovery_no FROM wf_recoveries('lost', after => 1, max_rows => 1);
-- A head that leads astray is set right, and nothing is lost.
SELECT wf_save_state('astray', '{"n": 1}'), wf_save_state('astray', '{"n": 2}');
UPDATE wfstate.executions e SET version = 1, hash = v.hash FROM wfstate.state_versions v WHERE e.execution_id = 'astray' AND v.execution_id = 'astray' AND v.version = 1;
SELECT * FROM wf_repair('astray');
SELECT wf_load_state('astray'), wf_save_state('astray', '{"n": 3}');
-- What the quarantine is read, and forgotten, by.
SELECT version FROM wf_quarantined('version', max_rows => 0);
\echo :SQLSTATE
-- By operators alone: what is set aside may hold what its owner has taken back. A writer deletes it with the execution.
CREATE ROLE regress_wf_repair_writer;
CREATE ROLE regress_wf_repair_operator;
SELECT wf_grant_access('regress_wf_repair_writer', 'writer', ARRAY[wf_tenant()]), wf_grant_access('regress_wf_repair_operator', 'operator', ARRAY[wf_tenant()]);
SET ROLE regress_wf_repair_writer;
SELECT count(*) FROM wfstate.quarantine;
\echo :SQLSTATE
SELECT count(*) FROM wf_quarantined('patch');
\echo :SQLSTATE
SELECT wf_delete('version');
SET ROLE regress_wf_repair_operator;
SELECT count(*) > 0 AS read FROM wfstate.quarantine;
SELECT count(*) AS deleted FROM wf_quarantined('version');
RESET ROLE;
SELECT wf_revoke_access('regress_wf_repair_writer'), wf_revoke_access('regress_wf_repair_operator');
DROP ROLE regress_wf_repair_writer, regress_wf_repair_operator;
SELECT wf_release_quarantined('patch', 1), wf_release_quarantined('patch', 1);
SELECT wf_release_quarantined('patch', NULL);
\echo :SQLSTATE
SELECT * FROM wf_prune_quarantine(NULL);
\echo :SQLSTATE
SELECT * FROM wf_prune_quarantine('1 day');
SELECT * FROM wf_prune_quarantine('0 s', max_rows => 2);
SELECT recoveries > 0 AS recoveries, quarantined > 0 AS quarantined FROM wf_prune_quarantine('0 s');
SELECT count(*) FROM wfstate.recoveries;
SELECT count(wf_delete(execution_id)) FROM wf_list();
