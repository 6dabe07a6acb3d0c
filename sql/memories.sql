-- Group: Memories
-- What agents have learned, found again by words, by tool and by how sure it is.

-- The index of words holds the tenant within each word: so that a search of one tenant touches no row of another's.
CREATE FUNCTION wfstate.scoped_words(tenant text, tool text, words text[]) RETURNS text[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'scoped_words_wrapper';
COMMENT ON FUNCTION wfstate.scoped_words IS 'Each word below its tenant, and where there is a tool again below both: what the index of wfstate.memories holds.';
INSERT INTO wfstate.access VALUES ('scoped_words', 'writer');

CREATE TABLE wfstate.memories (
    memory_id  bigint GENERATED ALWAYS AS IDENTITY,
    confidence double precision NOT NULL,
    times      bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    tenant     wfstate.identifier NOT NULL,
    tool_name  wfstate.identifier,
    lesson_key bytea NOT NULL,
    config     text COLLATE "C" NOT NULL,
    context    text,
    lesson     text NOT NULL,
    tags       jsonb,
    document   tsvector NOT NULL,
    embedding  real[],
    CONSTRAINT memories_pkey PRIMARY KEY (tenant, memory_id),
    CONSTRAINT memories_lesson_key UNIQUE (tenant, lesson_key),
    CONSTRAINT memories_confidence_check CHECK (confidence >= 0 AND confidence <= 1),
    CONSTRAINT memories_tags_check CHECK (jsonb_typeof(tags) = 'object')
);
COMMENT ON TABLE wfstate.memories IS 'What agents have learned. Belongs to no execution: wf_delete leaves it alone.';
COMMENT ON COLUMN wfstate.memories.memory_id IS 'Number of the memory.';
COMMENT ON SEQUENCE wfstate.memories_memory_id_seq IS 'The numbers of memories.';
COMMENT ON COLUMN wfstate.memories.confidence IS 'How sure it is, from 0 to 1.';
COMMENT ON COLUMN wfstate.memories.times IS 'How often the lesson was remembered.';
COMMENT ON COLUMN wfstate.memories.created_at IS 'When it was remembered first.';
COMMENT ON COLUMN wfstate.memories.updated_at IS 'When it was remembered last.';
COMMENT ON COLUMN wfstate.memories.tenant IS 'Whose memory.';
COMMENT ON COLUMN wfstate.memories.tool_name IS 'Tool that it is about; NULL where it is about none.';
COMMENT ON COLUMN wfstate.memories.lesson_key IS 'Hash of the tool and of the lesson without regard to case and white space.';
COMMENT ON COLUMN wfstate.memories.config IS 'Text-search configuration that it was written in, with its schema.';
COMMENT ON COLUMN wfstate.memories.context IS 'In what situation, at most 8 kB.';
COMMENT ON COLUMN wfstate.memories.lesson IS 'What was learned, at most 8 kB.';
COMMENT ON COLUMN wfstate.memories.tags IS 'A JSON object.';
COMMENT ON COLUMN wfstate.memories.document IS 'Words of the lesson (weight A) and the context (weight B).';
COMMENT ON COLUMN wfstate.memories.embedding IS 'The memory as a vector, where the caller has one.';
COMMENT ON INDEX wfstate.memories_pkey IS 'One memory, and wf_memories.';
COMMENT ON INDEX wfstate.memories_lesson_key IS 'wf_remember: the memory of the same lesson.';
COMMENT ON CONSTRAINT memories_pkey ON wfstate.memories IS 'A memory has one number.';
COMMENT ON CONSTRAINT memories_lesson_key ON wfstate.memories IS 'A lesson about a tool is there once: of two that remember it at the same time, the second strengthens it.';
COMMENT ON CONSTRAINT memories_confidence_check ON wfstate.memories IS 'A share.';
COMMENT ON CONSTRAINT memories_tags_check ON wfstate.memories IS 'Tags are an object.';
CREATE INDEX memories_confidence_idx ON wfstate.memories (tenant, confidence, memory_id);
COMMENT ON INDEX wfstate.memories_confidence_idx IS 'wf_recall: the surest memories.';
CREATE INDEX memories_tool_idx ON wfstate.memories (tenant, tool_name, confidence, memory_id)
    WHERE tool_name IS NOT NULL;
COMMENT ON INDEX wfstate.memories_tool_idx IS 'wf_recall(tool_name => ...): the surest memories about a tool.';
CREATE INDEX memories_updated_idx ON wfstate.memories (tenant, updated_at);
COMMENT ON INDEX wfstate.memories_updated_idx IS 'wf_forget(older_than => ...), and wf_cleanup.';
-- Without a list of what is pending, which every search would read through.
CREATE INDEX memories_words_idx ON wfstate.memories USING gin (
    wfstate.scoped_words(tenant, coalesce(tool_name::text, ''), tsvector_to_array(document))
) WITH (fastupdate = off);
COMMENT ON INDEX wfstate.memories_words_idx IS 'wf_recall: the memories that have a word.';
CREATE INDEX memories_tags_idx ON wfstate.memories USING gin (wfstate.scoped(tenant, tags) jsonb_path_ops)
    WITH (fastupdate = off) WHERE tags IS NOT NULL;
COMMENT ON INDEX wfstate.memories_tags_idx IS 'wf_recall(tags => ...).';
CREATE INDEX memories_embedding_idx ON wfstate.memories (tenant, memory_id) WHERE embedding IS NOT NULL;
COMMENT ON INDEX wfstate.memories_embedding_idx IS 'wf_recall by embedding: the newest memories that have one.';
CREATE INDEX memories_tool_embedding_idx ON wfstate.memories (tenant, tool_name, memory_id)
    WHERE embedding IS NOT NULL AND tool_name IS NOT NULL;
COMMENT ON INDEX wfstate.memories_tool_embedding_idx IS 'The same about a tool.';
INSERT INTO wfstate.access VALUES ('wfstate.memories', 'writer');

-- pgvector may be in any schema, or not there: its type and operator are found by what belongs to the extension.
CREATE FUNCTION wfstate.vector_schema() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT quote_ident(n.nspname::text)
          FROM pg_extension AS e
          JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
                             AND d.classid = 'pg_type'::regclass
          JOIN pg_type AS t ON t.oid = d.objid AND t.typname = 'vector'
          JOIN pg_operator AS o ON o.oprname = '<=>' AND o.oprleft = t.oid AND o.oprright = t.oid
                               AND o.oprnamespace = t.typnamespace
          JOIN pg_depend AS b ON b.refclassid = 'pg_extension'::regclass AND b.refobjid = e.oid AND b.deptype = 'e'
                             AND b.classid = 'pg_operator'::regclass AND b.objid = o.oid
          JOIN pg_namespace AS n ON n.oid = t.typnamespace
          JOIN pg_proc AS f ON f.oid = o.oprcode
          JOIN pg_language AS l ON l.oid = f.prolang AND l.lanname = 'c'
          JOIN pg_roles AS r ON r.oid = f.proowner AND r.rolsuper
          JOIN pg_roles AS s ON s.oid = t.typowner AND s.rolsuper
         WHERE e.extname = 'vector' AND t.typtype = 'b');
