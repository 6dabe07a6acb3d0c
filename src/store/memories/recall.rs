//! `wf_recall`: candidates by index, within bounds, and then the best of them.

use crate::core::StateResult;
use crate::core::agents::lesson::{any_of, quoted, scoped};
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::memories::similar::{self, Candidate};
use crate::store::memories::words;

/// What is looked for.
pub struct Query<'a> {
    /// In plain language.
    pub query: Option<&'a str>,
    /// Only about this tool.
    pub tool_name: Option<&'a str>,
    /// Only as sure as that.
    pub min_confidence: f64,
    /// Only whose tags contain these.
    pub tags: Option<&'a [u8]>,
    /// Near to this.
    pub embedding: Option<Vec<f32>>,
    /// Text-search configuration of the query.
    pub config: Option<&'a str>,
    /// Most memories.
    pub max_rows: i64,
}

/// The surest, in order.
static SUREST: Statement = Statement::planned_each_time(
    "SELECT m.memory_id FROM wfstate.memories AS m
      WHERE m.tenant {=} $1 AND ($2 IS NULL OR m.tool_name {=} $2) AND m.confidence {>=} $3
      ORDER BY m.confidence DESC, m.memory_id DESC LIMIT $4",
    &[Type::Text, Type::Text, Type::Float8, Type::Int8],
);

/// The words of a memory as memories_words_idx has them.
macro_rules! words {
    () => {
        "wfstate.scoped_words(m.tenant, coalesce(m.tool_name::pg_catalog.text, ''),
                              pg_catalog.tsvector_to_array(m.document))"
    };
}
/// Memories that have a word, from two sources that give no more than is ranked; what the index has of a word is gone
/// through whole. The surest memories are read through; the index
/// gives those that have a word which is not common among the surest, some of each. A common word leads to so many
/// that nobody wants but the surest of them, and its list in the index is as long as the table.
/// Without its positions a document is small, and not fetched from TOAST again for each word.
/// Neither array nor tsquery operators are leakproof, so that below row-level security no index would serve them: runs
/// as the owner, with the tenant that the caller was found to be allowed. What has a word is collected before it is
/// limited, or the planner would rather read through the table and hope to meet it soon.
static WITH_WORDS: Statement = Statement::planned_each_time(
    concat!(
        "WITH surest AS MATERIALIZED (
  SELECT m.memory_id, pg_catalog.strip(m.document) AS document FROM wfstate.memories AS m
   WHERE m.tenant {=} $1 AND ($2 IS NULL OR m.tool_name {=} $2) AND m.confidence {>=} $3
   ORDER BY m.confidence DESC, m.memory_id DESC LIMIT 500
), rarer AS MATERIALIZED (
  SELECT q.word FROM (SELECT u.word, u.query::pg_catalog.tsquery FROM unnest($4, $5) AS u (word, query) OFFSET 0) AS q
   WHERE 50 {>} (SELECT pg_catalog.count(*) FROM surest AS s WHERE s.document {@@} q.query)
)
SELECT s.memory_id FROM surest AS s WHERE s.document {@@} $6::pg_catalog.tsquery
UNION
SELECT f.memory_id FROM rarer AS r CROSS JOIN LATERAL (
  WITH matching AS MATERIALIZED (
    SELECT m.memory_id, m.confidence FROM wfstate.memories AS m WHERE ",
        words!(),
        " {&&} ARRAY[r.word]
  )
  SELECT t.memory_id FROM matching AS t WHERE t.confidence {>=} $3 LIMIT $7
) AS f"
    ),
    &[
        Type::Text,
        Type::Text,
        Type::Float8,
        Type::TextArray,
        Type::TextArray,
        Type::Text,
        Type::Int8,
    ],
);
/// The same for memories that have tags.
static WITH_TAGS: Statement = Statement::planned_each_time(
    concat!(
        "WITH matching AS MATERIALIZED (
  SELECT m.memory_id, m.confidence FROM wfstate.memories AS m
   WHERE m.tags IS NOT NULL AND wfstate.scoped(m.tenant, m.tags) {@>} wfstate.scoped($1, $2)
     AND ($3 IS NULL OR ",
        words!(),
        " {&&} $3) AND ($4 IS NULL OR m.tool_name {=} $4)
)
SELECT t.memory_id FROM matching AS t WHERE t.confidence {>=} $5 LIMIT 5000"
    ),
    &[
        Type::Text,
        Type::Jsonb,
        Type::TextArray,
        Type::Text,
        Type::Float8,
    ],
);

