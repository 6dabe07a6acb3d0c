//! `wf_verify_all`: all executions of a tenant, page by page.

use crate::core::{Code, StateResult};
use crate::pg::damage::attempt;
use crate::pg::interrupts;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::history::verify::{Report, verify};

static NEXT: Statement = Statement::new(
    "SELECT e.execution_id FROM wfstate.executions AS e
      WHERE e.tenant {=} $1 AND e.execution_id {>} $2 ORDER BY e.execution_id LIMIT $3",
    &[Type::Text, Type::Text, Type::Int8],
);

/// Executions whose ids are read at a time.
const BATCH: i64 = 100;

/// Verifies a page of executions by id; `each` gets what was found of each. Damage of one does not keep it from the
/// next.
pub fn verify_all(
    tenant: &str,
    after: Option<&str>,
    max_rows: i64,
    mut each: impl FnMut(&str, Report),
) -> StateResult<()> {
    let mut last = after.unwrap_or_default().to_owned();
    let mut left = max_rows;
    while left > 0 {
        let params = [
            Param::Text(Some(tenant)),
            Param::Text(Some(&last)),
            Param::Int8(Some(left.min(BATCH))),
        ];
        let ids = NEXT.all(Mode::Read, &params, |row| {
            Ok(row.text(0).unwrap_or_default())
        })?;
        let Some(newest) = ids.last() else { break };
        last.clone_from(newest);
        for id in &ids {
            interrupts::check();
            left -= 1;
            each(id, report(Key { tenant, id })?);
        }
    }
    Ok(())
}

/// What is found of an execution, whatever of it cannot be read.
fn report(key: Key<'_>) -> StateResult<Report> {
    match attempt(|| verify(key)) {
        Ok(Ok(report)) => Ok(report),
        Ok(Err(problem)) => Ok(unread(problem)),
        Err(error) if error.code == Code::CorruptState => {
            Ok(unread(error.detail.unwrap_or(error.message)))
        }
        Err(error) => Err(error),
    }
}

fn unread(problem: String) -> Report {
    Report {
        problem: Some(problem),
        ..Report::default()
    }
}
