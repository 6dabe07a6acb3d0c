-- wf_list: filters, orders, pages.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'list';
\pset null (null)
SELECT wf_save_state('e' || i, to_jsonb(i), workflow => CASE WHEN i % 2 = 0 THEN 'even' WHEN i < 9 THEN 'odd' END, status => (ARRAY['pending', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled'])[i % 7 + 1],
    phase => 'p' || i % 3, tags => CASE WHEN i % 4 <> 3 THEN jsonb_build_object('mod', i % 4, 'list', jsonb_build_array(i % 2, 'x')) END) FROM generate_series(1, 12) i;
-- Times of our own making: three at the same moment each, updated in another order.
UPDATE wfstate.executions SET created_at = timestamptz '2024-01-01 00:00:00.000001Z' + (substr(execution_id, 2)::int - 1) / 3 * interval '1 day',
    updated_at = timestamptz '2024-02-01 00:00Z' - (substr(execution_id, 2)::int + 1) / 4 * interval '1 day' WHERE tenant = 'list';
SELECT execution_id, workflow, status, phase, version, tags FROM wf_list();
SELECT execution_id FROM wf_list(descending => false);
-- Filters.
SELECT string_agg(execution_id, ' ') AS even FROM wf_list(workflow => 'even');
SELECT string_agg(execution_id, ' ') AS running FROM wf_list(status => 'running');
SELECT string_agg(execution_id, ' ') AS p1 FROM wf_list(phase => 'p1');
SELECT string_agg(execution_id, ' ') AS mod_1 FROM wf_list(tags => '{"mod": 1}');
SELECT string_agg(execution_id, ' ') AS list_0 FROM wf_list(tags => '{"list": [0]}');
SELECT string_agg(execution_id, ' ') AS any_tags FROM wf_list(tags => '{}');
SELECT string_agg(execution_id, ' ') AS incomplete FROM wf_list(incomplete => true);
SELECT string_agg(execution_id, ' ') AS complete FROM wf_list(incomplete => false);
SELECT string_agg(execution_id, ' ') AS since FROM wf_list(created_since => '2024-01-03 00:00:00.000001Z');
SELECT string_agg(execution_id, ' ') AS before FROM wf_list(created_before => '2024-01-03 00:00:00.000001Z');
SELECT string_agg(execution_id, ' ') AS between FROM wf_list(created_since => '2024-01-02 00:00Z', created_before => '2024-01-03 00:00Z');
SELECT string_agg(execution_id, ' ') AS all_at_once FROM wf_list('even', 'running', 'p2', '{"mod": 0}', true, '2024-01-01', '2025-01-01');
SELECT string_agg(execution_id, ' ') AS nothing FROM wf_list('none');
-- Orders.
SELECT string_agg(execution_id, ' ') FROM wf_list(sort => 'updated_at');
SELECT string_agg(execution_id, ' ') FROM wf_list(sort => 'updated_at', descending => false);
SELECT string_agg(execution_id, ' ') FROM wf_list(sort => 'execution_id');
SELECT string_agg(execution_id, ' ') FROM wf_list(sort => 'execution_id', descending => false);
SELECT string_agg(execution_id, ' ') FROM wf_list(sort => NULL, descending => NULL);
-- Pages of every size, in every order, with and without a filter, are the whole list cut up.
CREATE FUNCTION pg_temp.paged(by text, down boolean, size int, only_workflow text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE ids text := ''; page record; last text; n int;
BEGIN
    LOOP
        n := 0;
        FOR page IN SELECT * FROM wf_list(only_workflow, sort => by, descending => down, after => last, max_rows => size) LOOP
            ids := ids || ' ' || page.execution_id; last := page.cursor; n := n + 1;
        END LOOP;
        EXIT WHEN n < size;
    END LOOP;
    RETURN ids;
END $$;
SELECT by, down, only_workflow, bool_and(pg_temp.paged(by, down, size, only_workflow) = (SELECT string_agg(' ' || execution_id, '') FROM wf_list(only_workflow, sort => by, descending => down))) AS same
  FROM unnest('{created_at,updated_at,execution_id}'::text[]) by, unnest('{t,f}'::boolean[]) down, unnest('{even,NULL}'::text[]) only_workflow, generate_series(1, 13) size GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
-- An id with a colon is no trouble to a cursor.
SELECT wf_save_state(':a:1', '1'), wf_save_state('1:2', '1');
UPDATE wfstate.executions SET created_at = '2024-01-01 00:00:00.000001Z', updated_at = '2024-01-01Z' WHERE tenant = 'list' AND execution_id IN (':a:1', '1:2');
SELECT pg_temp.paged('created_at', true, 1, NULL), pg_temp.paged('created_at', false, 1, NULL);
-- What was deleted in between does not disturb the next page.
SELECT cursor AS last FROM wf_list(sort => 'execution_id', descending => false, max_rows => 4) OFFSET 3 \gset
SELECT wf_delete(:'last');
SELECT execution_id FROM wf_list(sort => 'execution_id', descending => false, after => :'last', max_rows => 2);
-- Times of all ages.
SELECT wf_save_state('old', '1'), wf_save_state('older', '1');
UPDATE wfstate.executions SET created_at = '1850-01-01 00:00:00.5Z' WHERE tenant = 'list' AND execution_id = 'old';
UPDATE wfstate.executions SET created_at = '0044-03-15 BC' WHERE tenant = 'list' AND execution_id = 'older';
SELECT cursor AS last FROM wf_list(descending => false, max_rows => 1) \gset
SELECT execution_id FROM wf_list(descending => false, after => :'last', max_rows => 1);
SELECT cursor AS last FROM wf_list(descending => false, max_rows => 2) OFFSET 1 \gset
SELECT execution_id FROM wf_list(descending => false, after => :'last', max_rows => 1);
-- Misuse.
SELECT * FROM wf_list(after => 'e1');
\echo :SQLSTATE
SELECT * FROM wf_list(after => '');
\echo :SQLSTATE
SELECT * FROM wf_list(after => '99999999999999999999:e1');
\echo :SQLSTATE
SELECT * FROM wf_list(after => '-9223372036854775808:e1');
\echo :SQLSTATE
SELECT * FROM wf_list(sort => 'status');
\echo :SQLSTATE
SELECT * FROM wf_list(status => 'done');
\echo :SQLSTATE
SELECT * FROM wf_list(tags => '[]');
\echo :SQLSTATE
SELECT * FROM wf_list(max_rows => 0);
\echo :SQLSTATE
SELECT * FROM wf_list(max_rows => 10001);
\echo :SQLSTATE
SELECT * FROM wf_list(workflow => '');
\echo :SQLSTATE
SELECT bool_and(wf_delete(execution_id)) FROM wf_list();
