#!/usr/bin/env bash
# Memories with the real pgvector: refused without it, found by similarity with it, wherever it is installed, and by
# roles of one tenant only; dumped and restored; and all the rest works when it is gone again.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$here/lib.sh"

source="$WF_TARGET/pgvector/source"
if ! "$WF_ROOT/tests/setup.sh" pgvector || [ ! -f "$source/Makefile" ]; then
  not_ok "pgvector cannot be had: tests/setup.sh pgvector says why"
  count_done
  exit
fi

WF_DATABASE=vectors
cluster_start
# Built for this server, into its private tree. Plain C, without what the compiler knows of this machine.
build="$WF_BASE/pgvector"
cp -r "$source" "$build"
if ! { make -s -C "$build" with_llvm=no OPTFLAGS= PG_CONFIG="$PG_CONFIG" &&
  make -s -C "$build" with_llvm=no OPTFLAGS= PG_CONFIG="$PG_CONFIG" DESTDIR="$WF_STAGE" install; } >"$WF_BASE/vector.log" 2>&1; then
  not_ok "pgvector does not build here" "$(tail -n 5 "$WF_BASE/vector.log")"
  count_done
  exit
fi
chmod -R go+rX "$WF_STAGE"

app_role
sql "CREATE ROLE bound LOGIN; SELECT wf_grant_access('bound', 'reader');
     SELECT wf_grant_tenant('bound', 'blue')" >/dev/null
app() { sql "$1" -U wf_app; }
remember="SELECT created FROM wf_remember"

check "without it an embedding is refused" "$(sqlstate "$remember(NULL, 'x', embedding => '{1,0}')" -U wf_app)" 0A000
check "and not looked for" "$(sqlstate "SELECT wf_recall('x', embedding => '{1,0}')" -U wf_app)" 0A000
check "a memory without one is remembered" "$(app "$remember(NULL, 'Plain words are found', 'words')")" t

# In a schema that is on nobody's path, with a decoy before it.
sql 'CREATE SCHEMA "Odd ones"; CREATE EXTENSION vector SCHEMA "Odd ones"; GRANT USAGE ON SCHEMA "Odd ones" TO PUBLIC'
sql "CREATE FUNCTION public.never(real[], real[]) RETURNS double precision LANGUAGE sql AS 'SELECT 1 / 0.0::float8';
     CREATE OPERATOR public.<=> (LEFTARG = real[], RIGHTARG = real[], FUNCTION = public.never);
     CREATE DOMAIN public.vector AS text"
check "its version" "$(sql "SELECT extversion FROM pg_extension WHERE extname = 'vector'")" \
  "$(sed -nE "s/^default_version = '(.*)'/\1/p" "$source/vector.control")"
check "with it embeddings are remembered" "$(app "
  $remember(NULL, 'North is up', 'map', 0.5, embedding => '{0,1,0}');
  $remember(NULL, 'East is right', 'map', 0.5, embedding => '{1,0,0}');
  $remember(NULL, 'North east is between', 'map', 0.9, embedding => '{2,2,0}');
  $remember(NULL, 'Another model''s', 'other', 0.5, embedding => '{1,0}')" | tr '\n' ' ')" "t t t t "
