-- Compares rust_functions, rust_arguments and rust_columns with the catalog. A row a finding: the check, and what is
-- wrong. Each check gives a row with nothing wrong, too, so that one that did not run is missed.
CREATE TEMP VIEW declared AS
SELECT p.oid, p.oid::regprocedure::text AS signature, p.proname, p.prosrc, p.prorettype, p.proretset, p.proisstrict,
       p.provariadic, p.provolatile, p.proparallel, p.pronargs, p.proargtypes, p.proargnames, p.proargmodes,
       p.proallargtypes, l.lanname, a.level
  FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'wfstate'
  JOIN pg_proc AS p ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
  JOIN pg_language AS l ON l.oid = p.prolang LEFT JOIN wfstate.access AS a ON a.object = p.proname;
CREATE TEMP VIEW arguments AS
SELECT d.signature, d.prosrc AS symbol, u.position::integer, u.type, d.proargnames[u.position] AS name
  FROM declared AS d, unnest(d.proargtypes) WITH ORDINALITY AS u (type, position) WHERE d.lanname = 'c';
-- What a row of the result has: OUT columns, or the attributes of a composite type.
CREATE TEMP VIEW columns AS
SELECT d.signature, d.prosrc AS symbol, row_number() OVER (PARTITION BY d.oid ORDER BY u.position)::integer AS position,
       u.type, u.name
  FROM declared AS d, unnest(d.proallargtypes, d.proargmodes, d.proargnames) WITH ORDINALITY AS u (type, mode, name, position)
 WHERE d.lanname = 'c' AND u.mode IN ('o', 't')
UNION ALL
SELECT d.signature, d.prosrc, row_number() OVER (PARTITION BY d.oid ORDER BY a.attnum)::integer, a.atttypid, a.attname
  FROM declared AS d JOIN pg_type AS t ON t.oid = d.prorettype AND t.typtype = 'c'
  JOIN pg_attribute AS a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE d.lanname = 'c';

