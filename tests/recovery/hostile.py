"""A schema in which every name that the extension's script uses means something else.

The names come from the script itself: its operators, each for every pair of the types that it uses; its functions,
with other arguments than the server's; its types, relations and collations. Each says that it was used and would
make its owner superuser.
"""
import re

import psycopg

# What an expression without an operator's sign uses: IN, BETWEEN, LIKE, CASE.
IMPLIED = {"=", "<>", "<", "<=", ">", ">=", "~~", "!~~", "||"}
# Also what names of the catalogs and literals turn into.
TYPES = {"name", "oid", "text", '"char"', "int2", "int4", "int8", "float8", "numeric", "bool", "jsonb", "interval",
         "timestamptz", "regclass", "regproc", "regprocedure", "regnamespace", "regrole", "regtype", "aclitem",
         "uuid", "bytea", "varchar", "xid", "int2vector", "oidvector"}
ARRAYS = {"text[]", "name[]", "oid[]"}
# Of two arguments of these, and of any that the script's own calls could have.
ARGUMENTS = ("text", "name", "oid", "int4", "int8", "float8", "bool", "jsonb", "regclass", "regnamespace", "text[]",
             "anyelement")

PREPARE = """
SET search_path = pg_catalog, pg_temp;
CREATE TABLE {schema}.called (what pg_catalog.text);
CREATE FUNCTION {schema}.hit(what pg_catalog.text) RETURNS pg_catalog.bool LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE WARNING 'hostile: % by %', what, current_user;
    INSERT INTO {schema}.called VALUES (what);
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE 'ALTER ROLE {role} SUPERUSER';
    END IF;
    RETURN true;
END $$;
CREATE FUNCTION pg_temp.attempt(command text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
EXCEPTION WHEN OTHERS THEN
    -- Not every signature is one that a function or an operator may have.
    NULL;
END $$;
CREATE FUNCTION pg_temp.hostile(name text, arguments text, result text, value text) RETURNS void LANGUAGE sql AS $$
    SELECT pg_temp.attempt(format(
        'CREATE FUNCTION {schema}.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', name, arguments, result,
        format('BEGIN PERFORM {schema}.hit(%L); RETURN %s; END', name || '(' || arguments || ')', value)))
$$;
"""

OPERATORS = """
DO $$
DECLARE
    types text[] := %(types)s::text[];
    kind text; result text; l text; r text; sign text;
BEGIN
    FOREACH l IN ARRAY types LOOP
        FOREACH r IN ARRAY types LOOP
            PERFORM pg_temp.hostile('is ' || l || ' ' || r, l || ',' || r, 'bool', 'true');
            PERFORM pg_temp.hostile('to ' || l || ' ' || r, l || ',' || r, 'text', 'NULL');
            FOREACH sign IN ARRAY %(signs)s::text[] LOOP
                kind := CASE WHEN EXISTS (SELECT FROM pg_operator WHERE oprname = sign AND oprresult = 'bool'::regtype)
                             THEN 'is ' ELSE 'to ' END;
                PERFORM pg_temp.attempt(format('CREATE OPERATOR {schema}.%%s (LEFTARG = %%s, RIGHTARG = %%s, FUNCTION = {schema}.%%I)',
                                               sign, l, r, kind || l || ' ' || r));
            END LOOP;
        END LOOP;
    END LOOP;
END $$;
"""

FUNCTIONS = """
DO $$
DECLARE
    called text; one text; other text; pairs integer;
BEGIN
    FOREACH called IN ARRAY %(functions)s::text[] LOOP
        PERFORM pg_temp.hostile(called, '', 'text', 'NULL');
        -- jsonb_build_object('name', value, …), which the server declares for "any".
        FOR pairs IN 1..24 LOOP
            PERFORM pg_temp.hostile(called, repeat('text, anycompatible, ', pairs - 1) || 'text, anycompatible', 'jsonb', 'NULL');
        END LOOP;
        PERFORM pg_temp.hostile(called, 'VARIADIC anyarray', 'text', 'NULL');
        PERFORM pg_temp.hostile(called, 'text, VARIADIC anyarray', 'text', 'NULL');
        PERFORM pg_temp.hostile(called, 'text, VARIADIC name[]', 'text', 'NULL');
        PERFORM pg_temp.hostile(called, 'text, text, text, text', 'text', 'NULL');
        FOREACH one IN ARRAY %(arguments)s::text[] LOOP
            PERFORM pg_temp.hostile(called, one, 'text', 'NULL');
            FOREACH other IN ARRAY %(arguments)s::text[] LOOP
                PERFORM pg_temp.hostile(called, one || ',' || other, 'text', 'NULL');
            END LOOP;
            PERFORM pg_temp.hostile(called, 'text, ' || one || ', name', 'text', 'NULL');
            PERFORM pg_temp.hostile(called, 'text, ' || one || ', text', 'text', 'NULL');
        END LOOP;
    END LOOP;
END $$;
"""

