//! The words of a text, as a text-search configuration has them.

use crate::core::agents::lesson::{MAX_WORDS, searchable};
use crate::core::{StateError, StateResult};
use crate::pg::spi::{Mode, Param, Statement, Type};

static CONFIG: Statement = Statement::new(
    "SELECT pg_catalog.concat(pg_catalog.quote_ident(n.nspname), '.', pg_catalog.quote_ident(c.cfgname))
       FROM pg_catalog.pg_ts_config AS c JOIN pg_catalog.pg_namespace AS n ON n.oid {=} c.cfgnamespace
      WHERE c.oid {=} coalesce($1::pg_catalog.regconfig, pg_catalog.get_current_ts_config())::pg_catalog.oid",
    &[Type::Text],
);

/// A configuration with its schema; by default the session's. The server refuses one that does not exist.
pub(super) fn config(name: Option<&str>) -> StateResult<String> {
    let found = CONFIG.one(Mode::Read, &[Param::Text(name)], |row| Ok(row.text(0)))?;
    // A number is a configuration to the server, whether there is one or not.
    found
        .flatten()
        .ok_or_else(|| StateError::invalid("config is not a text-search configuration"))
}

static LEXEMES: Statement = Statement::new(
    "SELECT u.lexeme FROM pg_catalog.unnest(pg_catalog.to_tsvector($1::pg_catalog.regconfig, $2)) AS u
      ORDER BY u.positions[1] LIMIT $3",
    &[Type::Text, Type::Text, Type::Int8],
);

/// The first lexemes of a text.
pub(super) fn lexemes(config: &str, text: &str) -> StateResult<Vec<String>> {
    let text = searchable(text);
    let params = [
        Param::Text(Some(config)),
        Param::Text(Some(&text)),
        Param::Int8(i64::try_from(MAX_WORDS).ok()),
    ];
    LEXEMES.all(Mode::Read, &params, |row| {
        Ok(row.text(0).unwrap_or_default())
    })
}
