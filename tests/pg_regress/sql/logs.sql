-- Logs: lines of executions and services, batches, filters, pages, tenants, rights, deletion, and every refusal.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'logs';
SELECT wf_save_state('order', '{}'), wf_save_state('other', '{}');
SELECT wf_log('order', 'info', 'begun', '{"attempt": 1}', 'pay', '2026-01-01 10:00:00Z') > 0 AS positive,
       wf_log('order', 'warn', 'Card DECLINED', step_id => 'pay', logged_at => '2026-01-01 10:00:01Z') > 0 AS positive,
       wf_log('order', 'error', 'gave up', logged_at => '2026-01-01 10:00:02Z') > 0 AS positive,
       wf_log('other', 'debug', 'declined nothing', logged_at => '2026-01-01 10:00:01.5Z') > 0 AS positive,
       wf_log(NULL, 'fatal', 'out of memory', '[1.50, null]', logged_at => '2026-01-01 09:00:00Z') > 0 AS positive;
-- Newest first, or oldest first; of an execution, from a level on, between times, with a text, of a step.
SELECT logged_at AT TIME ZONE 'UTC' AS logged_at, level, message, data, execution_id, step_id FROM wf_logs();
SELECT level, message FROM wf_logs(newest_first => false);
SELECT level, message FROM wf_logs('order');
SELECT level, message FROM wf_logs('order', newest_first => false, min_level => 'warn');
SELECT level, message FROM wf_logs(min_level => 'warn');
SELECT level, message FROM wf_logs(min_level => 'fatal');
SELECT level, message FROM wf_logs(min_level => 'info', newest_first => false);
SELECT count(*) FROM wf_logs(min_level => 'trace');
SELECT message FROM wf_logs(since => '2026-01-01 10:00:01Z', until => '2026-01-01 10:00:02Z');
SELECT execution_id, message FROM wf_logs(text => 'dEcLiNeD');
SELECT count(*) FROM wf_logs(text => '%');
SELECT message FROM wf_logs('order', step_id => 'pay');
SELECT message FROM wf_logs(step_id => 'pay', text => 'declined', min_level => 'warn', since => '2026-01-01Z', until => '2026-01-02Z');
SELECT count(*) FROM wf_logs('none');
-- Levels by the names that others have for them; a line of a service by names of arguments.
BEGIN;
SELECT wf_log(level => 'critical', message => 'alias') > 0 AS written, wf_record_logs(ARRAY['order'], ARRAY['warning'], ARRAY['alias']);
SELECT execution_id, level FROM wf_logs(text => 'alias', min_level => 'warning') ORDER BY level;
SELECT count(*) FROM wf_logs(text => 'alias', min_level => 'critical');
ROLLBACK;
-- Without a time it is now, of the moment and not of the transaction.
BEGIN;
SELECT wf_log('order', 'trace', 'one') < wf_log('order', 'trace', 'two') AS grows;
SELECT bool_and(logged_at BETWEEN now() AND clock_timestamp()) AS now, count(DISTINCT logged_at) AS times FROM wf_logs('order', since => now());
SELECT message FROM wf_logs('order', since => now());
ROLLBACK;
SELECT count(*) FROM wf_logs('order');
-- An execution of the same transaction exists; a line may be written whatever its status.
BEGIN;
SELECT wf_save_state('new', '{}', status => 'failed'), wf_log('new', 'info', 'after the end') > 0 AS written;
ROLLBACK;
-- Batches: parallel arrays, those left out are of NULLs.
SELECT wf_record_logs(ARRAY['order', NULL, 'other', 'order'], ARRAY['info', 'trace', 'warn', 'info'], ARRAY['b1', 'b2', 'b3', 'b4'], ARRAY['{"n": 1}', NULL, '2', NULL]::jsonb[],
                      ARRAY['s', NULL, NULL, 't'], ARRAY['2026-02-01 00:00Z', '2026-02-01 00:00Z', '2026-02-01 00:00Z', '2026-02-01 00:00Z']::timestamptz[]);
