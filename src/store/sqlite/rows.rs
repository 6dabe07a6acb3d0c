//! The states of a file, an execution after the other.

use super::layout::{Layout, Named, quoted};
use super::open::{Source, refused};
use crate::core::work::work_on_bytes;
use crate::core::{Code, StateError, StateResult};
use rusqlite::types::ValueRef;

/// Rows of a file.
const MAX_ROWS: i64 = 1_000_000;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// Another number.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes that are no text.
    Blob,
}

/// A row that holds a state.
pub struct Row<'r> {
    /// Its table.
    pub table: &'r str,
    /// What identifies it there: an id, or its number.
    pub source: Option<String>,
    /// Execution.
    pub id: Cell,
    /// State, as JSON text.
    pub state: Cell,
    /// When it was saved.
    pub saved_at: Cell,
    /// Step that saved it.
    pub step: Option<String>,
    /// A name for it.
    pub name: Option<String>,
    /// JSON text that goes with the name.
    pub metadata: Option<String>,
    /// Why it is no state; `None` where it is one.
    pub refusal: Option<String>,
    /// Whether the execution waits.
    pub waits: bool,
}

/// Columns, in this order: table, what identifies the row, execution, state, time, step, name, metadata, kind,
/// namespace.
const COLUMNS: usize = 10;

impl Layout<'_> {
    fn statement(&self) -> String {
        match self {
            Layout::CrewAi { feedback } => {
                let mut sql = String::from(
                    "SELECT * FROM (SELECT 'flow_states' AS t, id AS s, flow_uuid AS i, state_json, timestamp, method_name, NULL, NULL, NULL, NULL
                       FROM main.flow_states",
                );
                if *feedback {
                    sql.push_str(
                        " UNION ALL SELECT 'pending_feedback', id, flow_uuid, state_json, created_at, 'pending_feedback',
                                 'pending_feedback', context_json, NULL, NULL FROM main.pending_feedback",
                    );
                }
                // What waits comes first: its place among the others is by its time.
                sql + ") ORDER BY CAST(i AS TEXT) COLLATE BINARY, t DESC, s"
            }
            Layout::LangGraph { namespaces } => {
                let namespace = if *namespaces { "checkpoint_ns" } else { "NULL" };
                format!(
                    "SELECT 'checkpoints', checkpoint_id AS s, thread_id, checkpoint, NULL, NULL, checkpoint_id, metadata,
                            type, {namespace} AS n
                       FROM main.checkpoints
                      ORDER BY CAST(thread_id AS TEXT) COLLATE BINARY, CAST(n AS TEXT) COLLATE BINARY, s"
                )
            }
            Layout::Table { named, numbered } => table(named, *numbered),
        }
    }

    fn tables(&self) -> Vec<&str> {
        match self {
            Layout::CrewAi { feedback: true } => vec!["flow_states", "pending_feedback"],
            Layout::CrewAi { .. } => vec!["flow_states"],
            Layout::LangGraph { .. } => vec!["checkpoints"],
            Layout::Table { named, .. } => vec![named.table],
        }
    }
}

fn table(named: &Named<'_>, numbered: Option<&str>) -> String {
    let number = numbered.unwrap_or("NULL");
    let column = |name: Option<&str>| name.map_or_else(|| String::from("NULL"), quoted);
    let (id, state) = (quoted(named.id), quoted(named.state));
    let saved_at = column(named.saved_at);
    let mut sql = format!(
        "SELECT NULL, {number}, {id}, {state}, {saved_at}, NULL, NULL, NULL, NULL, NULL FROM main.{}
          ORDER BY CAST({id} AS TEXT) COLLATE BINARY",
        quoted(named.table)
    );
    if let Some(order) = named.order {
        sql = format!("{sql}, {}", quoted(order));
    }
    if let Some(number) = numbered {
        sql = format!("{sql}, {number}");
    }
    sql
}

