-- What tests/reference.sh writes, as functions in a schema of a throw-away database. The caller has filled
-- reference.declared from sql/: each function of the API with its group, in the order of the script.

CREATE FUNCTION reference.paragraphs(comment text) RETURNS text
    RETURN replace(comment, E'\n', E'\n\n');

-- The first sentence of a comment up to its colon or semicolon, for a cell of a table.
CREATE FUNCTION reference.summary(comment text) RETURNS text
    RETURN replace(regexp_replace(split_part(comment, E'\n', 1), '^((\([^)]*\)|[^(.:;]|[.:;](?! |$))*)[.:;]( .*)?$', '\1'), '|', '\|');

-- "name type" of each in parentheses, one a line where they are long.
CREATE FUNCTION reference.listed(items text[]) RETURNS text
    RETURN CASE WHEN items IS NULL THEN '()'
                WHEN length(array_to_string(items, ', ')) <= 80 THEN format('(%s)', array_to_string(items, ', '))
                ELSE format(E'(\n    %s\n)', array_to_string(items, E',\n    ')) END;

-- One row for each way to call a function of the API. A row type of its own shows its columns.
CREATE VIEW reference.calls AS
SELECT d.position, d.title, p.oid, p.proname AS name, p.pronargs, p.proretset, a.level,
       obj_description(p.oid, 'pg_proc') AS comment,
       CASE p.prokind WHEN 'a' THEN 'Aggregate. ' ELSE '' END
         || 'For ' || CASE a.level WHEN 'everybody' THEN a.level WHEN 'nobody' THEN 'superusers' ELSE a.level || 's' END
         || CASE WHEN p.provolatile = 'v' THEN '' ELSE '; works on a standby' END || '.' AS level_line,
       (SELECT array_agg(concat_ws(' ', n.name, format_type(p.proargtypes[n.i - 1], NULL))
                 || coalesce(' DEFAULT ' || regexp_replace(pg_get_function_arg_default(p.oid, n.i::integer), '::.*', ''), '')
                 ORDER BY n.i)
          FROM unnest(p.proargnames[:p.pronargs]) WITH ORDINALITY AS n(name, i)) AS arguments,
       concat_ws(', ', VARIADIC p.proargnames[:p.pronargs - p.pronargdefaults]
                 || CASE WHEN p.pronargdefaults > 0 THEN ARRAY['…'] END) AS required,
       CASE WHEN p.prorettype = 'void'::regtype THEN NULL
            WHEN r.typtype = 'c' AND p.proretset THEN 'rows'
            WHEN r.typtype = 'c' THEN 'row'
            WHEN p.proretset AND p.proallargtypes IS NOT NULL THEN 'rows'
            ELSE format_type(p.prorettype, NULL) END AS result,
       CASE WHEN r.typtype = 'c' THEN CASE WHEN p.proretset THEN 'SETOF ' ELSE '' END
                 || format_type(p.prorettype, NULL) || ' ' || reference.listed(
                    (SELECT array_agg(attname || ' ' || format_type(atttypid, atttypmod) ORDER BY attnum)
                       FROM pg_attribute WHERE attrelid = r.typrelid AND attnum > 0 AND NOT attisdropped))
            WHEN p.proallargtypes IS NOT NULL THEN CASE WHEN p.proretset THEN 'TABLE ' ELSE '' END || reference.listed(
                    (SELECT array_agg(n.name || ' ' || format_type(p.proallargtypes[n.i], NULL) ORDER BY n.i)
                       FROM unnest(p.proargnames) WITH ORDINALITY AS n(name, i) WHERE n.i > p.pronargs))
            ELSE format_type(p.prorettype, NULL) END AS returns
  FROM reference.declared AS d
  JOIN pg_proc AS p ON p.proname = d.name AND p.pronamespace <> 'wfstate'::regnamespace
  JOIN pg_depend AS e ON e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e'
  JOIN pg_type AS r ON r.oid = p.prorettype
  JOIN wfstate.access AS a ON a.object = p.proname
 WHERE d.kind = 'function';

CREATE FUNCTION reference.function_text(wanted text) RETURNS text
RETURN (SELECT E'\n### ' || wanted || E'\n' || string_agg(format(E'\n```\n%s%s RETURNS %s\n```\n\n%s\n\n%s\n',
               c.name, reference.listed(c.arguments), c.returns, c.level_line, reference.paragraphs(c.comment)),
               '' ORDER BY c.pronargs)
          FROM reference.calls AS c WHERE c.name = wanted);

