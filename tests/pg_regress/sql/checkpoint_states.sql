-- wf_checkpoints(with_state): the same states as wf_state_at gives, for the work of one.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'checkpoint_states';
\pset null (null)
SELECT wf_save_state('s', '{"n": 1.10}'), wf_checkpoint('s', 'one', metadata => '{"k": 1}'), wf_save_state('s', '{"n": 2}'), wf_checkpoint('s', 'two');
SELECT name, version, metadata, state FROM wf_checkpoints('s', with_state => true);
SELECT name, version, state FROM wf_checkpoints('s', newest_first => true, with_state => true);
SELECT name, state FROM wf_checkpoints('s');
SELECT (c).name, (c).state FROM (SELECT wf_checkpoints('s', with_state => true) AS c LIMIT 1 OFFSET 0) AS first;
SELECT * FROM wf_checkpoints('s', with_state => NULL);
\echo :SQLSTATE
-- with_changes: the first row has the state, the others what makes theirs of the one of the row before.
SELECT wf_patch_state('s', '{"list": [1, 2]}'), wf_checkpoint('s', 'three'), wf_checkpoint('s', 'three again', 3);
SELECT name, version, state, changes FROM wf_checkpoints('s', with_changes => true);
SELECT name, state, changes FROM wf_checkpoints('s', with_changes => true, newest_first => true, prefix => 't', max_rows => 2);
SELECT name, state, changes FROM wf_checkpoints('s', with_changes => true, newest_first => true, after => 'three', max_rows => 1);
SELECT name, state, changes FROM wf_checkpoints('s', with_changes => true, with_state => true, containment => '{}');
SELECT (c).name, (c).state, (c).changes FROM (SELECT wf_checkpoints('s', with_changes => true) AS c LIMIT 2 OFFSET 0) AS two;
SELECT * FROM wf_checkpoints('s', with_changes => NULL);
\echo :SQLSTATE
-- Whatever was saved, patched, gone back to, forked and pruned: every page of every kind has the states that
-- wf_state_at gives. names: how many checkpoints; wrong: those of them whose state is another one.
CREATE FUNCTION pg_temp.pages(id text, size integer, newest boolean, prefix text) RETURNS TABLE (names bigint, wrong bigint, unordered bigint) LANGUAGE plpgsql AS $$
DECLARE c record; after text; rows integer; before text;
BEGIN
    names := 0; wrong := 0; unordered := 0;
    LOOP
        rows := 0;
        FOR c IN SELECT * FROM wf_checkpoints(id, prefix, newest_first => newest, with_state => true, after => after, max_rows => size) LOOP
            rows := rows + 1;
            names := names + 1;
            IF (c.state::text = wf_state_at(id, c.version)::text) IS NOT TRUE THEN wrong := wrong + 1; END IF;
            IF (to_char(c.version, '000009') || c.name COLLATE "C" > before) = newest THEN unordered := unordered + 1; END IF;
            before := to_char(c.version, '000009') || c.name;
            after := c.name;
        END LOOP;
        EXIT WHEN rows < size;
    END LOOP;
    RETURN NEXT;
