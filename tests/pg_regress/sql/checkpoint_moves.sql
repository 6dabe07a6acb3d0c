-- wf_checkpoint(replace), wf_drop_checkpoints, wf_state_at(checkpoint).
\set SHOW_CONTEXT never
SET wfstate.tenant = 'checkpoint_moves';
\pset null (null)
SELECT wf_save_state('m', jsonb_build_object('n', i, 'pad', repeat('x', 600))) FROM generate_series(1, 5) i;
SELECT wf_checkpoint('m', 'p', 2, '{"was": "first"}'), wf_checkpoint('m', 'q', 4);
-- The state of a name.
SELECT wf_state_at('m', checkpoint => 'p') -> 'n' AS p, wf_state_at('m', checkpoint => 'q') -> 'n' AS q, wf_state_at('m', upgrade => true, checkpoint => 'p') -> 'n' AS upgraded;
SELECT wf_state_at('m', checkpoint => 'none');
\echo :SQLSTATE
SELECT wf_state_at('none', checkpoint => 'p');
\echo :SQLSTATE
SELECT wf_state_at('m', checkpoint => '');
\echo :SQLSTATE
SELECT wf_state_at('m', checkpoint => repeat('x', 256));
\echo :SQLSTATE
SELECT wf_state_at('m', 1, checkpoint => 'p');
\echo :SQLSTATE
SELECT wf_state_at('m', at => now(), checkpoint => 'p');
\echo :SQLSTATE
SELECT wf_state_at('m', 1, now(), checkpoint => 'p');
\echo :SQLSTATE
-- A name is moved with all that is kept with it, and is then as one made last.
SELECT wf_checkpoint('m', 'p', 3);
\echo :SQLSTATE
SELECT wf_checkpoint('m', 'p', 3, replace => false);
\echo :SQLSTATE
SELECT created_at AS made FROM wf_checkpoints('m') WHERE name = 'p' \gset
SELECT wf_checkpoint('m', 'p', 3, '{"is": "second"}', replace => true);
SELECT name, version, metadata, created_at > :'made' AS anew FROM wf_checkpoints('m') WHERE name = 'p';
SELECT wf_state_at('m', checkpoint => 'p') -> 'n' AS p, wf_recover('m');
SELECT wf_load_state('m') -> 'n' AS made_last;
SELECT wf_checkpoint('m', 'p', replace => true), wf_checkpoint('m', 'new', 1, replace => true), wf_checkpoint('m', 'new', 1, replace => true);
SELECT name, version, metadata FROM wf_checkpoints('m');
SELECT wf_checkpoint('m', 'p', 99, replace => true);
\echo :SQLSTATE
SELECT wf_checkpoint('none', 'p', replace => true);
\echo :SQLSTATE
SELECT wf_checkpoint('m', 'p', replace => NULL);
\echo :SQLSTATE
SELECT wf_checkpoint('m', 'p', metadata => '[]', replace => true);
\echo :SQLSTATE
SELECT name, version, metadata FROM wf_checkpoints('m') WHERE name = 'p';
-- The version that a name was taken from is not kept for it any more; the one that it was given is.
SELECT wf_checkpoint('m', 'q', 2, replace => true), wf_prune_history('m', keep_last => 1);
SELECT array_agg(version) AS kept FROM wf_history('m');
SELECT name, wf_state_at('m', checkpoint => name) -> 'n' AS n FROM wf_checkpoints('m');
-- 64 kB of metadata, also from an export.
SELECT wf_checkpoint('m', 'big', metadata => jsonb_build_object('t', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 2046) i)));
SELECT wf_checkpoint('m', 'bigger', metadata => jsonb_build_object('t', repeat('x', 65536)));
\echo :SQLSTATE
SELECT wf_import(wf_export('m'), 'copy');
SELECT c.name, octet_length(c.metadata ->> 't') AS bytes, c.metadata = m.metadata AS same FROM wf_checkpoints('copy') c JOIN wf_checkpoints('m') m USING (name) WHERE c.metadata IS NOT NULL;
SELECT wf_import(jsonb_set(wf_export('m'), '{checkpoints,0,metadata}', jsonb_build_object('t', repeat('x', 65536))), 'copy2');
\echo :SQLSTATE
SELECT wf_delete('copy');
-- Dropping many: by name, also those that are not there; by how they begin.
SELECT wf_checkpoint('m', n) FROM unnest(ARRAY['a', 'a/', 'a/1', 'a/2', 'a/2/x', 'a0', 'b', 'ä/1', 'ä/2', E'\U0010FFFF', E'\U0010FFFFx', E'a\uD7FF', E'a\uD7FFx', 'a%', 'a_']) n;
SELECT wf_drop_checkpoints('m', '{big,none,p,p}'), wf_drop_checkpoints('m', '{}'), wf_drop_checkpoints('m', '{none}'), wf_drop_checkpoints('none', '{p}');
SELECT wf_drop_checkpoints('m', prefix => 'a%') AS percent, wf_drop_checkpoints('m', prefix => 'a/2') AS two, wf_drop_checkpoints('m', prefix => 'none') AS none, wf_drop_checkpoints('m', prefix => 'ä') AS umlaut;
SELECT wf_drop_checkpoints('m', prefix => E'a\uD7FF') AS before_surrogates, wf_drop_checkpoints('m', prefix => E'\U0010FFFF') AS last;
SELECT name FROM wf_checkpoints('m') ORDER BY name COLLATE "C";
-- In portions, the first by name.
SELECT wf_drop_checkpoints('m', prefix => 'a', max_rows => 2), (SELECT string_agg(name, ' ' ORDER BY name COLLATE "C") FROM wf_checkpoints('m')) AS left;
SELECT wf_drop_checkpoints('m', prefix => 'a', max_rows => 3), (SELECT string_agg(name, ' ' ORDER BY name COLLATE "C") FROM wf_checkpoints('m')) AS left;
SELECT wf_drop_checkpoints('m');
\echo :SQLSTATE
SELECT wf_drop_checkpoints('m', '{a}', 'a');
\echo :SQLSTATE
SELECT wf_drop_checkpoints('m', '{a,NULL}');
\echo :SQLSTATE
SELECT wf_drop_checkpoints('m', ARRAY['a', '']);
\echo :SQLSTATE
SELECT wf_drop_checkpoints('m', ARRAY[repeat('x', 256)]);
\echo :SQLSTATE
SELECT wf_drop_checkpoints('m', (SELECT array_agg('n' || i) FROM generate_series(1, 1001) i));
\echo :SQLSTATE
SELECT wf_drop_checkpoints('m', prefix => '');
\echo :SQLSTATE
SELECT wf_drop_checkpoints('m', prefix => repeat('x', 256));
\echo :SQLSTATE
SELECT wf_drop_checkpoints('m', prefix => 'a', max_rows => 0);
\echo :SQLSTATE
SELECT wf_drop_checkpoints('m', prefix => 'a', max_rows => 10001);
\echo :SQLSTATE
SELECT wf_drop_checkpoints(NULL, prefix => 'a');
\echo :SQLSTATE
-- Under a lease.
SELECT wf_define('w', '{}'), wf_start('w', 'work');
SELECT lease FROM wf_claim('worker') \gset
SELECT wf_checkpoint('work', 'c', lease => :lease), wf_checkpoint('work', 'c', lease => :lease, replace => true), wf_drop_checkpoints('work', '{c}', lease => :lease);
SELECT wf_checkpoint('work', 'c'), wf_save_state('work', '{}');
SELECT wf_checkpoint('work', 'c', lease => 0, replace => true);
\echo :SQLSTATE
SELECT wf_drop_checkpoints('work', prefix => 'c', lease => 0);
\echo :SQLSTATE
SELECT name, version FROM wf_checkpoints('work');
-- A reader moves and drops nothing; another tenant's names are others.
CREATE ROLE regress_wf_moves;
SELECT wf_grant_access('regress_wf_moves', 'reader'), wf_grant_tenant('regress_wf_moves', 'checkpoint_moves');
SET ROLE regress_wf_moves;
SELECT wf_state_at('work', checkpoint => 'c');
SELECT wf_checkpoint('work', 'c', replace => true);
\echo :SQLSTATE
SELECT wf_drop_checkpoints('work', '{c}');
\echo :SQLSTATE
RESET ROLE;
SELECT wf_grant_access('regress_wf_moves', 'writer');
SET ROLE regress_wf_moves;
SELECT wf_checkpoint('work', 'c', replace => true), wf_drop_checkpoints('work', prefix => 'c');
RESET ROLE;
SELECT wf_checkpoint('m', 'mine');
SET wfstate.tenant = 'checkpoint_moves2';
SELECT wf_save_state('m', '{}'), wf_checkpoint('m', 'mine', replace => true), wf_drop_checkpoints('m', prefix => 'm'), wf_drop_checkpoints('m', '{mine}'), wf_delete('m');
SELECT wf_state_at('m', checkpoint => 'mine');
\echo :SQLSTATE
SET wfstate.tenant = 'checkpoint_moves';
SELECT name FROM wf_checkpoints('m', prefix => 'm');
SELECT wf_delete('m'), wf_delete('work');
DELETE FROM wfstate.definitions WHERE tenant = 'checkpoint_moves';
DELETE FROM wfstate.tenant_roles WHERE role::text = 'regress_wf_moves';
DROP OWNED BY regress_wf_moves;
DROP ROLE regress_wf_moves;
