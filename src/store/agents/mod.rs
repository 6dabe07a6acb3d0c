//! Sessions, and what agents write down in them.

pub mod session_list;
pub mod sessions;
pub mod thoughts;
pub mod todo_lists;

use crate::core::StateResult;
use crate::pg::spi::{Mode, Statement, Type};
use crate::store::{Key, key_params};

static DELETE: Statement = Statement::new(
    "WITH session AS (
  DELETE FROM wfstate.sessions AS s WHERE s.tenant {=} $1 AND s.execution_id {=} $2
), list AS (
  DELETE FROM wfstate.todo_lists AS l WHERE l.tenant {=} $1 AND l.execution_id {=} $2
)
DELETE FROM wfstate.thoughts AS t WHERE t.tenant {=} $1 AND t.execution_id {=} $2",
    &[Type::Text, Type::Text],
);

/// Removes what agents have written down in a locked execution.
pub fn delete(key: Key<'_>) -> StateResult<()> {
    DELETE.run(Mode::Latest, &key_params(key))?;
    Ok(())
}