/// The best of the candidates, read as the caller. The tsquery is read once, not for each of them.
static RANKED: Statement = Statement::new(
    "SELECT m.memory_id, CASE WHEN $4 IS NULL AND NOT $8 THEN m.confidence
              ELSE (coalesce(m.found, 0) {+} greatest(coalesce(c.similarity, 0), 0))
                   {*} (1::pg_catalog.float8 {+} m.confidence) {*} 0.5::pg_catalog.float8 END AS rank,
            c.similarity, m.context, m.lesson, m.tool_name, m.confidence, m.times, m.tags, m.created_at, m.updated_at
       FROM unnest($2, $3) AS c (memory_id, similarity)
      CROSS JOIN LATERAL (
        SELECT o.memory_id, o.context, o.lesson, o.tool_name, o.confidence, o.times, o.tags, o.created_at, o.updated_at,
               pg_catalog.ts_rank('{0.1,0.2,0.4,1}'::pg_catalog.float4[], o.document, (SELECT $4::pg_catalog.tsquery))
                   ::pg_catalog.float8 AS found
          FROM wfstate.memories AS o
         WHERE o.tenant {=} $1 AND o.memory_id {=} c.memory_id AND o.confidence {>=} $5
           AND ($6 IS NULL OR o.tool_name {=} $6) AND ($7 IS NULL OR o.tags {@>} $7)
        OFFSET 0) AS m
      ORDER BY rank DESC, m.memory_id DESC LIMIT $9",
    &[
        Type::Text,
        Type::Int8Array,
        Type::Float8Array,
        Type::Text,
        Type::Float8,
        Type::Text,
        Type::Jsonb,
        Type::Bool,
        Type::Int8,
    ],
);

/// Gives `each` the best memories.
pub fn recall(tenant: &str, query: &Query<'_>, mut each: impl FnMut(&Row<'_>)) -> StateResult<()> {
    if query.embedding.is_some() {
        similar::check()?;
    }
    let config = words::config(query.config)?;
    let lexemes = match query.query {
        Some(text) => Some(words::lexemes(&config, text)?),
        None => None,
    };
    let candidates = candidates(tenant, query, lexemes.as_deref())?;
    let candidates: Vec<Candidate> = match &query.embedding {
        Some(embedding) => similar::with_similar(tenant, embedding, query.tool_name, candidates)?,
        None => candidates.into_iter().map(|id| (id, None)).collect(),
    };
    let (ids, similarities): (Vec<_>, Vec<_>) = candidates.into_iter().unzip();
    let any = lexemes
        .filter(|lexemes| !lexemes.is_empty())
        .map(|lexemes| any_of(&lexemes));
    let params = [
        Param::Text(Some(tenant)),
        Param::Int8Array(&ids),
        Param::Float8Array(&similarities),
        Param::Text(any.as_deref()),
        Param::Float8(Some(query.min_confidence)),
        Param::Text(query.tool_name),
        Param::Jsonb(query.tags),
        Param::Bool(Some(query.embedding.is_some())),
        Param::Int8(Some(query.max_rows)),
    ];
    RANKED.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
    Ok(())
}

/// How many memories of each of so many words are ranked: of few words 200, of all about a thousand.
fn of_each(words: usize) -> i64 {
    let share = 1000 / words.max(1);
    i64::try_from(share.clamp(30, 200)).unwrap_or(200)
}

/// The memories that are ranked; no more than numbers comes from below row-level security.
fn candidates(
    tenant: &str,
    query: &Query<'_>,
    lexemes: Option<&[String]>,
) -> StateResult<Vec<Option<i64>>> {
    let tool = query.tool_name.unwrap_or_default();
    let keys: Option<Vec<String>> = lexemes.map(|lexemes| {
        let keys = lexemes.iter().map(|lexeme| scoped(tenant, tool, lexeme));
        keys.collect()
    });
    let id = |row: &Row<'_>| Ok(row.int8(0));
    let confidence = Param::Float8(Some(query.min_confidence));
    let [tenant, tool] = [Param::Text(Some(tenant)), Param::Text(query.tool_name)];
    match (lexemes, &query.tags) {
        // Nothing that could be found by words.
        (Some([]), _) => Ok(Vec::new()),
        (_, Some(tags)) => {
            let (tags, keys) = (Param::Jsonb(Some(tags)), Param::TextArray(keys.as_deref()));
            let params = [tenant, tags, keys, tool, confidence];
            as_owner(|| WITH_TAGS.all(Mode::Read, &params, id))
        }
        (Some(lexemes), None) => {
            let queries: Vec<String> = lexemes.iter().map(|lexeme| quoted(lexeme)).collect();
            let any = any_of(lexemes);
            let params = [
                tenant,
                tool,
                confidence,
                Param::TextArray(keys.as_deref()),
                Param::TextArray(Some(&queries)),
                Param::Text(Some(&any)),
                Param::Int8(Some(of_each(lexemes.len()))),
            ];
            as_owner(|| WITH_WORDS.all(Mode::Read, &params, id))
        }
        // An embedding says what is wanted, or else confidence.
        (None, None) if query.embedding.is_some() => Ok(Vec::new()),
        (None, None) => {
            let params = [tenant, tool, confidence, Param::Int8(Some(query.max_rows))];
            SUREST.all(Mode::Read, &params, id)
        }
    }
}
