-- Memories: a lesson is there once and grows stronger; found by words, tool, confidence and tags; and every refusal.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'memories';
SET default_text_search_config = 'pg_catalog.english';
SELECT confidence, times, created FROM wf_remember('A request timed out', 'Retry the search with a smaller page', 'web', 0.6, '{"team": "blue"}');
SELECT confidence, times, created FROM wf_remember('Parsing failed', 'Dates are written the ISO way', 'calendar', remembered_at => '2026-01-01Z');
SELECT confidence, times, created FROM wf_remember(NULL, 'Ask before deleting files', confidence => 1);
SELECT confidence, times, created FROM wf_remember(NULL, 'Search engines like short queries', 'web', 0.2, '{"team": "red"}');
-- The same again, however it is written, strengthens: a + (1 - a) * b / 2. About another tool it is another memory.
SELECT confidence, times, created FROM wf_remember(NULL, E'  RETRY the   search\nwith a smaller page ', 'web', 0.5);
SELECT confidence, times, created FROM wf_remember('It was slow', 'retry the search with a smaller page', 'web', 0, '{"n": 1}');
SELECT confidence, times, created FROM wf_remember(NULL, 'ask before deleting FILES', confidence => 1);
SELECT confidence, times, created FROM wf_remember(NULL, 'Ask before deleting files', 'shell', 0.3);
SELECT times, created FROM wf_remember(NULL, 'ΟΔΟΣ a', 'greek');
SELECT times, created FROM wf_remember(NULL, 'οδοσ a', 'greek');
SELECT wf_forget(tool_name => 'greek');
SELECT context, lesson, tool_name, round(confidence::numeric, 3) AS confidence, times, tags, config, dimensions FROM wf_memories();
SELECT bool_and(confidence <= 1), max(times) FROM generate_series(1, 50) AS n, LATERAL wf_remember(NULL, 'Always more', 'sure', CASE WHEN n > 0 THEN 0.9 END);
-- By words, of which one is enough; what has more of them, and what is surer, comes first.
SELECT lesson, round(rank::numeric, 3) AS rank FROM wf_recall('how small should the pages of a search be?');
SELECT lesson FROM wf_recall('iso date');
SELECT lesson FROM wf_recall('it timed out');
SELECT lesson FROM wf_recall('slow');
SELECT lesson FROM wf_recall('search', 'web', 0.3);
SELECT lesson FROM wf_recall('search', 'calendar');
SELECT lesson FROM wf_recall('search', tags => '{"team": "red"}');
SELECT lesson FROM wf_recall('ask', tags => '{"team": "red"}');
SELECT lesson FROM wf_recall(tags => '{"team": "red"}');
SELECT lesson FROM wf_recall('search', max_rows => 1);
-- Nothing to look for, or nothing found.
SELECT count(*) FROM wf_recall('the of and');
SELECT count(*) FROM wf_recall('');
SELECT count(*) FROM wf_recall('wombat');
SELECT count(*) FROM wf_recall($$o'brien \ ' & | ! :* <-> ( $$);
-- Words whose lower-case form is longer than the server's text search can keep, in any place and configuration.
SELECT n, created, times FROM generate_series(600, 1050, 150) AS n, LATERAL wf_remember(repeat('Ⱥ', n), 'long ' || repeat('Ⱥ', n), 'long', 0);
SELECT created FROM wf_remember(repeat('ⱾȺ.', 800), repeat('İ', 1023), 'long', 0, config => 'simple');
SELECT created FROM wf_remember(repeat('/Ⱥ', 1000), '<a ' || repeat('Ⱥ-', 1000) || '>', 'long', 0);
SELECT count(*), count(*) FILTER (WHERE lesson LIKE 'long ȺȺ%') FROM wf_recall(repeat('ⱥ', 1000), 'long', config => 'simple');
SELECT count(*) FROM wf_recall(repeat('Ⱥ', 4000), 'long') UNION ALL SELECT count(*) FROM wf_recall(repeat('İ', 1023), 'long', config => 'simple');
SELECT bool_and(length(lexeme) < 1024) FROM wfstate.memories, unnest(document) WHERE tool_name::text = 'long';
SELECT wf_forget(tool_name => 'long');
-- Without a query, by confidence.
SELECT lesson, tool_name, rank = confidence AS by_confidence FROM wf_recall(min_confidence => 0.25);
SELECT lesson FROM wf_recall(NULL, 'web');
-- In any text-search configuration; each memory keeps its own.
SELECT created FROM wf_remember(NULL, 'Häuser werden schnell gebaut', 'bau', config => 'german');
SELECT created FROM wf_remember(NULL, 'The of and', 'exact', config => 'simple');
SELECT lesson, config FROM wf_recall('ein Haus bauen', config => 'german') JOIN wf_memories() USING (memory_id, lesson);
SELECT count(*) FROM wf_recall('ein Haus bauen');
SELECT lesson FROM wf_recall('of', config => 'simple');
CREATE TEXT SEARCH CONFIGURATION public."Mine" (COPY = pg_catalog.simple);
SELECT created FROM wf_remember(NULL, 'Written in my own', 'own', config => 'public."Mine"');
SELECT config FROM wf_memories() WHERE tool_name = 'own';
SET default_text_search_config = 'pg_catalog.german';
SELECT lesson FROM wf_recall('viele Häuser');
SET default_text_search_config = 'pg_catalog.english';
-- What was remembered first or last.
SELECT created_at = timestamptz '2026-01-01Z' AS first, updated_at = timestamptz '2026-01-01Z' AS last FROM wf_recall('ISO');
SELECT times FROM wf_remember(NULL, 'Dates are written the ISO way', 'calendar', 0, remembered_at => '2025-01-01Z');
SELECT created_at = timestamptz '2026-01-01Z' AS first, updated_at = timestamptz '2026-01-01Z' AS last FROM wf_recall('ISO');
-- Embeddings need pgvector, which is not here.
SELECT * FROM wf_remember(NULL, 'x', embedding => '{1,2}');
\echo :SQLSTATE
SELECT * FROM wf_recall(embedding => '{1,2}');
\echo :SQLSTATE
-- Refusals.
SELECT * FROM wf_remember('c', NULL);
\echo :SQLSTATE
SELECT * FROM wf_remember('c', E' \n ');
\echo :SQLSTATE
SELECT * FROM wf_remember('c', repeat('x', 8193));
\echo :SQLSTATE
SELECT * FROM wf_remember(repeat('x', 8193), 'x');
\echo :SQLSTATE
SELECT * FROM wf_remember('c', 'x', '');
\echo :SQLSTATE
SELECT * FROM wf_remember('c', 'x', confidence => 1.01);
\echo :SQLSTATE
SELECT * FROM wf_remember('c', 'x', confidence => 'NaN');
\echo :SQLSTATE
SELECT * FROM wf_remember('c', 'x', confidence => NULL);
\echo :SQLSTATE
SELECT * FROM wf_remember('c', 'x', tags => '[]');
\echo :SQLSTATE
SELECT * FROM wf_remember('c', 'x', tags => jsonb_build_object('x', repeat('x', 16385)));
\echo :SQLSTATE
SELECT * FROM wf_remember('c', 'x', embedding => '{}');
\echo :SQLSTATE
SELECT * FROM wf_remember('c', 'x', embedding => '{1,NULL}');
\echo :SQLSTATE
SELECT * FROM wf_remember('c', 'x', embedding => '{Infinity,1}');
\echo :SQLSTATE
SELECT * FROM wf_remember('c', 'x', embedding => '{0,0}');
\echo :SQLSTATE
SELECT * FROM wf_remember('c', 'x', embedding => array_fill(1::real, ARRAY[16001]));
\echo :SQLSTATE
SELECT * FROM wf_remember('c', 'x', remembered_at => '-infinity');
\echo :SQLSTATE
-- Less sure, by its number.
BEGIN;
SELECT memory_id AS doubtful FROM wf_remember(NULL, 'Doubtful', 'doubt', 0.8) \gset
SELECT wf_set_confidence(:doubtful, 0.1), wf_set_confidence(0, 0.1);
SELECT confidence, times FROM wf_recall(tool_name => 'doubt');
SELECT wf_set_confidence(:doubtful, 1.5);
\echo :SQLSTATE
ROLLBACK;
SELECT wf_set_confidence(1, NULL);
\echo :SQLSTATE
SELECT wf_set_confidence(NULL, 0.5);
\echo :SQLSTATE
-- An embedding as drivers send it: of doubles, numerics, integers, or as text.
SELECT * FROM wf_remember('c', 'l', embedding => ARRAY[0.1, 0.2]::float8[]);
\echo :SQLSTATE
SELECT * FROM wf_recall('l', embedding => ARRAY[0.1, 0.2]);
\echo :SQLSTATE
SELECT * FROM wf_recall('l', embedding => ARRAY[1, 2]);
\echo :SQLSTATE
SELECT * FROM wf_recall('l', embedding => '{0.1, 0.2}');
\echo :SQLSTATE
SELECT * FROM wf_recall('l', embedding => ARRAY[0.1, 0.2]::real[]);
\echo :SQLSTATE
SELECT * FROM wf_recall('l', embedding => ARRAY[1e39::float8]);
\echo :SQLSTATE
SELECT * FROM wf_remember('c', 'x', config => '');
\echo :SQLSTATE
SELECT * FROM wf_recall('x', config => '');
\echo :SQLSTATE
SELECT * FROM wf_remember('c', 'x', config => 'klingon');
\echo :SQLSTATE
SELECT * FROM wf_remember('c', 'x', config => '1');
\echo :SQLSTATE
SELECT * FROM wf_recall('x', config => 'klingon');
\echo :SQLSTATE
SELECT * FROM wf_recall('x', '');
\echo :SQLSTATE
SELECT * FROM wf_recall('x', min_confidence => -0.1);
\echo :SQLSTATE
SELECT * FROM wf_recall('x', min_confidence => NULL);
\echo :SQLSTATE
SELECT * FROM wf_recall('x', max_rows => 0);
\echo :SQLSTATE
SELECT * FROM wf_recall(repeat('x', 8193));
\echo :SQLSTATE
SELECT * FROM wf_recall('x', tags => '1');
\echo :SQLSTATE
SELECT * FROM wf_memories(max_rows => 0);
\echo :SQLSTATE
SELECT wf_forget();
\echo :SQLSTATE
SELECT wf_forget(older_than => '-1 day');
\echo :SQLSTATE
SELECT wf_forget(max_confidence => 2);
\echo :SQLSTATE
-- Lists page by page.
SELECT count(*) AS others FROM wf_memories(max_rows => 1) AS f, LATERAL wf_memories(after => f.memory_id) AS m WHERE m.memory_id > f.memory_id;
-- Rights, and other tenants.
CREATE ROLE regress_wf_recaller;
SELECT wf_grant_access('regress_wf_recaller', 'reader'), wf_grant_tenant('regress_wf_recaller', 'memories2');
SET ROLE regress_wf_recaller;
SELECT * FROM wf_recall('search');
\echo :SQLSTATE
SET wfstate.tenant = 'memories2';
SELECT count(*) FROM wf_recall('search') UNION ALL SELECT count(*) FROM wf_recall() UNION ALL SELECT count(*) FROM wf_memories() UNION ALL SELECT count(*) FROM wf_recall(tags => '{"team": "red"}');
SELECT wf_remember(NULL, 'mine');
SELECT wf_forget(tool_name => 'web');
RESET ROLE;
SELECT created FROM wf_remember(NULL, 'Retry the search with a smaller page', 'web');
SET ROLE regress_wf_recaller;
SELECT lesson, times, rank > 0 AS ranked FROM wf_recall('search pages');
RESET ROLE;
-- Forgetting: by number, by tool, by age, by doubt.
SET wfstate.tenant = 'memories';
SELECT wf_forget((SELECT memory_id FROM wf_recall('deleting', 'shell')));
SELECT wf_forget(tool_name => 'web', max_confidence => 0.3), wf_forget(older_than => '100 years'), wf_forget(-1);
SELECT string_agg(tool_name, ' ' ORDER BY memory_id) FROM wf_memories();
SELECT wf_forget(tool_name => 'sure', older_than => '0 s');
SELECT wf_forget(max_confidence => 1);
SELECT count(*) FROM wf_recall();
SET wfstate.tenant = 'memories2';
SELECT wf_forget(max_confidence => 1);
DROP TEXT SEARCH CONFIGURATION public."Mine";
DELETE FROM wfstate.tenant_roles WHERE role::text = 'regress_wf_recaller';
DROP OWNED BY regress_wf_recaller;
DROP ROLE regress_wf_recaller;
