//! A file, opened in memory.

use crate::core::{Code, StateError, StateResult, limits};
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

/// Bytes of a file.
const MAX_FILE: usize = 256 << 20;
/// Bytes that SQLite may take besides the largest file, for sorting most of all. It keeps no file.
const WORKSPACE: usize = 256 << 20;
/// Steps of its machine between two looks whether to stop.
const STEPS: i32 = 10_000;

/// A file that is open.
pub struct Source {
    pub(super) connection: Connection,
}

/// What SQLite says, as a refusal. It quotes names, but no values.
pub(super) fn refused(error: rusqlite::Error) -> StateError {
    let (code, why) = match &error {
        rusqlite::Error::SqliteFailure(failure, message) => {
            let why = message.clone().unwrap_or_else(|| failure.to_string());
            (Some(failure.code), why)
        }
        other => (None, other.to_string()),
    };
    match code {
        Some(ErrorCode::OutOfMemory) => {
            return StateError::new(Code::LimitExceeded, "file takes too much memory to read")
                .detail(format!(
                    "SQLite may take {} MB, with the file.",
                    (MAX_FILE + WORKSPACE) >> 20
                ));
        }
        Some(ErrorCode::TooBig) => {
            return StateError::new(Code::LimitExceeded, "file has a value that is too large")
                .detail(format!("A value may have {} MB.", MAX_FILE >> 20));
        }
        _ => {}
    }
    StateError::invalid("file cannot be read as a SQLite database")
        .detail(format!("SQLite says: {}.", one_line(&why)))
        .hint("Send the whole file, after PRAGMA wal_checkpoint(TRUNCATE) where it has a write-ahead log.")
}

fn one_line(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(200).collect()
}

/// What `allowed` does, and the check of the file.
fn checking(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Pragma {
            pragma_name: "quick_check",
            ..
        } => Authorization::Allow,
        _ => allowed(context),
    }
}

/// Reads of tables, and counting.
fn allowed(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Read { .. } => Authorization::Allow,
        AuthAction::Function {
            function_name: "count",
        } => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

impl Source {
    /// Opens a file; `stop` tells whether to give up, and is asked now and then.
    pub fn open(file: &[u8], stop: fn() -> bool) -> StateResult<Self> {
        if file.len() > MAX_FILE {
            return Err(limits::too_large("file", file.len(), MAX_FILE));
        }
        if !file.starts_with(b"SQLite format 3\0") || file.len() < 100 {
            return Err(StateError::invalid("file is not a SQLite database")
                .detail("It does not begin as one.")
                .hint("Send the bytes of the database file."));
        }
        let mut source = Self::opened(file, stop).map_err(refused)?;
        source.check_columns()?;
        let authorized = source.connection.authorizer(Some(checking));
        authorized.map_err(refused)?;
        source.check()?;
        let authorized = source.connection.authorizer(Some(allowed));
        authorized.map_err(refused)?;
        Ok(source)
    }

    /// What a column is made of would be worked out by functions of the file's choice, one of which may take hours,
    /// and no step of SQLite's ends before it does.
    fn check_columns(&self) -> StateResult<()> {
        let generated: Option<String> = self
            .connection
            .query_row(
                "SELECT s.name FROM sqlite_schema AS s, pragma_table_xinfo(s.name) AS c
                  WHERE s.type = 'table' AND c.hidden IN (2, 3) LIMIT 1",
                [],
                |row| row.get(0),
            )
            .optional()
            .map_err(refused)?;
        match generated {
            None => Ok(()),
            Some(table) => Err(StateError::invalid(format!(
                "table {} has generated columns",
                limits::quoted(&table)
            ))
            .hint("Copy the file, and its tables into tables without them.")),
        }
    }

    /// Pages that are missing or damaged could be read as rows that nobody wrote.
    fn check(&self) -> StateResult<()> {
        let sound: String = self
            .connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(refused)?;
        if sound == "ok" {
            return Ok(());
        }
        Err(StateError::invalid("file is damaged")
            .detail(format!("SQLite says: {}.", one_line(&sound)))
            .hint("Send the whole file, or repair it with the command .recover of sqlite3."))
    }

    fn opened(file: &[u8], stop: fn() -> bool) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_in_memory_with_flags(flags)?;
        // Of the session, and never raised again: the same for every file.
        connection.pragma_update(None, "hard_heap_limit", (MAX_FILE + WORKSPACE) as i64)?;
        connection.pragma_update(None, "temp_store", "memory")?;
        // Nothing of the file's own is to run, conditions of its tables included.
        connection.pragma_update(None, "ignore_check_constraints", true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_FILE as i32)?;
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        connection.progress_handler(STEPS, Some(stop))?;
        // A log that is kept beside the file cannot be there: as a file that has none.
        let versions: [u8; 2] = [1, 1];
        let (head, tail) = file.split_at(18);
        let parts = std::io::Read::chain(head, &versions[..]);
        let whole = std::io::Read::chain(parts, tail.get(2..).unwrap_or_default());
        connection.deserialize_read_exact("main", whole, file.len(), true)?;
        Ok(Source { connection })
    }
}
