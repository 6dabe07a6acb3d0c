-- What the extension's objects must all have: a comment, a name of the convention, row-level security, a place in dumps.
\set SHOW_CONTEXT never
CREATE VIEW pg_temp.tables AS SELECT c.oid, c.relname FROM pg_class c WHERE relnamespace = 'wfstate'::regnamespace AND relkind IN ('r', 'p');
SELECT string_agg(relname, ' ' ORDER BY relname) AS tables FROM pg_temp.tables;
-- Everything in the schema belongs to the extension, and nothing of it lies elsewhere but the functions of the API.
SELECT c.relname FROM pg_class c WHERE relnamespace = 'wfstate'::regnamespace AND relkind IN ('r', 'p', 'v', 'S') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e');
SELECT DISTINCT d.classid::regclass, CASE WHEN d.classid = 'pg_proc'::regclass THEN (SELECT left(proname, 3) FROM pg_proc WHERE oid = d.objid) END AS prefix FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'wfstate'
 WHERE d.deptype = 'e' AND pg_describe_object(d.classid, d.objid, 0) NOT LIKE '%wfstate%' ORDER BY 1, 2;
-- Comments.
SELECT 'extension' AS without_comment FROM pg_extension WHERE extname = 'wfstate' AND obj_description(oid, 'pg_extension') IS NULL
UNION ALL SELECT 'schema' WHERE obj_description('wfstate'::regnamespace, 'pg_namespace') IS NULL
UNION ALL SELECT 'function ' || p.proname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'wfstate' JOIN pg_proc p ON p.oid = d.objid WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND obj_description(p.oid, 'pg_proc') IS NULL
UNION ALL SELECT 'table ' || relname FROM pg_temp.tables WHERE obj_description(oid, 'pg_class') IS NULL
UNION ALL SELECT 'column ' || relname || '.' || attname FROM pg_temp.tables t JOIN pg_attribute a ON a.attrelid = t.oid AND attnum > 0 AND NOT attisdropped WHERE col_description(t.oid, attnum) IS NULL
UNION ALL SELECT 'index ' || i.indexrelid::regclass FROM pg_temp.tables t JOIN pg_index i ON i.indrelid = t.oid WHERE obj_description(i.indexrelid, 'pg_class') IS NULL
UNION ALL SELECT 'policy ' || polname FROM pg_temp.tables t JOIN pg_policy p ON p.polrelid = t.oid WHERE obj_description(p.oid, 'pg_policy') IS NULL
UNION ALL SELECT 'trigger ' || tgname FROM pg_temp.tables t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT tgisinternal WHERE obj_description(g.oid, 'pg_trigger') IS NULL
UNION ALL SELECT 'type ' || typname FROM pg_type t WHERE typnamespace = 'wfstate'::regnamespace AND typtype IN ('d', 'e') AND obj_description(t.oid, 'pg_type') IS NULL
UNION ALL SELECT 'constraint ' || conname FROM pg_temp.tables t JOIN pg_constraint c ON c.conrelid = t.oid AND contype NOT IN ('n') WHERE obj_description(c.oid, 'pg_constraint') IS NULL
ORDER BY 1;
-- A comment is a text, not a placeholder.
SELECT d.description FROM pg_description d JOIN pg_depend x ON x.classid = d.classoid AND x.objid = d.objoid AND x.deptype = 'e' JOIN pg_extension e ON e.oid = x.refobjid AND e.extname = 'wfstate' WHERE d.description ~* '((?<!_)todo(?![ _]list)|tbd|fixme)' OR length(d.description) < 5;
-- Names: table_pkey, table_column..._check, table_..._fkey, table_..._key; indexes table_..._idx; policies and triggers table_...; none that the system made up with a number.
SELECT relname, conname, contype FROM pg_temp.tables t JOIN pg_constraint c ON c.conrelid = t.oid
 WHERE contype <> 'n' AND (conname NOT LIKE relname || '\_%' OR conname !~ (CASE contype WHEN 'p' THEN '_pkey$' WHEN 'c' THEN '_check$' WHEN 'f' THEN '_fkey$' WHEN 'u' THEN '_key$' WHEN 'x' THEN '_excl$' ELSE '$' END));