END $$;
-- A history: by chance, but the same at each run.
CREATE FUNCTION pg_temp.live(id text, seed double precision, steps integer, pad integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE head bigint; r double precision;
BEGIN
    PERFORM setseed(seed);
    PERFORM wf_save_state(id, jsonb_build_object('pad', repeat('p', pad), 'list', '[]'::jsonb));
    FOR i IN 1..steps LOOP
        r := random();
        head := (SELECT version FROM wf_load(id));
        IF r < 0.35 THEN
            PERFORM wf_patch_state(id, jsonb_build_object('k' || floor(random() * 9), i, 'deep', jsonb_build_object('x' || i % 5, random())));
        ELSIF r < 0.6 THEN
            PERFORM wf_patch_state(id, jsonb_build_array(jsonb_build_object('op', 'add', 'path', '/list/' || floor(random() * (jsonb_array_length(wf_load_state(id) -> 'list') + 1)), 'value', i)));
        ELSIF r < 0.65 THEN
            PERFORM wf_save_state(id, wf_load_state(id));
        ELSIF r < 0.7 THEN
            PERFORM wf_save_state(id, jsonb_build_object('pad', repeat('q', (random() * 2 * pad)::integer), 'list', jsonb_build_array(i)));
        ELSIF r < 0.92 THEN
            -- Two branches that grow by turns, now and then others.
            PERFORM wf_recover(id, version => (SELECT version FROM wf_history(id, newest_first => true, max_rows => CASE WHEN random() < 0.8 THEN 4 ELSE 60 END) ORDER BY random() LIMIT 1));
        ELSIF r < 0.94 THEN
            PERFORM wf_prune_history(id, keep_last => 20);
        END IF;
        IF random() < 0.6 THEN
            PERFORM wf_checkpoint(id, CASE WHEN random() < 0.5 THEN 'a/' ELSE 'b/' END || md5(i::text || seed),
                                  (SELECT version FROM wf_history(id, newest_first => true, max_rows => 3) ORDER BY random() LIMIT 1));
        END IF;
    END LOOP;
END $$;
CREATE TABLE pg_temp.lives AS
SELECT 'l' || n AS id, n / 10.0 AS seed, pads.pad, settings.below, settings.ratio FROM (VALUES (1, 10, 2048, 2), (2, 700, 0, 0.5), (3, 3000, 0, 2), (4, 20000, 2048, 0.2), (5, 300, 0, 8)) AS x (n, pad, below, ratio)
  CROSS JOIN LATERAL (SELECT x.pad) AS pads CROSS JOIN LATERAL (SELECT x.below, x.ratio) AS settings;
DO $$ DECLARE l record; BEGIN
    FOR l IN SELECT * FROM pg_temp.lives LOOP
        PERFORM set_config('wfstate.snapshot_below', l.below::text, false), set_config('wfstate.keyframe_min', (l.pad / 2)::text, false), set_config('wfstate.keyframe_ratio', l.ratio::text, false);
        PERFORM pg_temp.live(l.id, l.seed, 150, l.pad);
    END LOOP;
END $$;
SELECT id, kind, count(*) > 3 AS several FROM pg_temp.lives, wf_history(id, max_rows => 10000) WHERE kind IN ('recovery', 'snapshot', 'patch') GROUP BY id, kind ORDER BY id, kind;
SELECT size, newest, prefix, sum(names) > 150 AS many, sum(wrong) AS wrong, sum(unordered) AS unordered, bool_and(names = expected) AS complete
  FROM pg_temp.lives, (VALUES (1), (2), (7), (20), (10000)) AS s (size), (VALUES (false), (true)) AS o (newest), (VALUES (NULL), ('a/')) AS f (prefix),
       LATERAL pg_temp.pages(id, size, newest, prefix),
       LATERAL (SELECT count(*) AS expected FROM wfstate.checkpoints c WHERE c.tenant = 'checkpoint_states' AND c.execution_id = id AND (prefix IS NULL OR c.name LIKE 'a/%')) AS e
 GROUP BY size, newest, prefix ORDER BY prefix NULLS FIRST, newest, size;
-- The same by changes: each is applied to the state of the row before. odd: rows that have what they should not.
CREATE FUNCTION pg_temp.changes(id text, size integer, newest boolean, prefix text) RETURNS TABLE (names bigint, wrong bigint, odd bigint, bytes bigint) LANGUAGE plpgsql AS $$
DECLARE c record; after text; rows integer; made text;
BEGIN
    names := 0; wrong := 0; odd := 0; bytes := 0;
    LOOP
        rows := 0;
        FOR c IN SELECT * FROM wf_checkpoints(id, prefix, newest_first => newest, with_changes => true, after => after, max_rows => size) LOOP
            rows := rows + 1;
            names := names + 1;
            IF (c.state IS NULL) <> (rows > 1) OR (c.changes IS NULL) <> (rows = 1) THEN odd := odd + 1; END IF;
            IF rows = 1 THEN
                PERFORM wf_save_state('applied', c.state);
            ELSE
                PERFORM wf_patch_state('applied', c.changes);
                bytes := bytes + octet_length(c.changes::text);
            END IF;
            made := wf_load_state('applied')::text;
            IF (made = wf_state_at(id, c.version)::text) IS NOT TRUE THEN wrong := wrong + 1; END IF;
            after := c.name;
        END LOOP;
        EXIT WHEN rows < size;
    END LOOP;
    RETURN NEXT;
END $$;
SELECT size, newest, prefix, sum(names) > 150 AS many, sum(wrong) AS wrong, sum(odd) AS odd
  FROM pg_temp.lives, (VALUES (7), (10000)) AS s (size), (VALUES (false), (true)) AS o (newest), (VALUES (NULL), ('a/')) AS f (prefix),
       LATERAL pg_temp.changes(id, size, newest, prefix)
 GROUP BY size, newest, prefix ORDER BY prefix NULLS FIRST, newest, size;
-- A fork's first versions stand on another execution.
SELECT wf_fork('l3', 'f'), wf_checkpoint('f', 'a/first'), wf_patch_state('f', '{"f": 1}'), wf_checkpoint('f', 'a/second'), wf_patch_state('f', '{"f": null}'), wf_checkpoint('f', 'b/third');
SELECT newest, p.* FROM (VALUES (false), (true)) AS o (newest), pg_temp.pages('f', 2, newest, NULL) AS p;
SELECT count(*) FILTER (WHERE wf_delete(id)) AS deleted FROM pg_temp.lives;
SELECT newest, p.* FROM (VALUES (false), (true)) AS o (newest), pg_temp.pages('f', 2, newest, NULL) AS p;
-- More than is kept of them: 60 states of 500 kB.
RESET wfstate.snapshot_below; RESET wfstate.keyframe_min; RESET wfstate.keyframe_ratio;
SELECT wf_save_state('large', jsonb_build_object('pad', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 15000) i)));
SELECT count(*) AS versions FROM (SELECT wf_patch_state('large', jsonb_build_object('n', i, 'k' || i, md5(i::text))), wf_checkpoint('large', 'c' || i) FROM generate_series(1, 60) i) AS made;
SELECT newest, p.* FROM (VALUES (false), (true)) AS o (newest), pg_temp.pages('large', 100, newest, NULL) AS p;
-- The work: a page of 20 reads about what one state takes, and 19 versions, where 20 calls of wf_state_at read 20 times
-- as much. Pieces of 2 kB of what is large, rows of the log. random: in this process, whose counts these are.
CREATE FUNCTION pg_temp.work(OUT pieces bigint, OUT rows bigint) LANGUAGE sql AS $$
    SELECT (SELECT coalesce(sum(idx_tup_fetch), 0) FROM pg_stat_xact_sys_tables WHERE relid = c.reltoastrelid), (SELECT coalesce(sum(idx_tup_fetch), 0) FROM pg_stat_xact_user_tables WHERE relid = c.oid)
      FROM pg_class c WHERE c.oid = 'wfstate.state_versions'::regclass $$;
