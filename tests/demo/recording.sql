-- Splits a recording, one line of JSON on psql's standard input, into schema demo:
--   demo.run           one row: the name of its array, the state before the first step
--   demo.step          one row a step: the item, what to tell of it, the JSON Patch that appends it
--   demo.state_after   the whole state after a step, built without wfstate: what is compared with
\set ON_ERROR_STOP on
\set VERBOSITY terse
SET client_min_messages = warning;
BEGIN;
CREATE SCHEMA demo;
CREATE TEMP TABLE raw (document text);
-- Quote and delimiter are bytes that cannot stand in JSON: the line comes in as it is.
\copy raw FROM pstdin WITH (FORMAT csv, DELIMITER E'\x02', QUOTE E'\x01')

-- jsonb cannot hold two things that JSON text can: \u0000 and half a surrogate pair. Recordings of
-- terminals have them. An even number of backslashes before them is text, not an escape.
CREATE FUNCTION pg_temp.storable(document text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN document ~* '\\u(0000|d[89a-f])' THEN
        regexp_replace(regexp_replace(regexp_replace(document,
            '(?<!\\)((?:\\\\)*)\\u0000', '\1\\ufffd', 'g'),
            '(?<!\\)((?:\\\\)*)\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])', '\1\\ufffd', 'g'),
            '(?<!\\|\\u[dD][89abAB][0-9a-fA-F]{2})((?:\\\\)*)\\u[dD][c-fC-F][0-9a-fA-F]{2}', '\1\\ufffd', 'g')
    ELSE document END
$$;

CREATE TABLE demo.run AS
SELECT CASE 'array' WHEN jsonb_typeof(whole -> 'trajectory') THEN 'trajectory'
                    WHEN jsonb_typeof(whole -> 'events') THEN 'events' END AS list,
       whole,
       (length(text) - length(replace(text, '\ufffd', ''))
        - length(raw.document) + length(replace(raw.document, '\ufffd', ''))) / 6 AS replaced
  FROM raw, pg_temp.storable(raw.document) AS text, CAST(text AS jsonb) AS whole;

DO $$
BEGIN
    IF (SELECT list IS NULL FROM demo.run) THEN
        RAISE EXCEPTION 'it has no array "trajectory" or "events" at its top level';
    ELSIF (SELECT jsonb_array_length(whole -> list) = 0 FROM demo.run) THEN
        RAISE EXCEPTION 'its array has no steps';
    END IF;
END
$$;

-- What the agent starts with: the small members of the recording, such as the task, and no step.
ALTER TABLE demo.run ADD COLUMN state jsonb;
UPDATE demo.run SET state = jsonb_build_object('recording', :'name', list, '[]'::jsonb,
       'counters', '{"steps": 0, "characters": 0}'::jsonb, 'about',
       (SELECT coalesce(jsonb_object_agg(key, value), '{}')
          FROM jsonb_each(whole) WHERE key <> list AND pg_column_size(value) <= 2048));

-- One line of plain text that fits a table: no control characters, no half characters.
CREATE FUNCTION demo.line(text text, width int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(CASE WHEN length(line) > width THEN rtrim(left(line, width - 1)) || '…' ELSE line END, '')
      FROM btrim(regexp_replace(left(text, 1000), '[[:cntrl:][:space:]]+', ' ', 'g')) AS line
$$;

-- Phase: as recorded; else the kind of event without its last word; else the command's name.
CREATE TABLE demo.step AS
SELECT n::int AS n, 'step-' || n AS step_id, item,
       coalesce(demo.line(item ->> 'phase', 18),
                demo.line(lower(regexp_replace(item ->> 'eventType', '^EVENT_TYPE_|_[A-Z]+$', '', 'g')), 18),
                demo.line(substring(item ->> 'action' FROM '^\s*([[:alnum:]_.-]+)'), 18), 'step') AS phase,
       coalesce(demo.line(item ->> 'action', 60), demo.line(item ->> 'eventType', 60),
                demo.line(item ->> 'thought', 60), demo.line(item ->> 'content', 60),
                demo.line(item #>> '{}', 60), 'empty') AS note,
       jsonb_build_array(
           jsonb_build_object('op', 'add', 'path', '/' || list || '/-', 'value', item),
           jsonb_build_object('op', 'replace', 'path', '/counters/steps', 'value', n),
           jsonb_build_object('op', 'replace', 'path', '/counters/characters', 'value',
                              sum(length(item::text)) OVER (ORDER BY n))) AS patch
  FROM demo.run, jsonb_array_elements(whole -> list) WITH ORDINALITY AS element (item, n);
ALTER TABLE demo.step ADD PRIMARY KEY (n);
ALTER TABLE demo.run DROP COLUMN whole;

CREATE FUNCTION demo.state_after(n int) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT run.state || jsonb_build_object(
               run.list, coalesce(jsonb_agg(step.item ORDER BY step.n) FILTER (WHERE step.n > 0), '[]'),
               'counters', jsonb_build_object('steps', state_after.n,
                   'characters', coalesce(sum(length(step.item::text)), 0)))
      FROM demo.run LEFT JOIN demo.step ON step.n <= state_after.n
     GROUP BY run.state, run.list
$$;

GRANT USAGE ON SCHEMA demo TO agent;
GRANT SELECT ON ALL TABLES IN SCHEMA demo TO agent;
COMMIT;
ANALYZE demo.step;
