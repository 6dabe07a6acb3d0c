//! Definitions of workflows: stored in numbered versions, compiled once a session, and held against whatever is to
//! be appended to an execution that is bound to one.

pub mod bind;
pub mod cache;
pub mod check;
pub mod define;
pub mod documents;
pub mod list;
mod moves;
pub mod rebind;
pub mod transition;
pub mod workflows;
