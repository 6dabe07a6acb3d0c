//! Definitions of workflows: which states an execution may have, and which ways it may go.
//!
//! `definition.schema.json` describes the document, [`findings()`] tells what is wrong with one, [`Definition`] is one
//! made ready for checking.

mod compile;
mod definition_checks;
mod findings;
mod format;
mod graph;
mod members;
mod message;
mod outline;
mod patterns;
mod reads;
mod references;
mod repair;
mod schema;
mod split;
mod ticking;
mod touches;
mod violations;

pub use compile::Definition;
pub use findings::findings;
pub use format::{Retry, Step};
pub use outline::{Outline, OutlineStep, outline};
pub use repair::{Mend, mends};
pub use violations::{Finding, Violations};

use super::StateResult;

/// What SQL/JSON paths and intervals need the server for.
pub trait PathCompiler {
    /// Compiles a path; what is wrong with it is for its author.
    fn compile(&self, text: &str) -> StateResult<Result<Predicate, String>>;

    /// Whether the text is an interval.
    fn is_interval(&self, text: &str) -> StateResult<bool>;
}

/// A SQL/JSON path ready to be evaluated.
pub struct Predicate {
    /// The path as the server writes it: keys quoted, nothing left out.
    pub canonical: String,
    /// Whether it is true of a state; `None` where it is no predicate, or cannot be evaluated.
    pub holds: Holds,
}

/// Evaluates a path on a state.
pub type Holds = Box<dyn Fn(&[u8]) -> StateResult<Option<bool>>>;

/// The published JSON Schema of the document.
pub const FORMAT: &str = include_str!("definition.schema.json");