impl Source {
    /// Reads the states; those of an execution come one after the other, in their order.
    pub fn each<'l>(
        &self,
        layout: &'l Layout<'_>,
        mut each: impl FnMut(Row<'l>) -> StateResult<()>,
    ) -> StateResult<()> {
        self.check_count(layout)?;
        let mut statement = self
            .connection
            .prepare(&layout.statement())
            .map_err(refused)?;
        let mut rows = statement.query([]).map_err(refused)?;
        while let Some(row) = rows.next().map_err(refused)? {
            let mut cells = Vec::with_capacity(COLUMNS);
            for column in 0..COLUMNS {
                cells.push(cell(row.get_ref(column).map_err(refused)?, layout, column));
            }
            each(read(cells, layout))?;
        }
        Ok(())
    }

    fn check_count(&self, layout: &Layout<'_>) -> StateResult<()> {
        let mut count = 0;
        for table in layout.tables() {
            let sql = format!("SELECT count(*) FROM main.{}", quoted(table));
            let rows: i64 = self
                .connection
                .query_row(&sql, [], |row| row.get(0))
                .map_err(refused)?;
            count += rows;
        }
        if count <= MAX_ROWS {
            return Ok(());
        }
        Err(
            StateError::new(Code::LimitExceeded, "file has too many rows")
                .detail(format!("It has {count}, but at most {MAX_ROWS} are read."))
                .hint("Split it by execution."),
        )
    }
}

/// LangGraph keeps its JSON as bytes. A text of SQLite's may hold a null byte, which none of the server's does.
fn cell(value: ValueRef<'_>, layout: &Layout<'_>, column: usize) -> Cell {
    let text = |bytes: &[u8]| {
        work_on_bytes(bytes.len());
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Cell::Text(text.to_owned()),
            _ => Cell::Blob,
        }
    };
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Real(number),
        ValueRef::Text(bytes) => text(bytes),
        ValueRef::Blob(bytes) => match layout {
            Layout::LangGraph { .. } if matches!(column, 3 | 7) => text(bytes),
            _ => Cell::Blob,
        },
    }
}

fn read<'r>(cells: Vec<Cell>, layout: &'r Layout<'_>) -> Row<'r> {
    let mut cells = cells.into_iter();
    let mut next = || cells.next().unwrap_or(Cell::Null);
    let table = match (next(), layout) {
        (_, Layout::Table { named, .. }) => named.table,
        (Cell::Text(table), Layout::CrewAi { .. }) if table == "pending_feedback" => {
            "pending_feedback"
        }
        (_, Layout::CrewAi { .. }) => "flow_states",
        (_, Layout::LangGraph { .. }) => "checkpoints",
    };
    let (source, id, state, saved_at) = (as_text(next()), next(), next(), next());
    let (step, name, metadata, kind) = (as_text(next()), as_text(next()), as_text(next()), next());
    let id = match layout {
        Layout::LangGraph { .. } => thread(id, as_text(next()).as_deref()),
        _ => id,
    };
    let refusal = match (layout, &kind) {
        (Layout::LangGraph { .. }, Cell::Text(kind)) if kind == "json" => None,
        (Layout::LangGraph { .. }, _) => Some(String::from("its values are not JSON")),
        _ => None,
    };
    Row {
        waits: table == "pending_feedback",
        table,
        source,
        id,
        state,
        saved_at,
        step,
        name,
        metadata,
        refusal,
    }
}

fn as_text(cell: Cell) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text),
        Cell::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The id of a thread in a namespace. No other thread and namespace have the same, as the thread's part has no slash:
/// its own are written as in an address.
fn thread(id: Cell, namespace: Option<&str>) -> Cell {
    let Some(id) = as_text(id.clone()) else {
        return id;
    };
    // Without an id, a row names no execution, whatever its namespace.
    if id.is_empty() {
        return Cell::Null;
    }
    let id = id.replace('%', "%25").replace('/', "%2F");
    Cell::Text(match namespace {
        Some(namespace) if !namespace.is_empty() => format!("{id}/{namespace}"),
        _ => id,
    })
}