SELECT execution_id, level, message, data, step_id FROM wf_logs(since => '2026-02-01Z', until => '2026-02-02Z', newest_first => false);
SELECT wf_record_logs(NULL, ARRAY['info', 'info'], ARRAY['n1', 'n2']), wf_record_logs('{}', '{}', '{}');
SELECT count(*), count(execution_id) AS of_executions, bool_and(logged_at >= now() - interval '1 minute') AS recent FROM wf_logs(text => 'n') WHERE message ~ '^n';
SELECT wf_record_logs(array_fill('order'::text, ARRAY[1000]), array_fill('debug'::text, ARRAY[1000]), ARRAY(SELECT 'many ' || n FROM generate_series(1, 1000) n), logged_at => array_fill(timestamptz '2026-03-01Z', ARRAY[1000]));
-- Pages: lines of one time are told apart by position; neither lost nor twice.
CREATE FUNCTION pg_temp.pages(arguments text, size integer) RETURNS TABLE (rows bigint, messages bigint, in_order bool) LANGUAGE plpgsql AS $$
DECLARE last text; page text[]; found text[] := '{}'; places text[] := '{}'; place text[];
BEGIN
    LOOP
        EXECUTE format('SELECT array_agg(message), array_agg(to_char(logged_at AT TIME ZONE ''UTC'', ''YYYYMMDDHH24MISSUS'') || lpad(position::text, 20, ''0'')), (array_agg(cursor))[count(*)] FROM wf_logs(%s, after => %L, max_rows => %s)', arguments, last, size) INTO page, place, last;
        EXIT WHEN page IS NULL;
        found := found || page; places := places || place;
    END LOOP;
    RETURN QUERY SELECT count(*), count(DISTINCT m), places = ARRAY(SELECT p FROM unnest(places) p ORDER BY CASE WHEN arguments ~ 'newest_first => false' THEN p END, p DESC) FROM unnest(found) m;
