-- A session whose first call of wfstate is in the middle of a parallel query: the server applies no setting then, so the
-- tenant that was set must not be lost for another one.
CREATE FUNCTION public.own_tenant(text) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$BEGIN RETURN wf_tenant(); END$$;
SELECT current_database() AS db \gset
\c :db
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET wfstate.tenant = 'late';
\set SHOW_CONTEXT never
\set VERBOSITY terse
SELECT DISTINCT public.own_tenant(relname) FROM pg_class;
\echo :SQLSTATE
SHOW wfstate.tenant;
-- Any other call loads it.
SELECT wf_tenant();
SELECT DISTINCT public.own_tenant(relname) FROM pg_class;
-- Where nothing was set, nothing is lost.
\c :db
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT DISTINCT public.own_tenant(relname) FROM pg_class;
DROP FUNCTION public.own_tenant;