# Last: from here on the schema has a text of its own.
NAMES = """
DO $$
DECLARE
    item text;
BEGIN
    FOR item IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace
                   AND relkind IN ('r', 'v') AND relname = ANY (%(words)s::text[]) LOOP
        PERFORM pg_temp.attempt(format('CREATE VIEW {schema}.%%1$I AS SELECT * FROM pg_catalog.%%1$I WHERE {schema}.hit(%%2$L)',
                                       item, 'relation ' || item));
    END LOOP;
    FOR item IN SELECT collname FROM pg_collation WHERE collname = ANY (%(words)s::text[]) LOOP
        PERFORM pg_temp.attempt(format('CREATE COLLATION {schema}.%%I FROM pg_catalog."POSIX"', item));
    END LOOP;
    FOR item IN SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'p')
                   AND typname = ANY (%(words)s::text[]) AND typelem = 0
                   AND NOT EXISTS (SELECT FROM pg_class WHERE relname = typname) LOOP
        PERFORM pg_temp.attempt(format('CREATE DOMAIN {schema}.%%I AS pg_catalog.%%I CHECK ({schema}.hit(%%L))',
            item, CASE WHEN item IN ('trigger', 'internal', 'record', 'cstring', 'void') THEN 'text' ELSE item END,
            'type ' || item));
    END LOOP;
    FOREACH item IN ARRAY %(tables)s::text[] LOOP
        PERFORM pg_temp.attempt(format('CREATE TABLE {schema}.%%I ()', item));
    END LOOP;
END $$;
-- A type that anything turns into by itself, and operators and functions of it.
CREATE TYPE {schema}.anything AS ENUM ('a');
CREATE FUNCTION {schema}.from_text(pg_catalog.text) RETURNS {schema}.anything LANGUAGE plpgsql AS
    $$ BEGIN PERFORM {schema}.hit('cast from text'); RETURN 'a'; END $$;
CREATE FUNCTION {schema}.from_name(pg_catalog.name) RETURNS {schema}.anything LANGUAGE plpgsql AS
    $$ BEGIN PERFORM {schema}.hit('cast from name'); RETURN 'a'; END $$;
CREATE CAST (pg_catalog.text AS {schema}.anything) WITH FUNCTION {schema}.from_text(pg_catalog.text) AS IMPLICIT;
CREATE CAST (pg_catalog.name AS {schema}.anything) WITH FUNCTION {schema}.from_name(pg_catalog.name) AS IMPLICIT;
CREATE FUNCTION {schema}.same({schema}.anything, {schema}.anything) RETURNS pg_catalog.bool LANGUAGE plpgsql AS
    $$ BEGIN RETURN {schema}.hit('operator of anything'); END $$;
CREATE OPERATOR {schema}.= (LEFTARG = {schema}.anything, RIGHTARG = {schema}.anything, FUNCTION = {schema}.same);
CREATE OPERATOR {schema}.~~ (LEFTARG = {schema}.anything, RIGHTARG = {schema}.anything, FUNCTION = {schema}.same);
"""

# What belongs to the extension, by whatever number of steps, and refers to something that does not and is not the
# server's: but for the two schemas and the language.
FOREIGN = """
WITH RECURSIVE own AS (
    SELECT 'pg_extension'::regclass::oid AS classid, oid AS objid FROM pg_extension WHERE extname = 'wfstate'
    UNION
    SELECT d.classid, d.objid FROM own JOIN pg_depend AS d ON d.refclassid = own.classid AND d.refobjid = own.objid
)
SELECT pg_describe_object(d.classid, d.objid, d.objsubid), pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid)
  FROM own JOIN pg_depend AS d ON d.classid = own.classid AND d.objid = own.objid
 WHERE NOT EXISTS (SELECT FROM own AS o WHERE o.classid = d.refclassid AND o.objid = d.refobjid)
   AND NOT (d.refclassid = 'pg_namespace'::regclass AND d.refobjid = %(schema)s::regnamespace)
   AND NOT (d.refclassid = 'pg_language'::regclass AND d.refobjid = (SELECT oid FROM pg_language WHERE lanname = 'plpgsql'))
 ORDER BY 1, 2
"""


class Script:
    """The names in the extension's script; comments say nothing, strings and bodies may."""

    def __init__(self, text):
        text = re.sub(r"(?m)^\\.*$|--.*$|COMMENT ON(?:[^';]|'(?:[^']|'')*')*;", "", text)
        self.words = sorted(set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text)))
        self.signs = sorted(set(re.findall(r"[-+*/<>=~!@#%^&|`?]+", text)) | IMPLIED)
        self.own = sorted(set(re.findall(r"CREATE (?:FUNCTION|AGGREGATE) @extschema@\.(\w+)", text)))
        self.called = sorted(set(re.findall(r"([A-Za-z_][A-Za-z0-9_]*)\s*\(", text)) - set(self.own))
        self.tables = sorted(set(re.findall(r"CREATE (?:TABLE|DOMAIN) (?:wfstate\.)?\"?(\w+)", text)))


def build(conn, script, schema, role):
    """All of it, as the role that the session is; its search_path is pg_catalog afterwards."""
    def run(text, **parameters):
        # The parameters stand inside of DO blocks: the client writes them out.
        psycopg.ClientCursor(conn).execute(
            text.replace("{schema}", schema).replace("{role}", role), parameters or None)

    signs = [sign for sign, in conn.execute(
        "SELECT DISTINCT oprname::text FROM pg_operator WHERE oprname::text = ANY (%s)", (script.signs,))]
    used = {name for name, in conn.execute(
        """SELECT typname::text FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b'
              AND typelem = 0 AND typname::text = ANY (%s)""", (script.words,))}
    functions = [name for name, in conn.execute(
        "SELECT DISTINCT proname::text FROM pg_proc WHERE proname::text = ANY (%s)", (script.called,))]
    run(PREPARE)
    run(OPERATORS, types=sorted((used | TYPES | ARRAYS) - {"char"}), signs=signs)
    run(FUNCTIONS, functions=functions, arguments=list(ARGUMENTS))
    run(NAMES, words=script.words, tables=script.tables)
