//! Lists, searches, and the table that serves them.

pub mod declarations;
pub mod declare;
pub mod find;
pub mod index;
pub mod list;
