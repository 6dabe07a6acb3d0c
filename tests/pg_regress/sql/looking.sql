-- wf_timeline, wf_diagram and wf_report: what they show, to whom, and every refusal. The page itself is looked at by
-- tests/recovery/report.sh.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'looking';
-- An empty tenant.
SELECT count(*) AS missing FROM unnest('{throughput,agents,circuits,steps,queue,failures}'::text[]) AS id
 WHERE position(format('<section id="%s"', id) IN wf_report()) = 0;
SELECT wf_report() LIKE '<!DOCTYPE html>%<p class="empty">No execution was started in this time.</p>%</html>' || chr(10) AS empty,
       wf_report() ~ '<title>looking – workflow report</title>' AS titled;
SELECT wf_timeline('absent');
\echo :SQLSTATE
SELECT wf_diagram(execution_id => 'absent');
\echo :SQLSTATE
SELECT wf_diagram('absent');
\echo :SQLSTATE
SELECT wf_report(execution_id => 'absent');
\echo :SQLSTATE
-- An execution without anything but a state.
SELECT wf_save_state('bare', '{"a": 1}');
SELECT kind, name, status, length(bar), started_at IS NOT NULL AS started, ended_at IS NOT NULL AS ended, duration IS NOT NULL AS lasts FROM wf_timeline('bare', 20);
SELECT wf_diagram(execution_id => 'bare');
SELECT wf_diagram(execution_id => 'bare', kind => 'steps');
SELECT wf_diagram(execution_id => 'bare', kind => 'phases');
-- A workflow.
SELECT wf_define('trip', '{"phases": {"plan": {"next": ["book"]}, "book": {"next": ["plan", "done"]}, "done": {}}, "initial_phase": "plan", "terminal_phases": ["done"],
  "steps": {"hotel": {"compensation": "cancel hotel"}, "flight": {"depends_on": ["hotel"]}}}');
SELECT wf_define('trip', '{"steps": {"end": {}, "\"]; click": {"depends_on": ["end"]}}}');
SELECT wf_define('trip', '{"description": "neither"}');
SELECT wf_diagram('trip', version => 1);
SELECT wf_diagram('trip', version => 1, kind => 'steps');
SELECT wf_diagram('trip', version => 2);
SELECT wf_diagram('trip', version => 2, kind => 'phases');
SELECT wf_diagram('trip');
-- What an execution does.
SELECT wf_start('trip', 'rome', state => '{"to": "Rome"}');
SELECT wf_rebind('rome', 1);
SELECT wf_save_state('rome', '{"to": "Rome"}', phase => 'plan');
SELECT action FROM wf_step_begin('rome', 'hotel');
SELECT recorded FROM wf_step_complete('rome', 'hotel', '1', '{"hotel": "<b>Forum</b>"}');
SELECT wf_transition('rome', 'book'), wf_transition('rome', 'plan'), wf_transition('rome', 'book');
SELECT wf_checkpoint('rome', 'booked');
SELECT action FROM wf_await_signal('rome', 'go');
SELECT created FROM wf_signal('rome', 'go');
SELECT action FROM wf_await_signal('rome', 'go');
SELECT action FROM wf_step_begin('rome', 'flight');
SELECT action FROM wf_step_fail('rome', 'flight', '"full"', max_attempts => 2, initial_interval => '0 s');
SELECT action, attempt FROM wf_step_begin('rome', 'flight');
SELECT action FROM wf_step_fail('rome', 'flight', '"full"', max_attempts => 2);
SELECT kind, name, status, attempt, length(bar) AS width, ended_at IS NULL AS goes_on FROM wf_timeline('rome', 30);
SELECT bool_and(line LIKE rpad(kind, 10) || '%' AND position(rtrim(bar) IN line) > 0) AS whole FROM wf_timeline('rome') WHERE kind <> 'versions';
SELECT kind, name FROM wf_timeline('rome', max_rows => 2);
SELECT wf_diagram(execution_id => 'rome');
SELECT wf_diagram(execution_id => 'rome', kind => 'steps');
SELECT wf_diagram(execution_id => 'rome', kind => 'statuses');
-- What pruned versions would tell is told by nobody.
SELECT wf_save_state('pruned', '{}', phase => 'a'), wf_checkpoint('pruned', 'first'), wf_save_state('pruned', '{}', phase => 'b'), wf_save_state('pruned', '{}', phase => 'c'), wf_save_state('pruned', '{}', phase => 'a');
SELECT wf_prune_history('pruned', 2);
SELECT kind, name, status, bar ~ '·' AS dots, ended_at IS NULL AS goes_on FROM wf_timeline('pruned') WHERE kind IN ('versions', 'phase');
SELECT wf_diagram(execution_id => 'pruned');
SELECT wf_diagram(execution_id => 'pruned', kind => 'statuses');
SELECT wf_drop_checkpoint('pruned', 'first'), wf_prune_history('pruned', 1);
SELECT kind, name, status, ended_at IS NULL AS goes_on FROM wf_timeline('pruned') WHERE kind IN ('versions', 'phase');
SELECT wf_diagram(execution_id => 'pruned');
SELECT wf_delete('pruned');
-- The timeline of what is over ends with it.
SELECT wf_fail('rome', '{"message": "<script>no flight</script>"}') > 0 AS over;
SELECT kind, name, status, ended_at IS NULL AS goes_on FROM wf_timeline('rome') WHERE kind IN ('execution', 'phase');
SELECT position('</script>' IN wf_report()) AS script, wf_report() LIKE '%&lt;script&gt;no flight&lt;/script&gt;%' AS told,
       wf_report() LIKE '%Forum%' AS state, wf_report(execution_id => 'rome') LIKE '%&lt;b&gt;Forum&lt;/b&gt;%' AS state_when_asked;