END $$;
SELECT * FROM pg_temp.pages($$'order', since => '2026-03-01Z', until => '2026-03-02Z'$$, 300);
SELECT * FROM pg_temp.pages($$'order', since => '2026-03-01Z', until => '2026-03-02Z', newest_first => false$$, 300);
SELECT * FROM pg_temp.pages($$until => '2026-03-02Z'$$, 400);
SELECT * FROM pg_temp.pages($$until => '2026-03-02Z', newest_first => false$$, 1);
SELECT * FROM pg_temp.pages($$min_level => 'warn', until => '2026-03-02Z'$$, 2);
SELECT * FROM pg_temp.pages($$min_level => 'warn', until => '2026-03-02Z', newest_first => false$$, 2);
-- Another tenant sees and writes nothing of it.
SET wfstate.tenant = 'logs-2';
SELECT count(*) FROM wf_logs();
SELECT wf_log('order', 'info', 'x');
\echo :SQLSTATE
SELECT wf_save_state('order', '{}'), wf_log('order', 'info', 'of the other tenant') > 0 AS written;
SELECT message FROM wf_logs('order');
SET wfstate.tenant = 'logs';
SELECT count(*) FROM wf_logs('order', text => 'of the other tenant');
-- Refusals. The first that is refused in a batch, and nothing of it is written.
SELECT wf_log('missing', 'info', 'x');
\echo :SQLSTATE
SELECT wf_log('', 'info', 'x');
SELECT wf_log(repeat('x', 256), 'info', 'x');
SELECT wf_log('order', NULL, 'x');
SELECT wf_log('order', 'INFO', 'x');
\echo :SQLSTATE
SELECT wf_log(message => 'x');
SELECT wf_log(level => 'info');
\echo :SQLSTATE
SELECT wf_log('order', 'info', NULL);
SELECT wf_log('order', 'info', repeat('x', 65537));
\echo :SQLSTATE
SELECT wf_log('order', 'info', 'x', to_jsonb(repeat('x', 1024 * 1024)));
SELECT wf_log('order', 'info', 'x', step_id => '');
SELECT wf_log('order', 'info', 'x', logged_at => 'infinity');
SELECT wf_record_logs(NULL, NULL, ARRAY['x']);
SELECT wf_record_logs(NULL, ARRAY['info'], NULL);
SELECT wf_record_logs(NULL, ARRAY['info'], ARRAY['x', 'y']);
SELECT wf_record_logs(ARRAY['order'], ARRAY['info', 'info'], ARRAY['x', 'y']);
SELECT wf_record_logs(NULL, ARRAY['info', 'loud'], ARRAY['refused', 'y']);
SELECT wf_record_logs(NULL, ARRAY['info', 'info'], ARRAY['refused', NULL]);
SELECT wf_record_logs(ARRAY['order', 'absent', NULL, 'gone'], array_fill('info'::text, ARRAY[4]), array_fill('refused'::text, ARRAY[4]));
\echo :SQLSTATE
SELECT wf_record_logs(ARRAY['order', ''], ARRAY['info', 'info'], ARRAY['refused', 'y']);
SELECT wf_record_logs(NULL, array_fill('info'::text, ARRAY[1001]), array_fill('x'::text, ARRAY[1001]));
\echo :SQLSTATE
SELECT wf_record_logs(NULL, array_fill('info'::text, ARRAY[70]), array_fill('x'::text, ARRAY[70]), array_fill(to_jsonb(repeat('x', 1000000)), ARRAY[70]));
\echo :SQLSTATE
SELECT count(*) FROM wf_logs(text => 'refused');
SELECT wf_logs('');
SELECT wf_logs(min_level => 'loud');
SELECT wf_logs(step_id => '');
SELECT wf_logs(text => repeat('x', 8193));
SELECT wf_logs(after => 'x');
SELECT wf_logs(after => '1:x');
SELECT wf_logs(after => 'l99999999999999999999:1');
SELECT wf_logs(after => 'v1:1');
\echo :SQLSTATE
SELECT wf_logs(max_rows => 0);
SELECT wf_logs(max_rows => 10001);
SELECT wf_logs(max_rows => NULL);
-- Rights: a reader reads, a writer writes; nobody touches a partition.
CREATE ROLE regress_wf_log_reader;
CREATE ROLE regress_wf_log_writer;
SELECT wf_grant_access('regress_wf_log_reader', 'reader', '{logs}'), wf_grant_access('regress_wf_log_writer', 'writer', '{logs}');
SET ROLE regress_wf_log_reader;
SELECT message FROM wf_logs('order', min_level => 'error');
SELECT wf_log('order', 'info', 'x');
\echo :SQLSTATE
SELECT count(*) > 1000 AS own, count(*) FILTER (WHERE tenant <> 'logs') AS others FROM wfstate.logs;
SELECT count(*) FROM wfstate.logs_default;
SET wfstate.tenant = 'logs-2';
SELECT wf_logs();
\echo :SQLSTATE
SELECT count(*) FROM wfstate.logs;
SET ROLE regress_wf_log_writer;
SELECT wf_log('order', 'info', 'x');
\echo :SQLSTATE
SET wfstate.tenant = 'logs';
SELECT wf_log('order', 'info', 'by the writer') > 0 AS written, wf_record_logs(NULL, '{info}', '{by the writer}') AS batch;
INSERT INTO wfstate.logs_default (position, tenant, level, message) VALUES (1, 'logs', 'info', 'past the table');
INSERT INTO wfstate.logs (position, tenant, level, message) VALUES (1, 'logs-2', 'info', 'of another tenant');
INSERT INTO wfstate.logs (position, tenant, level, message) VALUES (1, 'logs', 'loud', 'of no level');
SELECT wf_partition('logs', '1 day');
\echo :SQLSTATE
-- Deletion takes the lines of the execution along, and no others.
SELECT wf_delete('order');
SELECT count(*) FROM wf_logs('order');
SELECT execution_id, count(*) FROM wf_logs() GROUP BY 1 ORDER BY 1;
RESET ROLE;
SET wfstate.tenant = 'logs-2';
SELECT message FROM wf_logs('order');
SELECT wf_delete('order');
DELETE FROM wfstate.logs WHERE tenant IN ('logs', 'logs-2');
SET wfstate.tenant = 'logs';
SELECT wf_delete('other');
DROP OWNED BY regress_wf_log_reader, regress_wf_log_writer;
SELECT wf_revoke_access('regress_wf_log_reader'), wf_revoke_access('regress_wf_log_writer');
DROP ROLE regress_wf_log_reader, regress_wf_log_writer;
