-- A tenant in which everything that has a name or a text is hostile to pages, terminals and diagrams: each of these is
-- a phase, a step, an agent, an error, a value, a key.
CREATE TEMP TABLE hostile AS
SELECT row_number() OVER () AS n, text FROM unnest(ARRAY[
    '<script>window.hit = 1; alert(1)</script>', '</title></style></head><img src=x onerror="window.hit = 2">',
    '"><svg onload="window.hit = 3">', ''' onmouseover=''window.hit = 4', '`${window.hit = 5}`', '<!-- <base href="//evil.example">',
    'javascript:window.hit=6', '&lt;b&gt; &amp; &#60;i&#62;', 'end', 'click s1 "javascript:window.hit=7"', '%%{init: {"theme": "forest"}}%%',
    '"] --> s9["', E'line one\nline two\n    p1 --> p99', E'\u202Etxt.exe\u202C \u2066isolate', E'zero\u200Bwidth\uFEFF', 'p1 --> p2; p2 --> p1',
    ':::current', '---' || chr(10) || 'title: x' || chr(10) || '---', 'classDef current fill:#f00', '#35;#quot;#60;b#62;', 'fa:fa-user', '1. list', '- item',
    '**bold** _it_', '$$x^2$$', U&'\FB02\00B0\00B060\00B6\00DF', '注文 🚀 العربية', '{{}} ([x]) [/y/] >z]', repeat('long ', 50), E'\\u0000 \x01\x1b[31mred', 'state "x" as y', '[*]'
]) AS text;
SELECT wf_define('<b>workflow</b> "x" %%', jsonb_build_object(
    'phases', (SELECT jsonb_object_agg(h.text, jsonb_build_object('next', CASE WHEN h.n = 1 THEN (SELECT jsonb_agg(text) FROM hostile WHERE n > 1) ELSE '[]' END)) FROM hostile AS h),
    'initial_phase', (SELECT text FROM hostile WHERE n = 1), 'terminal_phases', (SELECT jsonb_agg(text) FROM hostile WHERE n > 1),
    'steps', (SELECT jsonb_object_agg(h.text, jsonb_build_object('compensation', h.text, 'depends_on',
              CASE WHEN h.n = 1 THEN '[]' ELSE (SELECT jsonb_agg(b.text) FROM hostile AS b WHERE b.n = h.n - 1) END)) FROM hostile AS h)));
SELECT count(*) FROM hostile AS h, wf_start('<b>workflow</b> "x" %%', left(h.text, 60) || h.n, state => jsonb_build_object(h.text, h.text), note => h.text);
-- One that does everything.
\set id '<b>all</b> "]'
SELECT wf_start('<b>workflow</b> "x" %%', :'id', state => '{"&amp;": "<"}');
SELECT count(wf_patch_state(:'id', jsonb_build_object('key ' || text, text), note => text)) FROM hostile;
SELECT count(*) FROM (SELECT text FROM hostile ORDER BY n) AS h, LATERAL (SELECT action FROM wf_step_begin(:'id', h.text) OFFSET 0) AS b, LATERAL (SELECT recorded FROM wf_step_complete(:'id', h.text, to_jsonb(b.action)) OFFSET 0) AS c;
SELECT count(wf_checkpoint(:'id', text)) FROM hostile;
SELECT wf_transition(:'id', (SELECT text FROM hostile WHERE n = 2));
SELECT count(wf_fail(e.execution_id, to_jsonb(h.text))) FROM (SELECT execution_id, row_number() OVER () AS n FROM wf_list(max_rows => 100)) AS e JOIN hostile AS h USING (n) WHERE e.execution_id <> :'id';
SELECT wf_fail(:'id', jsonb_build_object('message', (SELECT string_agg(text, ' ') FROM hostile)));
-- One whose history has gaps.
SELECT count(wf_save_state('<b>pruned</b> %%', '{}', phase => text)), count(wf_checkpoint('<b>pruned</b> %%', 'c' || n, metadata => '{}')) FROM (SELECT * FROM hostile WHERE n % 3 = 0 ORDER BY n) AS h;
SELECT count(wf_save_state('<b>pruned</b> %%', '{}', phase => text)) FROM (SELECT * FROM hostile ORDER BY n) AS h;
SELECT wf_prune_history('<b>pruned</b> %%', 2);
SELECT count(wf_record_routing('t' || n, text, n % 3 > 0, 10 * n)), count(wf_circuit_save(text, 'forced_open')) FROM hostile;