-- What is in a report follows its arguments.
SELECT wf_save_state('old', '{}', workflow => 'trip', status => 'failed');
UPDATE wfstate.executions SET created_at = '2020-02-29 12:34:56+00', completed_at = '2020-02-29 12:35:00+00' WHERE execution_id = 'old';
CREATE FUNCTION pg_temp.started(report text) RETURNS text LANGUAGE sql AS $$SELECT substring(report FROM '<dt>Started</dt><dd><strong>([^<]*)')$$;
SELECT pg_temp.started(wf_report()) AS day, pg_temp.started(wf_report(since => '2020-01-01')) AS years,
       pg_temp.started(wf_report('trip')) AS trips, pg_temp.started(wf_report('other')) AS others,
       pg_temp.started(wf_report(since => '2020-02-29 12:30+00', until => '2020-02-29 13:00+00')) AS half_an_hour,
       pg_temp.started(wf_report(until => '2020-02-29 12:34:56+00', since => '2020-02-29 12:00+00')) AS until_is_exclusive;
SELECT substring(wf_report(since => '2020-02-29 12:30+00', until => '2020-02-29 13:00+00') FROM '<rect class="bad"[^>]*>') IS NOT NULL AS drawn,
       wf_report(since => '2020-02-29 12:30+00', until => '2020-02-29 13:00+00') LIKE '%29 Feb, 12:34 to 12:35: 1 failed%' AS told;
