//! `wf_remember`: a lesson is there once, and grows stronger.

use crate::core::StateResult;
use crate::core::agents::lesson;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::memories::{similar, words};

/// A lesson as it is to be remembered.
pub struct Lesson<'a> {
    /// In what situation.
    pub context: Option<&'a str>,
    /// What was learned.
    pub lesson: &'a str,
    /// Tool that it is about.
    pub tool_name: Option<&'a str>,
    /// How sure it is.
    pub confidence: f64,
    /// Tags.
    pub tags: Option<&'a [u8]>,
    /// The memory as a vector.
    pub embedding: Option<Vec<f32>>,
    /// Text-search configuration.
    pub config: Option<&'a str>,
    /// When it was, in the server's microseconds.
    pub remembered_at: Option<i64>,
}

static REMEMBER: Statement = Statement::new(
    "INSERT INTO wfstate.memories AS m (tenant, lesson_key, context, lesson, tool_name, confidence, tags, embedding,
                                        config, created_at, updated_at, document)
     SELECT $1, pg_catalog.sha256(pg_catalog.convert_to($2, 'UTF8')), $3, $4, $5, $6, $7, $8, $9, t.at, t.at,
            pg_catalog.setweight(pg_catalog.to_tsvector($9::pg_catalog.regconfig, $11), 'A')
            {||} pg_catalog.setweight(pg_catalog.to_tsvector($9::pg_catalog.regconfig, coalesce($12, '')), 'B')
       FROM (SELECT coalesce($10, pg_catalog.clock_timestamp()) AS at) AS t
     ON CONFLICT (tenant, lesson_key) DO UPDATE
        SET confidence = m.confidence {+} ((1::pg_catalog.float8 {-} m.confidence) {*} excluded.confidence {*} 0.5::pg_catalog.float8),
            times = m.times {+} 1, updated_at = greatest(m.updated_at, excluded.updated_at),
            context = coalesce(excluded.context, m.context),
            config = CASE WHEN excluded.context IS NULL THEN m.config ELSE excluded.config END,
            document = CASE WHEN excluded.context IS NULL THEN m.document ELSE excluded.document END,
            tags = coalesce(excluded.tags, m.tags), embedding = coalesce(excluded.embedding, m.embedding)
     RETURNING m.memory_id, m.confidence, m.times",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Float8,
        Type::Jsonb,
        Type::Float4Array,
        Type::Text,
        Type::Timestamptz,
        Type::Text,
        Type::Text,
    ],
);

/// Remembers a lesson; gives `each` its memory.
pub fn remember(
    tenant: &str,
    lesson: &Lesson<'_>,
    mut each: impl FnMut(&Row<'_>),
) -> StateResult<()> {
    if lesson.embedding.is_some() {
        similar::check()?;
    }
    let config = words::config(lesson.config)?;
    let key = lesson::key(lesson.tool_name, lesson.lesson);
    let words = lesson::searchable(lesson.lesson);
    let context_words = lesson.context.map(lesson::searchable);
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(Some(&key)),
        Param::Text(lesson.context),
        Param::Text(Some(lesson.lesson)),
        Param::Text(lesson.tool_name),
        Param::Float8(Some(lesson.confidence)),
        Param::Jsonb(lesson.tags),
        Param::Float4Array(lesson.embedding.as_deref()),
        Param::Text(Some(&config)),
        Param::Timestamptz(lesson.remembered_at),
        Param::Text(Some(&words)),
        Param::Text(context_words.as_deref()),
    ];
    REMEMBER.each(Mode::Write, &params, |row| {
        each(row);
        Ok(())
    })?;
    Ok(())
}
