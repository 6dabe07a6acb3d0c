-- A patch and a state of the same words are not the same content: what was rolled back must not be found in their
-- place.
SET wfstate.tenant = 'same_words';
SELECT wf_save_state('e', '{"a": 1}');
-- A state that reads as the empty patch, then a version that changes nothing.
BEGIN;
SELECT wf_save_state('e', '[]');
ROLLBACK;
SELECT wf_recover('e', version => 1);
SELECT wf_load_state('e');
-- A merge patch, then a state that reads as it does, of another session.
SELECT wf_save_state('f', '{"a": 1, "b": 1}');
BEGIN;
SELECT wf_patch_state('f', '{"a": 2}');
CREATE TEMP TABLE patched AS SELECT hash FROM wfstate.executions WHERE tenant = 'same_words' AND execution_id = 'f';
SELECT hash AS patched FROM patched \gset
ROLLBACK;
SELECT wf_save_state('f', '{"a": 2}');
SELECT hash = :patched AS same FROM wfstate.executions WHERE tenant = 'same_words' AND execution_id = 'f';
-- A call that gives rows one by one is about one tenant.
SET wfstate.tenant = 'same_words_b';
SELECT wf_save_state(i, '{"tenant": "b"}') FROM unnest('{e,f}'::text[]) i;
SET wfstate.tenant = 'same_words';
BEGIN;
DECLARE found CURSOR FOR SELECT (wf_find('{}')).state;
FETCH 1 FROM found;
SET wfstate.tenant = 'same_words_b';
FETCH 1 FROM found;
ROLLBACK;
SET wfstate.tenant = 'same_words';
SELECT execution_id, state FROM wf_load_many('{e,f}');
