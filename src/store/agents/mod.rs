//! Sessions, and what agents write down in them.

pub mod session_list;
pub mod sessions;
pub mod thoughts;
pub mod todo_lists;
