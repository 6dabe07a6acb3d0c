//! Which tables a file has, and what they are.

use super::open::{Source, refused};
use crate::core::{Code, StateError, StateResult, limits};
use std::collections::{BTreeMap, BTreeSet};

/// A table that the caller names.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// Table.
    pub table: &'a str,
    /// Column with the id of an execution.
    pub id: &'a str,
    /// Column with a state, as JSON text.
    pub state: &'a str,
    /// Column that the states of an execution are ordered by; the order of the rows where there is none.
    pub order: Option<&'a str>,
    /// Column that tells when a state was saved.
    pub saved_at: Option<&'a str>,
}

/// What the states of a file are.
#[derive(Debug, Clone, Copy)]
pub enum Layout<'a> {
    /// The flow store of CrewAI; whether it has flows that wait for feedback.
    CrewAi {
        /// Whether the table of pending feedback is there.
        feedback: bool,
    },
    /// The checkpoints of LangGraph; whether threads have namespaces.
    LangGraph {
        /// Whether there is a column for them.
        namespaces: bool,
    },
    /// A table of the caller's own.
    Table {
        /// Which.
        named: Named<'a>,
        /// What the number of its rows is called, where they have one.
        numbered: Option<&'static str>,
    },
}

/// Tables that a file may have to be looked at, and their columns.
const MOST_TABLES: usize = 10_000;

type Tables = BTreeMap<String, BTreeSet<String>>;

impl Source {
    /// Ordinary tables with their columns; neither views nor virtual tables.
    fn tables(&self) -> StateResult<Tables> {
        let mut statement = self
            .connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0")
            .map_err(refused)?;
        let mut rows = statement.query([]).map_err(refused)?;
        let mut tables = Tables::new();
        while let Some(row) = rows.next().map_err(refused)? {
            // A name that is no text is no table that anybody asks for.
            if let Ok(name) = row.get::<_, String>(0) {
                tables.insert(name, BTreeSet::new());
            }
            if tables.len() > MOST_TABLES {
                return Err(StateError::new(
                    Code::LimitExceeded,
                    "file has too many tables",
                ));
            }
        }
        Ok(tables)
    }

    fn columns(&self, table: &str) -> StateResult<BTreeSet<String>> {
        let statement = self
            .connection
            .prepare(&format!("SELECT * FROM main.{} LIMIT 0", quoted(table)))
            .map_err(refused)?;
        Ok(statement
            .column_names()
            .map(str::to_ascii_lowercase)
            .collect())
    }

    /// Recognises what the file is; what the caller names comes first.
    pub fn layout<'a>(&self, named: Option<Named<'a>>) -> StateResult<Layout<'a>> {
        let tables = self.tables()?;
        if let Some(named) = named {
            return self.named(&tables, named);
        }
        let has = |table: &str, wanted: &[&str]| -> StateResult<bool> {
            if !tables.contains_key(table) {
                return Ok(false);
            }
            let columns = self.columns(table)?;
            Ok(wanted.iter().all(|column| columns.contains(*column)))
        };
        let flows = ["id", "flow_uuid", "method_name", "timestamp", "state_json"];
        if has("flow_states", &flows)? {
            let waiting = [
                "id",
                "flow_uuid",
                "context_json",
                "state_json",
                "created_at",
            ];
            let feedback = has("pending_feedback", &waiting)?;
            return Ok(Layout::CrewAi { feedback });
        }
        let checkpoints = [
            "thread_id",
            "checkpoint",
            "metadata",
            "type",
            "checkpoint_id",
        ];
        if has("checkpoints", &checkpoints)? {
            let namespaces = has("checkpoints", &["checkpoint_ns"])?;
            return Ok(Layout::LangGraph { namespaces });
        }
        Err(StateError::invalid("file is no store that is known")
            .detail(listed("tables", tables.keys()))
            .hint("Name the table and its columns of ids and of states: table_name, id_column, state_column."))
    }

    fn named<'a>(&self, tables: &Tables, named: Named<'a>) -> StateResult<Layout<'a>> {
        if !tables.contains_key(named.table) {
            return Err(StateError::invalid(format!(
                "file has no table {}",
                limits::quoted(named.table)
            ))
            .detail(listed("tables", tables.keys()))
            .hint("Views and virtual tables are not read."));
        }
        let columns = self.columns(named.table)?;
        let wanted = [
            Some(named.id),
            Some(named.state),
            named.order,
            named.saved_at,
        ];
        for column in wanted.into_iter().flatten() {
            if !columns.contains(&column.to_ascii_lowercase()) {
                return Err(StateError::invalid(format!(
                    "table {} has no column {}",
                    limits::quoted(named.table),
                    limits::quoted(column)
                ))
                .detail(listed("columns", columns.iter())));
            }
        }
        // A column of the name hides it.
        let numbered = ["rowid", "_rowid_", "oid"].into_iter().find(|name| {
            let read = format!("SELECT {name} FROM main.{} LIMIT 0", quoted(named.table));
            !columns.contains(*name) && self.connection.prepare(&read).is_ok()
        });
        Ok(Layout::Table { named, numbered })
    }
}

/// What there is instead of what was asked for: the first few.
fn listed<'n>(what: &str, names: impl ExactSizeIterator<Item = &'n String>) -> String {
    const TOLD: usize = 20;
    let more = names.len().saturating_sub(TOLD);
    let told: Vec<String> = names.take(TOLD).map(|name| limits::quoted(name)).collect();
    match (told.is_empty(), more) {
        (true, _) => format!("It has no {what}."),
        (false, 0) => format!("It has the {what} {}.", told.join(", ")),
        (false, more) => format!("It has the {what} {} and {more} more.", told.join(", ")),
    }
}

/// A name as SQLite takes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