SELECT count(*) AS failures FROM regexp_matches(wf_report(since => '2019-01-01', max_rows => 1), '<li><p><b>', 'g');
-- Success is what wf_statistics takes for it.
SELECT count(wf_save_state('undo ' || n, '{}', workflow => 'undo', status => s)) FROM unnest('{completed,failed,compensated,compensated,cancelled,cancelled}'::text[]) WITH ORDINALITY AS x (s, n);
SELECT success_rate, substring(wf_report('undo') FROM '<dt>Succeeded</dt><dd>(.*?)</dd>') AS reported FROM wf_statistics('undo');
SELECT count(wf_delete('undo ' || n)) FROM generate_series(1, 6) AS n;
-- A hostile name.
SELECT wf_save_state(E'\x1b[31m"] <x> %% \u202E注文\n', '{}', phase => E'`end`\n%%{init}');
SELECT line ~ '^execution  \\u001b\[31m"\] <x> %% \\u202e注文… +running ├─{8}▷' AS plain FROM wf_timeline(E'\x1b[31m"] <x> %% \u202E注文\n', 10) LIMIT 1;
SELECT wf_diagram(execution_id => E'\x1b[31m"] <x> %% \u202E注文\n');
-- Another tenant sees nothing of it.
SET wfstate.tenant = 'beside';
SELECT wf_save_state('mine', '{}', workflow => 'trip');
SELECT wf_timeline('rome');
\echo :SQLSTATE
SELECT wf_diagram('trip');
\echo :SQLSTATE
SELECT pg_temp.started(wf_report()) AS started, wf_report() LIKE '%rome%' AS leaks;
SET wfstate.tenant = 'looking';
-- Readers may look, others not; a bound role only at its tenant.
CREATE ROLE looking_reader;
CREATE ROLE looking_stranger;
SELECT wf_grant_access('looking_reader', 'reader');
SELECT wf_grant_tenant('looking_reader', 'beside');
SET ROLE looking_reader;
SELECT pg_temp.started(wf_report());
\echo :SQLSTATE
SET wfstate.tenant = 'beside';
SELECT pg_temp.started(wf_report()) AS started;
SELECT name FROM wf_timeline('mine') LIMIT 1;
SELECT wf_diagram(execution_id => 'mine') LIKE 'stateDiagram-v2%' AS drawn;
SELECT wf_report(execution_id => 'mine') LIKE '%Execution <bdi>mine</bdi>%' AS seen;
RESET ROLE;
SET ROLE looking_stranger;
SELECT wf_timeline('mine');
\echo :SQLSTATE
SELECT wf_diagram(execution_id => 'mine');
\echo :SQLSTATE
SELECT wf_report();
\echo :SQLSTATE
RESET ROLE;
-- They read, and may run in a parallel worker.
SELECT proname, provolatile, proparallel FROM pg_proc WHERE proname IN ('wf_timeline', 'wf_diagram', 'wf_report') ORDER BY 1;
BEGIN READ ONLY;
SELECT count(*) > 1 AS drawn FROM wf_timeline('mine');
SELECT length(wf_diagram(execution_id => 'mine')) > 0 AS drawn, length(wf_report()) > 0 AS made;
COMMIT;
-- Arguments.
SELECT wf_timeline(NULL);
\echo :SQLSTATE
SELECT wf_timeline('mine', 9);
\echo :SQLSTATE
SELECT wf_timeline('mine', NULL);
\echo :SQLSTATE
SELECT wf_timeline('mine', max_rows => 0);
\echo :SQLSTATE
SELECT wf_diagram();
\echo :SQLSTATE
SELECT wf_diagram('trip', 'mine');
\echo :SQLSTATE
SELECT wf_diagram(execution_id => 'mine', version => 1);
\echo :SQLSTATE
SELECT wf_diagram('trip', kind => 'statuses');
\echo :SQLSTATE
SELECT wf_diagram(execution_id => 'mine', kind => 'pie');
\echo :SQLSTATE
SET wfstate.tenant = 'looking';
SELECT wf_diagram('trip', version => 9);
\echo :SQLSTATE
SELECT wf_diagram('trip', version => 0);
\echo :SQLSTATE
SELECT wf_report('');
\echo :SQLSTATE
SELECT wf_report(max_rows => 10001);
\echo :SQLSTATE
SELECT wf_report(max_rows => NULL);
\echo :SQLSTATE
SELECT wf_report(since => now() + interval '1 day');
\echo :SQLSTATE
SELECT wf_report(since => '-infinity');
\echo :SQLSTATE
SELECT wf_report(since => '1000-01-01');
\echo :SQLSTATE
DROP FUNCTION pg_temp.started(text);
SELECT wf_revoke_tenant('looking_reader', 'beside');
SELECT wf_revoke_access('looking_reader');
DROP ROLE looking_reader;
DROP ROLE looking_stranger;
SELECT count(wf_delete(execution_id)) FROM wf_list(max_rows => 1000);
DELETE FROM wfstate.definitions WHERE tenant = 'looking';
DELETE FROM wfstate.workflows WHERE tenant = 'looking';
SET wfstate.tenant = 'beside';
SELECT count(wf_delete(execution_id)) FROM wf_list(max_rows => 1000);
