-- Before anything else: a trusted extension's script runs as the bootstrap superuser, with the schema that the caller
-- names on search_path. From here on an unqualified operator or function is pg_catalog's, and everything that is
-- created says where.
SET LOCAL search_path = pg_catalog, pg_temp;

DO $$
BEGIN
    IF pg_catalog.current_setting('server_encoding') <> 'UTF8' THEN
        RAISE feature_not_supported USING MESSAGE = 'wfstate needs a database with encoding UTF8',
            DETAIL = pg_catalog.format('The encoding of this database is %s.',
                                       pg_catalog.current_setting('server_encoding')),
            HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0 makes one.';
    END IF;
END
$$;

-- Its owner may rename the schema that the caller names while the script runs, and put another in its place, whose
-- functions and types the script would then take for its own. The lock keeps it where and what it is to the end.
DO $$
BEGIN
    PERFORM FROM pg_catalog.pg_namespace AS n WHERE n.oid = '@extschema@'::pg_catalog.regnamespace FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE invalid_schema_name USING MESSAGE = 'the schema of the extension was renamed or dropped';
    END IF;
END
$$;

-- Without IF NOT EXISTS, so that a squatted schema fails the installation instead of being trusted.
CREATE SCHEMA wfstate;
COMMENT ON SCHEMA wfstate IS 'Tables and internals of the extension wfstate. Dump the whole database: pg_dump -n wfstate leaves out all rows. DROP EXTENSION wfstate deletes them.';

-- Domains instead of table constraints: a session parses a domain's check once, a table's at every statement,
-- which took a fifth of the time of a save.
CREATE DOMAIN wfstate.identifier AS text COLLATE "C"
    CONSTRAINT identifier_check CHECK (octet_length(VALUE) BETWEEN 1 AND 255);
COMMENT ON DOMAIN wfstate.identifier IS 'A name of 1 to 255 bytes. Collates "C": its order never depends on the operating system''s locale data, and is cheap.';
COMMENT ON CONSTRAINT identifier_check ON DOMAIN wfstate.identifier IS 'Neither empty nor too long for an index.';
CREATE DOMAIN wfstate.status AS text COLLATE "C"
    CONSTRAINT status_check CHECK (VALUE IN
        ('pending', 'running', 'waiting', 'paused', 'compensating', 'completed', 'failed', 'cancelled', 'compensated'));
COMMENT ON DOMAIN wfstate.status IS 'Status of an execution; completed, failed, cancelled and compensated are final.';
COMMENT ON CONSTRAINT status_check ON DOMAIN wfstate.status IS 'The statuses that there are.';

-- Beside each function and table stands the least level that may use it: wf_grant_access goes by this table, and the
-- end of the script takes from PUBLIC what is not for everybody. Filled by the script alone, so pg_dump needs not.
CREATE TABLE wfstate.access (
    object     text COLLATE "C" NOT NULL,
    level      text COLLATE "C" NOT NULL,
    read_level text COLLATE "C" NOT NULL DEFAULT 'reader',
    CONSTRAINT access_pkey PRIMARY KEY (object),
    CONSTRAINT access_level_check CHECK (level IN ('everybody', 'reader', 'writer', 'operator', 'admin', 'nobody')),
    CONSTRAINT access_read_level_check CHECK (read_level IN ('reader', 'operator', 'admin'))
);
COMMENT ON TABLE wfstate.access IS 'Who may use what: the least of the levels reader, writer, operator and admin that may call a function or write to a table.';
COMMENT ON COLUMN wfstate.access.object IS 'A function, by name, or a table, by schema and name.';
COMMENT ON COLUMN wfstate.access.level IS 'everybody, reader, writer, operator, admin, or nobody.';
COMMENT ON COLUMN wfstate.access.read_level IS 'Of a table: the least level that may read it.';
COMMENT ON INDEX wfstate.access_pkey IS 'wf_grant_access: the level of an object.';
COMMENT ON CONSTRAINT access_pkey ON wfstate.access IS 'An object has one level.';
COMMENT ON CONSTRAINT access_level_check ON wfstate.access IS 'The levels that there are.';
COMMENT ON CONSTRAINT access_read_level_check ON wfstate.access IS 'Readers read everything but what is for operators or admins.';
INSERT INTO wfstate.access VALUES ('wfstate.access', 'nobody');