END
$$;
COMMENT ON FUNCTION wfstate.vector_schema IS 'Schema of the extension pgvector, quoted; NULL where it is not installed.';
INSERT INTO wfstate.access VALUES ('vector_schema', 'reader');

CREATE FUNCTION wfstate.similar_memories(
    tenant text, embedding real[], tool_name text, candidates bigint[], max_scanned integer, max_rows integer
) RETURNS TABLE (
    memory_id bigint, similarity double precision
)
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    extension_schema text := wfstate.vector_schema();
BEGIN
    -- Runs as the caller, so that row-level security holds.
    RETURN QUERY EXECUTE format(
        'WITH newest AS MATERIALIZED (
            SELECT m.memory_id, m.embedding FROM wfstate.memories AS m
             WHERE m.tenant = $1 AND m.embedding IS NOT NULL AND ($3 IS NULL OR m.tool_name = $3)
             ORDER BY m.memory_id DESC LIMIT $5
        ), near AS (
            SELECT n.memory_id, n.embedding::%1$s.vector OPERATOR(%1$s.<=>) $2::%1$s.vector AS distance
              FROM newest AS n WHERE cardinality(n.embedding) = cardinality($2)
             ORDER BY 2 LIMIT $6
        )
        SELECT n.memory_id, 1 - n.distance FROM near AS n WHERE n.distance <> ''NaN''
        UNION
        SELECT m.memory_id, 1 - (m.embedding::%1$s.vector OPERATOR(%1$s.<=>) $2::%1$s.vector)
          FROM unnest($4) AS c (memory_id)
          JOIN wfstate.memories AS m ON m.tenant = $1 AND m.memory_id = c.memory_id
         WHERE cardinality(m.embedding) = cardinality($2)', extension_schema)
     USING tenant, embedding, tool_name, candidates, max_scanned, max_rows;
END
$$;
COMMENT ON FUNCTION wfstate.similar_memories IS 'Cosine similarity of memories to an embedding, by pgvector: of the most similar among the newest, and of the candidates.';
INSERT INTO wfstate.access VALUES ('similar_memories', 'reader');