WITH findings (check_name, finding) AS (
SELECT 'each C function has its Rust', signature || ' calls ' || prosrc
  FROM declared WHERE lanname = 'c' AND NOT EXISTS (SELECT FROM rust_functions AS r WHERE r.symbol = prosrc)
UNION ALL
SELECT 'each Rust function has its declaration', symbol || ' in ' || file
  FROM rust_functions WHERE NOT EXISTS (SELECT FROM declared WHERE prosrc = symbol AND lanname = 'c')
UNION ALL
SELECT 'arguments: number and types',
       k.signature || ': argument ' || k.position || ' is ' || coalesce(s.type::regtype::text, 'none')
       || ' in SQL and ' || coalesce(r.type, 'none') || ' in Rust'
  FROM (SELECT signature, symbol, position FROM arguments
        UNION SELECT d.signature, r.symbol, r.position FROM declared AS d JOIN rust_arguments AS r ON r.symbol = d.prosrc) AS k
  LEFT JOIN arguments AS s USING (signature, symbol, position) LEFT JOIN rust_arguments AS r USING (symbol, position)
 WHERE s.type IS DISTINCT FROM to_regtype(r.type)::oid
UNION ALL
SELECT 'arguments: names and order', s.signature || ': ' || s.name || ' in SQL and ' || r.name || ' in Rust'
  FROM arguments AS s JOIN rust_arguments AS r USING (symbol, position) WHERE s.name <> '' AND r.name <> '' AND s.name <> r.name
UNION ALL
SELECT 'result: rows and type', d.signature || ' returns ' || pg_get_function_result(d.oid) || ' and Rust ' || r.rows || ' ' || r.type
  FROM declared AS d JOIN rust_functions AS r ON r.symbol = d.prosrc
 WHERE d.proretset <> (r.rows <> 'one')
    OR CASE WHEN r.type = 'record' THEN NOT EXISTS (SELECT FROM columns AS c WHERE c.signature = d.signature)
            ELSE d.prorettype IS DISTINCT FROM to_regtype(r.type)::oid END
UNION ALL
SELECT 'result: columns of a table', k.signature || ': column ' || k.position || ' is '
       || coalesce(s.name || ' ' || s.type::regtype, 'none') || ' in SQL and ' || coalesce(r.name || ' ' || r.type, 'none') || ' in Rust'
  FROM (SELECT c.signature, c.symbol, c.position FROM columns AS c JOIN rust_functions AS f USING (symbol) WHERE f.rows = 'table'
        UNION SELECT d.signature, r.symbol, r.position FROM declared AS d JOIN rust_columns AS r ON r.symbol = d.prosrc) AS k
  LEFT JOIN columns AS s USING (signature, symbol, position) LEFT JOIN rust_columns AS r USING (symbol, position)
 WHERE s.name IS DISTINCT FROM r.name OR s.type IS DISTINCT FROM to_regtype(r.type)::oid
UNION ALL
SELECT 'STRICT where Rust takes no NULL', d.signature
  FROM declared AS d WHERE NOT d.proisstrict AND EXISTS (SELECT FROM rust_arguments AS r WHERE r.symbol = d.prosrc AND NOT r.optional)
UNION ALL
SELECT 'nothing is variadic', signature FROM declared WHERE provariadic <> 0
UNION ALL
-- A reader only reads; everybody may call what computes; the rest writes.
SELECT 'volatile and parallel as its level says', d.signature || ' is ' || d.provolatile::text || ' and ' || d.proparallel::text
  FROM declared AS d
 WHERE d.provolatile::text || d.proparallel::text <> (CASE
           WHEN d.proname IN ('wf_tenant', 'current_tenant', 'wf_tenants', 'may_use') THEN 'ss'
           -- How an interval is read depends on a setting.
           WHEN d.proname IN ('wf_validate_definition', 'wf_definition_violations') THEN 'ss'
           -- They read damage in a subtransaction, which a parallel query cannot have.
           WHEN d.proname IN ('wf_verify', 'wf_verify_all') THEN 'su'
           -- Operators alone read it, or ask for the sake of scheduling.
           WHEN d.proname IN ('wf_quarantined', 'check_all_tenants', 'cron_call', 'cron_command') THEN 'ss'
           -- Of the session that asks, and another at each call.
           WHEN d.proname IN ('wf_cache_stats', 'wf_direct_access') THEN 'vr'
           -- They ask that, or for the sessions, of which a worker is one.
           WHEN d.proname IN ('wf_health', 'health_of_server', 'health_of_transactions') THEN 'sr'
           WHEN d.proname IN ('chain_hash', 'scoped', 'scoped_words', 'judged', 'check_age', 'library_version', 'plain', 'finite') OR d.level = 'everybody' THEN 'is'
           WHEN d.level = 'reader' THEN 'ss'
           ELSE 'vu' END)
UNION ALL
SELECT 'each function that gives rows is called', d.signature
  FROM declared AS d JOIN rust_functions AS r ON r.symbol = d.prosrc
 WHERE r.type = 'record' AND NOT EXISTS (SELECT FROM called AS c WHERE c.function = d.proname)
UNION ALL
SELECT 'what is called gives rows', function || ': ' || problem FROM called WHERE problem IS NOT NULL
), checks (check_name) AS (VALUES
    ('each C function has its Rust'), ('each Rust function has its declaration'), ('arguments: number and types'),
    ('arguments: names and order'), ('result: rows and type'), ('result: columns of a table'),
    ('STRICT where Rust takes no NULL'), ('nothing is variadic'), ('volatile and parallel as its level says'),
    ('each function that gives rows is called'), ('what is called gives rows'))
SELECT c.check_name, string_agg(f.finding, '; ' ORDER BY f.finding)
  FROM checks AS c LEFT JOIN findings AS f USING (check_name) GROUP BY 1 ORDER BY 1;
