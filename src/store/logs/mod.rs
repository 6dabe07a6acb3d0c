//! Logs, and the removal of what executions have logged and measured.

use crate::core::StateResult;
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Statement, Type};
use crate::store::{Key, key_params};

pub mod list;
pub mod write;

static FORGET: Statement = Statement::new(
    "WITH lines AS (
  DELETE FROM wfstate.logs AS l WHERE l.tenant {=} $1 AND l.execution_id {=} $2
)
DELETE FROM wfstate.metrics AS m WHERE m.tenant {=} $1 AND m.execution_id {=} $2",
    &[Type::Text, Type::Text],
);

/// Removes the lines and measurements of an execution.
pub fn forget(key: Key<'_>) -> StateResult<()> {
    as_owner(|| FORGET.run(Mode::Latest, &key_params(key)))?;
    Ok(())
}