CREATE FUNCTION @extschema@.wf_remember(
    context text, lesson text, tool_name text DEFAULT NULL, confidence double precision DEFAULT 0.5,
    tags jsonb DEFAULT NULL, embedding double precision[] DEFAULT NULL, config text DEFAULT NULL,
    remembered_at timestamptz DEFAULT NULL
) RETURNS TABLE (
    memory_id bigint, confidence double precision, times bigint, created bool
)
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_remember_wrapper';
COMMENT ON FUNCTION @extschema@.wf_remember IS
'Remembers a lesson (at most 8 kB). The same lesson about the same tool again, without regard to case and white space, strengthens the memory that is there: from the confidence a and the new b it gets a + (1 - a) * b / 2, which is never more than 1. Of several that remember it at the same time, one makes the memory and the others strengthen it.
context: in what situation, or NULL, at most 8 kB. tool_name: what it is about. confidence: from 0 to 1. tags: a JSON object of at most 16 kB. embedding: the memory as a vector, where pgvector is installed, of at most 16000 dimensions, kept in single precision; a value of type vector is given as embedding::real[]. config: the text-search configuration by which its words are found, by default the session''s default_text_search_config. For a memory that is there, context (with config), tags and embedding replace the former where they are given. remembered_at: when it was, for what is imported; NULL is now.
Returns memory_id, the confidence that it has now, how many times it was remembered, and whether this call made it.
Errors: 22023 for a bad argument; 42704 for a configuration that does not exist; 0A000 for an embedding where pgvector is not installed; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_remember', 'writer');

CREATE FUNCTION @extschema@.wf_recall(
    query text DEFAULT NULL, tool_name text DEFAULT NULL, min_confidence double precision DEFAULT 0,
    tags jsonb DEFAULT NULL, embedding double precision[] DEFAULT NULL, config text DEFAULT NULL, max_rows integer DEFAULT 10
) RETURNS TABLE (
    memory_id bigint, rank double precision, similarity double precision, context text, lesson text, tool_name text,
    confidence double precision, times bigint, tags jsonb, created_at timestamptz, updated_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_recall_wrapper';
COMMENT ON FUNCTION @extschema@.wf_recall IS
'Finds memories that have any of the words of query, a text in plain language; best first. rank is (t + s) * (1 + confidence) / 2: t is ts_rank of the words found, those of the lesson counting 1 and those of the context 0.4; s is the cosine similarity to embedding, if that is above 0, where one is given. Without query and embedding it lists memories by confidence, which then is the rank.
tool_name: only about this tool. min_confidence: only as sure as that. tags: only whose tags contain this object. embedding: a vector of the same model as those remembered; needs pgvector. config: the text-search configuration that the query is in, by default the session''s default_text_search_config; what was remembered in another one is found as far as the two agree about a word. max_rows: how many (1 to 10000, by default 10).
What is ranked is bounded, and so are the words. Of the query the first 32 words count. A word that a tenth of the 500 surest memories have is looked for among those only; of any other word 200 memories are ranked, fewer where there are more than five words, so that they are about 1000 together. With tags, 5000 memories that have them and a word are ranked. The index gives all memories that have a word or the tags before min_confidence is looked at, and they are gone through: a word that few of the 500 surest memories have, but many others, and tags that many have, take 10 milliseconds for each thousand of them. By embedding, the 10000 newest memories that have one are compared, and the 200 nearest ranked.
Errors: 22023 for a bad argument; 42704 for a configuration that does not exist; 0A000 for an embedding where pgvector is not installed; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_recall', 'reader');

CREATE FUNCTION @extschema@.wf_memories(after bigint DEFAULT NULL, max_rows integer DEFAULT 100) RETURNS TABLE (
    memory_id bigint, context text, lesson text, tool_name text, confidence double precision, times bigint,
    tags jsonb, dimensions integer, config text, created_at timestamptz, updated_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_memories_wrapper';
COMMENT ON FUNCTION @extschema@.wf_memories IS
'Lists all memories in the order in which they were made; those about a tool, or with tags, are what wf_recall lists without a query. dimensions: of the embedding, NULL where there is none.
after is the memory_id of the last row of the page before; max_rows is the size of the page (1 to 10000, by default 100).
Errors: 22023 for max_rows out of range.';
INSERT INTO wfstate.access VALUES ('wf_memories', 'reader');

CREATE FUNCTION @extschema@.wf_set_confidence(memory_id bigint, confidence double precision) RETURNS bool
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_set_confidence_wrapper';
COMMENT ON FUNCTION @extschema@.wf_set_confidence IS
'Says how sure a memory is, from 0 to 1: less where a lesson has turned out doubtful. It counts neither as remembering nor as a change, so that updated_at stays.
Returns true, or false when there is no memory of that number.
Errors: 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_set_confidence', 'writer');

CREATE FUNCTION @extschema@.wf_forget(
    memory_id bigint DEFAULT NULL, tool_name text DEFAULT NULL, older_than interval DEFAULT NULL,
    max_confidence double precision DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_forget_wrapper';
COMMENT ON FUNCTION @extschema@.wf_forget IS
'Removes the memories that satisfy every argument given, of which there must be one: that of a number, those about a tool, those that were not remembered for so long, those that are no surer than max_confidence.
Returns how many; 0 when there is none.
Errors: 22023 when no argument is given, or for a bad one.';
INSERT INTO wfstate.access VALUES ('wf_forget', 'writer');