SELECT wf_save_state('work', jsonb_build_object('pad', (SELECT jsonb_agg(md5(i::text)) FROM generate_series(1, 10000) i)));
DO $$ BEGIN FOR i IN 1..300 LOOP PERFORM wf_patch_state('work', jsonb_build_object('n', i, 'k' || i, repeat(md5(i::text), 8))), wf_checkpoint('work', 'c' || i, metadata => '{"source": "loop"}'); END LOOP; END $$;
SELECT octet_length(wf_load_state('work')::text) > 340000 AS large, count(*) FILTER (WHERE kind = 'patch') > 290 AS by_patches FROM wf_history('work', max_rows => 1000);
BEGIN;
SELECT pieces, rows FROM pg_temp.work() \gset
SELECT wf_state_at('work', 250) IS NOT NULL AND random() >= 0 AS one;
SELECT w.pieces - :pieces AS pieces_of_one, w.rows - :rows AS rows_of_one, w.pieces AS pieces, w.rows AS rows FROM pg_temp.work() AS w \gset
SELECT count(state) AS states FROM wf_checkpoints('work', after => 'c229', max_rows => 20, with_state => true) WHERE random() >= 0;
SELECT w.pieces - :pieces AS pieces_of_page, w.rows - :rows AS rows_of_page, w.pieces AS pieces, w.rows AS rows FROM pg_temp.work() AS w \gset
SELECT count(state) AS states FROM wf_checkpoints('work', after => 'c251', max_rows => 20, newest_first => true, with_state => true) WHERE random() >= 0;
SELECT w.pieces - :pieces AS pieces_of_newest, w.rows - :rows AS rows_of_newest, w.pieces AS pieces, w.rows AS rows FROM pg_temp.work() AS w \gset
SELECT count(state) AS states, count(changes) AS changes, sum(octet_length(changes::text)) < 20000 AS short FROM wf_checkpoints('work', after => 'c251', max_rows => 20, newest_first => true, with_changes => true) WHERE random() >= 0;
SELECT w.pieces - :pieces AS pieces_of_changes, w.rows - :rows AS rows_of_changes, w.pieces AS pieces, w.rows AS rows FROM pg_temp.work() AS w \gset
SELECT count(wf_state_at('work', version)) AS states FROM wf_checkpoints('work', after => 'c229', max_rows => 20) WHERE random() >= 0;
SELECT w.pieces - :pieces AS pieces_of_each, w.rows - :rows AS rows_of_each FROM pg_temp.work() AS w \gset
SELECT :pieces_of_one > 50 AS one_is_large, :pieces_of_page BETWEEN 50 AND :pieces_of_one * 1.1 AS page_as_one, :pieces_of_newest BETWEEN 50 AND :pieces_of_one * 1.1 AS newest_as_one, :pieces_of_changes = :pieces_of_newest AND :rows_of_changes = :rows_of_newest AS changes_as_newest,
       :pieces_of_each > :pieces_of_one * 15 AS each_many,
       :rows_of_page BETWEEN 20 AND :rows_of_one + 60 AS few_rows, :rows_of_newest BETWEEN 20 AND :rows_of_one + 60 AS few_rows_newest, :rows_of_each > :rows_of_one * 15 AS each_many_rows;
COMMIT;
-- A log that is damaged is told as elsewhere.
UPDATE wfstate.state_versions SET snapshot = '{"other": true}' WHERE tenant = 'checkpoint_states' AND execution_id = 'work' AND version = 1;
SELECT count(*) FROM wf_checkpoints('work', with_state => true);
\echo :SQLSTATE
SELECT count(*) AS listed FROM wf_checkpoints('work', max_rows => 1000);
UPDATE wfstate.state_versions SET patch = '[{"op": "add", "path": "/f", "value": 2}]' WHERE tenant = 'checkpoint_states' AND execution_id = 'f' AND version = 2;
SELECT count(*) FROM wf_checkpoints('f', with_state => true);
\echo :SQLSTATE
SELECT count(*) FROM wf_checkpoints('f', with_changes => true);
\echo :SQLSTATE
SELECT wf_delete('applied'), wf_delete('s'), wf_delete('f'), wf_delete('large'), wf_delete('work');
