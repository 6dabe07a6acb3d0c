-- wf_health on a cache that is too small: of this session.
SET wfstate.tenant = 'health_cache';
\pset null (null)
CREATE VIEW pg_temp.cache AS SELECT status, value > 0.5 AS high, detail <> '' AS told, advice FROM wf_health() WHERE check_name = 'cache_hits';
SET wfstate.cache_size = '64kB';
SELECT count(wf_save_state('c' || i, jsonb_build_object('text', repeat('x', 5000)))) FROM generate_series(1, 40) i;
DO $$ BEGIN FOR n IN 1..40 LOOP PERFORM wf_load_state('c' || i) FROM generate_series(1, 40) i; END LOOP; END $$;
SELECT * FROM pg_temp.cache;
RESET wfstate.cache_size;
DO $$ BEGIN FOR n IN 1..80 LOOP PERFORM wf_load_state('c' || i) FROM generate_series(1, 40) i; END LOOP; END $$;
SELECT * FROM pg_temp.cache;
SELECT count(*) FILTER (WHERE wf_delete('c' || i)) FROM generate_series(1, 40) i;