-- The types of a group that users name, with their operators and casts.
CREATE FUNCTION reference.type_text(wanted text) RETURNS text
RETURN (SELECT format(E'\n%s\n', obj_description(t.oid, 'pg_type'))
            || coalesce((SELECT string_agg(format(E'\nOperator `%s`: %s\n', o.oprname, obj_description(o.oid, 'pg_operator')), '')
                  FROM pg_operator AS o WHERE o.oprleft = t.oid), '')
            || coalesce((SELECT string_agg(format(E'\nCast to `%s`: %s\n', format_type(k.casttarget, NULL),
                        obj_description(k.oid, 'pg_cast')), '') FROM pg_cast AS k WHERE k.castsource = t.oid), '')
          FROM pg_type AS t WHERE t.oid = wanted::regtype);

CREATE FUNCTION reference.table_text(relation oid) RETURNS text
RETURN (SELECT format(E'\n### %s\n\n%s\n\nColumn | Type | Description\n--- | --- | ---\n%s\n%s', relation::regclass,
               obj_description(relation, 'pg_class'),
               (SELECT string_agg(format('`%s` | %s%s | %s', a.attname, format_type(a.atttypid, a.atttypmod),
                         CASE WHEN a.attnotnull THEN '' ELSE ', may be null' END,
                         replace(col_description(a.attrelid, a.attnum), '|', '\|')), E'\n' ORDER BY a.attname <> ALL
                         (ARRAY['tenant', 'execution_id']), a.attnum)
                  FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped),
               (SELECT E'\nIndex | Serves\n--- | ---\n' || string_agg(format(E'`%s` | %s\n', i.relname,
                         obj_description(i.oid, 'pg_class')), '' ORDER BY i.relname)
                  FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid WHERE x.indrelid = relation)));

-- Settings are there once the library is loaded.
CREATE FUNCTION reference.setting_rows() RETURNS TABLE (name text, value text, range text, short text, long text)
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM wf_tenant();
    RETURN QUERY
    SELECT s.name, CASE WHEN unit IS NULL THEN boot_val ELSE pg_size_pretty(boot_val::bigint
               * CASE unit WHEN 'kB' THEN 1024 ELSE 1 END) END,
           CASE WHEN min_val IS NOT NULL THEN concat_ws(' ', min_val, 'to', max_val, unit)
                WHEN vartype = 'bool' THEN 'on, off' ELSE 'text' END, short_desc, extra_desc
      FROM pg_settings AS s WHERE s.name LIKE 'wfstate.%' ORDER BY s.name COLLATE "C";
END $$;

-- The groups that have functions or types, in the order of the script.
CREATE VIEW reference.groups AS
SELECT title, min(position) AS position FROM reference.declared GROUP BY title;

CREATE FUNCTION reference.page() RETURNS text
RETURN (SELECT string_agg(format(E'\n## %s\n', g.title)
            || coalesce((SELECT string_agg(reference.type_text(d.name), '' ORDER BY d.position)
                  FROM reference.declared AS d WHERE d.title = g.title AND d.kind = 'type'), '')
            || coalesce((SELECT string_agg(reference.function_text(d.name), '' ORDER BY d.position)
                  FROM reference.declared AS d WHERE d.title = g.title AND d.kind = 'function'), ''), ''
            ORDER BY g.position) FROM reference.groups AS g)
    || E'\n## Settings\n\nA setting exists once the library is loaded: at the first call of a function in a session, or at its start with session_preload_libraries.\n'
    || E'\nSetting | Default | Range | Description\n--- | --- | --- | ---\n'
    || (SELECT string_agg(format(E'`%s` | %s | %s | %s %s\n', name, value, range, short, long), '')
          FROM reference.setting_rows())
    || E'\n## Tables\n\nTo be read, not written. Row-level security shows the tenant of the session.\n'
    || (SELECT string_agg(reference.table_text(c.oid), '' ORDER BY c.oid)
          FROM pg_class AS c WHERE c.relnamespace = 'wfstate'::regnamespace AND c.relkind IN ('r', 'p', 'v')
           AND NOT c.relispartition);

-- README's tables: a line for each way to call a function.
CREATE FUNCTION reference.overview() RETURNS text
RETURN (SELECT string_agg(format(E'\n### %s\n\nFunction | For | Description\n--- | --- | ---\n%s', g.title,
               (SELECT string_agg(format(E'[`%s(%s)`](docs/reference.md#%s)%s | %s | %s\n', c.name, c.required, c.name,
                         ' → ' || c.result, CASE c.level WHEN 'everybody' THEN 'all' WHEN 'nobody' THEN 'superusers' ELSE c.level || 's' END,
                         reference.summary(c.comment)), '' ORDER BY c.position, c.pronargs)
                  FROM reference.calls AS c WHERE c.title = g.title)), '' ORDER BY g.position)
          FROM reference.groups AS g);

CREATE FUNCTION reference.settings_overview() RETURNS text
RETURN E'\nSetting | Default | Description\n--- | --- | ---\n'
    || (SELECT string_agg(format(E'`%s` | %s | %s\n', name, value, reference.summary(short)), '') FROM reference.setting_rows());