check "as drivers send them, and as pgvector has them" "$(app "
  $remember(NULL, 'Of doubles', 'typed', embedding => ARRAY[0.5, 0, 0.5]::float8[]);
  $remember(NULL, 'Of a vector', 'typed', embedding => '[1,1,1,1]'::\"Odd ones\".vector::real[]);
  SELECT lesson FROM wf_recall(embedding => ARRAY[0.5, 0, 0.5], max_rows => 1);
  SELECT wf_forget(tool_name => 'typed')" | tr '\n' '|')" "t|t|Of doubles|2|"
check "they are found by direction" "$(app "SELECT lesson, round(similarity::numeric, 3), round(rank::numeric, 3)
  FROM wf_recall(embedding => '{0,5,0}')")" "North is up|1.000|0.750
North east is between|0.707|0.672
East is right|0.000|0.000"
check "by direction and words" "$(app "SELECT lesson, similarity IS NOT NULL FROM wf_recall('right plain', embedding => '{0,5,0}')")" \
  "North is up|t
North east is between|t
East is right|t
Plain words are found|f"
check "words and direction add up" "$(app "SELECT rank > (SELECT rank FROM wf_recall('east', max_rows => 1))
  FROM wf_recall('east', max_rows => 1, embedding => '{1,1,0}')")" t
check "about a tool, as sure as that" "$(app "SELECT lesson FROM wf_recall(NULL, 'map', 0.8, embedding => '{0,1,0}')")" \
  "North east is between"
check "of another model's dimensions" "$(app "SELECT lesson FROM wf_recall(embedding => '{1,0}')")" "Another model's"
check "the similarity is pgvector's" "$(app "SELECT bool_and(abs(r.similarity - (1 - (m.embedding::\"Odd ones\".vector
  OPERATOR(\"Odd ones\".<=>) '[1,2,3]'::\"Odd ones\".vector))) < 1e-9), count(*)
  FROM wf_recall(embedding => '{1,2,3}') AS r JOIN wfstate.memories AS m USING (memory_id)")" "t|3"
check "what is remembered again gets its embedding" "$(app "
  SELECT times FROM wf_remember(NULL, 'PLAIN words are found', 'words', embedding => '{0,0,1}');
  SELECT lesson FROM wf_recall(embedding => '{0,0,1}', max_rows => 1)" | tr '\n' '|')" "2|Plain words are found|"
check "dimensions are listed" "$(app "SELECT string_agg(dimensions::text, ' ' ORDER BY memory_id) FROM wf_memories()")" "3 3 3 3 2"
check "the largest that there may be" "$(app "
  $remember(NULL, 'Large', 'large', embedding => array_fill(1::real, ARRAY[16000]));
  SELECT round(similarity::numeric, 3) FROM wf_recall(embedding => array_fill(2::real, ARRAY[16000]))" | tr '\n' '|')" "t|1.000|"
check "numbers at the edge of the type" "$(app "
  $remember(NULL, 'Huge', 'huge', embedding => '{3e38,3e38,1,1}');
  SELECT lesson, similarity IS NULL FROM wf_recall('huge', embedding => '{3e38,1,1,1}')" | tr '\n' '|')" "t|Huge|t|"

# Other tenants, and roles of one.
sql "SET wfstate.tenant = 'blue'; $remember(NULL, 'Blue north', embedding => '{0,1,0}')" >/dev/null
check "another tenant's are not found" "$(app "SELECT count(*) FROM wf_recall(embedding => '{0,1,0}') WHERE lesson ~ 'Blue'")" 0
check "a bound role finds its tenant's" \
  "$(PGOPTIONS='-c wfstate.tenant=blue' sql "SELECT lesson FROM wf_recall(embedding => '{0,1,0}')" -U bound)" "Blue north"
check "and no other's" "$(sqlstate "SELECT wf_recall(embedding => '{0,1,0}')" -U bound)" 42501

# Many: bounded work, and the nearest among them.
sql "INSERT INTO wfstate.memories (tenant, lesson_key, lesson, confidence, config, created_at, updated_at, document, embedding)
     SELECT 'many', sha256(i::text::bytea), 'number ' || i, 0.5, 'pg_catalog.simple', now(), now(), to_tsvector('simple', 'number ' || i),
            ARRAY[cos(i / 3000.0), sin(i / 3000.0)]::real[] FROM generate_series(1, 12000) AS i;
     ANALYZE wfstate.memories"
check "the nearest of many" "$(PGOPTIONS='-c wfstate.tenant=many' app "
  SELECT lesson FROM wf_recall(embedding => ARRAY[cos(5000 / 3000.0), sin(5000 / 3000.0)]::real[], max_rows => 1)")" "number 5000"
check "what is beyond the newest is found by its words" "$(PGOPTIONS='-c wfstate.tenant=many' app "
  SELECT lesson, round(similarity::numeric, 3) FROM wf_recall('1', embedding => ARRAY[cos(1 / 3000.0), sin(1 / 3000.0)]::real[], max_rows => 1)")" \
  "number 1|1.000"

# What may be somebody else's is not called, whatever it is named.
sql "CREATE ROLE stranger"
own="$(sql "SELECT oprcode::regprocedure FROM pg_operator WHERE oprname = '<=>' AND oprleft = (SELECT t.oid FROM pg_type AS t JOIN pg_depend AS d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
  JOIN pg_extension AS e ON e.oid = d.refobjid WHERE e.extname = 'vector' AND t.typname = 'vector')")"
sql "ALTER FUNCTION $own OWNER TO stranger"
check "not by a function of somebody else's" "$(sqlstate "SELECT wf_recall(embedding => '{0,1,0}')" -U wf_app)" 0A000
sql "ALTER FUNCTION $own OWNER TO postgres"
check "by the superuser's" "$(sqlstate "SELECT wf_recall(embedding => '{0,1,0}')" -U wf_app)" ""

# A dump takes the embeddings along, also to where there is no pgvector.
pg_dump -Fc -f "$WF_BASE/vectors.dump" vectors
sql 'CREATE DATABASE restored' -d postgres
pg_restore -d restored "$WF_BASE/vectors.dump"
kept="SELECT count(*), md5(string_agg(memory_id::text || embedding::text, '' ORDER BY memory_id)) FROM wfstate.memories"
check "a dump keeps them" "$(sql "$kept" -d restored)" "$(sql "$kept")"
check "and they are found there" "$(sql "SELECT lesson FROM wf_recall(embedding => '{0,0,1}', max_rows => 1)" -U wf_app -d restored)" \
  "Plain words are found"
sql 'DROP EXTENSION vector'
check "once it is gone, embeddings are refused" "$(sqlstate "SELECT wf_recall(embedding => '{0,1,0}')" -U wf_app)" 0A000
check "all else works" "$(app "SELECT lesson FROM wf_recall('north', max_rows => 1)")" "North east is between"
check "the embeddings are still there" "$(sql "$kept")" "$(sql "$kept" -d restored)"

check_log "$(node_log)"
count_done
