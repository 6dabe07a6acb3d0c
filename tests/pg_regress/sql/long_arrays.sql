-- Arrays far longer than a call takes are refused by how many elements they have: at once, and without a copy.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'long_arrays';
SELECT wf_save_state('a', '{}');
-- Of nothing but NULLs, of which twenty million take 2 MB. The time is that of the refusal alone.
CREATE FUNCTION pg_temp.refusal(call text, texts text[], numbers bigint[], floats float8[], reals real[],
                                times timestamptz[], documents jsonb[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    begun  timestamptz := clock_timestamp();
    detail text;
BEGIN
    EXECUTE call USING texts, numbers, floats, reals, times, documents, array_fill('a'::text, '{1}'), array_fill('{}'::jsonb, '{1}');
    RETURN 'none';
EXCEPTION WHEN invalid_parameter_value OR program_limit_exceeded THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(', ', SQLSTATE, SQLERRM, detail, CASE WHEN clock_timestamp() - begun > '500 ms' THEN 'late' END);
END $$;
WITH long AS MATERIALIZED (
    SELECT array_fill(NULL::text, ARRAY[n]) AS texts, array_fill(NULL::bigint, ARRAY[n]) AS numbers,
           array_fill(NULL::float8, ARRAY[n]) AS floats, array_fill(NULL::real, ARRAY[n]) AS reals,
           array_fill(NULL::timestamptz, ARRAY[n]) AS times, array_fill(NULL::jsonb, ARRAY[n / 2, 2]) AS documents
      FROM (VALUES (20000000)) AS v (n)
), calls (call, n) AS (
    SELECT * FROM unnest(ARRAY[
        'wf_save_states($1, $8)', 'wf_save_states($7, $6)', 'wf_save_states($7, $8, $2)', 'wf_save_states($7, $8, NULL, $1)',
        'wf_save_states($7, $8, statuses => $1)', 'wf_save_states($7, $8, phases => $1)',
        'wf_save_states($7, $8, tags => $6)', 'wf_save_states($7, $8, leases => $2)', 'wf_load_many($1)',
        'wf_claim(''w'', $1)', 'wf_heartbeat($1, ''{1}'')', 'wf_heartbeat($7, $2)',
        'wf_steps_begin(''a'', $1)', 'wf_steps_begin(''a'', $7, $6)', 'wf_steps_begin(''a'', $7, compensations => $1)',
        'wf_steps_complete(''a'', $1)', 'wf_steps_complete(''a'', $7, $6)',
        'wf_record_thoughts(''a'', thoughts => $1)', 'wf_record_thoughts(''a'', $1, $7)',
        'wf_record_thoughts(''a'', thoughts => $7, actions => $1)', 'wf_record_thoughts(''a'', observations => $1)',
        'wf_record_thoughts(''a'', data => $6)', 'wf_record_thoughts(''a'', thoughts => $7, recorded_at => $5)',
        'wf_record_logs($1, $1, $1)', 'wf_record_logs($1, $7, $7)', 'wf_record_logs(NULL, $1, $7)',
        'wf_record_logs(NULL, $7, $7, $6)', 'wf_record_logs(NULL, $7, $7, NULL, $1)', 'wf_record_logs(NULL, $7, $7, NULL, NULL, $5)',
        'wf_record_metrics(NULL, $1, $3)', 'wf_record_metrics(NULL, $7, $3)', 'wf_record_metrics($1, $7, ''{1}'')',
        'wf_record_metrics(NULL, $7, ''{1}'', $1)', 'wf_record_metrics(NULL, $7, ''{1}'', NULL, $6)',
        'wf_record_metrics(NULL, $7, ''{1}'', NULL, NULL, $5)',
        'wf_remember(NULL, ''lesson'', embedding => $4)', 'wf_recall(embedding => $4)', 'wf_cleanup(items => $1)',
        'wf_declare_search(''w'', $1)', 'wf_grant_access(''nobody'', ''reader'', $1)',
        'wfstate.scoped_words('''', '''', $1)'
    ]) WITH ORDINALITY AS c (call, n)
)
SELECT call, pg_temp.refusal('SELECT * FROM ' || call, texts, numbers, floats, reals, times, documents)
  FROM calls, long ORDER BY n;
-- What is within the limits is read as it is: from a row, compressed, with NULLs, of any dimensions.
CREATE TEMP TABLE stored (ids text[], states jsonb[]);
INSERT INTO stored SELECT array_agg('id-' || n), array_agg(CASE WHEN n % 2 = 0 THEN jsonb_build_object('n', n, 'text', repeat('x', 5000)) ELSE '1' END)
  FROM generate_series(1, 1000) AS n;
SELECT pg_column_size(ids) < 8000 AS compressed FROM stored;
SELECT count(*), sum(version) FROM stored, LATERAL wf_save_states(ids, states);
SELECT count(*), count(DISTINCT s.state), bool_and(s.state = states[substr(s.execution_id, 4)::integer]) FROM stored, LATERAL wf_load_many(ids) AS s;
SELECT count(*) FROM wf_load_many(ARRAY[['id-1', 'id-2'], ['id-3', 'id-1000']]);
SELECT count(*) FROM wf_load_many('[5:6]={id-1,id-2}');
SELECT count(*) FROM stored, LATERAL wf_load_many(ids || 'id-1001'::text);
\echo :SQLSTATE
SELECT count(wf_delete(execution_id)) FROM wf_list(max_rows => 2000);