SELECT i.indexrelid::regclass FROM pg_temp.tables t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname NOT LIKE t.relname || '\_%' OR c.relname !~ '_(pkey|key|idx|excl)$' OR c.relname ~ 'idx[0-9]+$';
SELECT polname FROM pg_temp.tables t JOIN pg_policy p ON p.polrelid = t.oid WHERE polname NOT LIKE relname || '\_%';
SELECT tgname FROM pg_temp.tables t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT tgisinternal WHERE tgname NOT LIKE relname || '\_%';
-- Columns: timestamptz as ..._at, roles that did something as ..._by, versions bigint.
SELECT relname, attname, atttypid::regtype FROM pg_temp.tables t JOIN pg_attribute a ON a.attrelid = t.oid AND attnum > 0 AND NOT attisdropped
 WHERE (atttypid = 'timestamptz'::regtype) <> (attname LIKE '%\_at') OR atttypid IN ('timestamp'::regtype, 'json'::regtype, 'varchar'::regtype, 'bpchar'::regtype)
    OR (attname IN ('version', 'base_version', 'keyframe_version', 'forked_from_version') AND atttypid <> 'int8'::regtype) OR (attname LIKE '%\_by' AND atttypid NOT IN ('text'::regtype, 'regrole'::regtype));
-- The tenant is on every table, first in every key but that of the bindings.
SELECT relname FROM pg_temp.tables t WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND attname = 'tenant' AND attnotnull);
SELECT c.relname, pg_get_indexdef(i.indexrelid, 1, true) AS first_column FROM pg_temp.tables t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid WHERE pg_get_indexdef(i.indexrelid, 1, true) <> 'tenant' ORDER BY 1;
-- Text keys collate "C".
SELECT i.indexrelid::regclass, a.attname FROM pg_temp.tables t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_attribute a ON a.attrelid = i.indexrelid WHERE a.atttypid = 'text'::regtype AND a.attcollation NOT IN ('"C"'::regcollation, 0);
-- Row-level security on all of them, and a policy; all of them in dumps.
SELECT relname, relrowsecurity, (SELECT string_agg(polname, ' ') FROM pg_policy WHERE polrelid = c.oid) AS policies, c.oid = ANY (e.extconfig) AS dumped, e.extcondition[array_position(e.extconfig, c.oid)] AS condition
  FROM pg_class c, pg_extension e WHERE e.extname = 'wfstate' AND c.oid IN (SELECT oid FROM pg_temp.tables) ORDER BY relname;
SELECT polname, polcmd, polpermissive, polroles = '{0}' AS for_all, pg_get_expr(polqual, polrelid) AS using, pg_get_expr(polwithcheck, polrelid) AS with_check FROM pg_policy WHERE polrelid IN (SELECT oid FROM pg_temp.tables) ORDER BY polname;
-- Constraints and indexes as they are.
SELECT relname, conname, pg_get_constraintdef(c.oid, true) AS definition FROM pg_temp.tables t JOIN pg_constraint c ON c.conrelid = t.oid WHERE contype <> 'n' ORDER BY relname, conname COLLATE "C";
SELECT pg_get_indexdef(i.indexrelid) FROM pg_temp.tables t JOIN pg_index i ON i.indrelid = t.oid WHERE NOT indisprimary ORDER BY 1;
-- Page arguments have one order: filters, then order, then after and max_rows, last (wf_maintain is no list); the comment tells the page's limits.
SELECT p.proname, a.names FROM pg_proc p CROSS JOIN LATERAL (SELECT array_agg(n ORDER BY i) AS names FROM unnest(p.proargnames, coalesce(p.proargmodes, array_fill('i'::"char", ARRAY[p.pronargs]))) WITH ORDINALITY u (n, m, i) WHERE m = 'i') a
 WHERE p.proname LIKE 'wf\_%' AND array_to_string(a.names, ' ') ~ '\m(after|max_rows)\M' AND (array_to_string(a.names, ' ') !~ '^((?!sort|descending|newest_first|after|max_rows)\w+ ?)*((sort descending|newest_first) )?(after )?max_rows( all_tenants)?$' OR obj_description(p.oid, 'pg_proc') !~ 'max_rows[^.;]* \(1 to 10000, by default \d+\)');
-- All constraints are valid and not deferred; all indexes are valid.
SELECT conname FROM pg_temp.tables t JOIN pg_constraint c ON c.conrelid = t.oid WHERE NOT convalidated OR condeferrable;
SELECT indexrelid::regclass FROM pg_temp.tables t JOIN pg_index i ON i.indrelid = t.oid WHERE NOT indisvalid;
SELECT extrelocatable, extversion IS NOT NULL AS versioned FROM pg_extension WHERE extname = 'wfstate';
SELECT superuser, trusted, relocatable, schema FROM pg_available_extension_versions WHERE name = 'wfstate' AND installed;
